//! Accounts, and units moved by decree.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Control;
use super::body::{self, Answer, Body, Refusal};
use crate::ledger::change::{AccountPatch, AccountUpdate, Change, Move, NewAccount, Outcome};
use crate::ledger::ids::EntityId;

/// `POST /v1/accounts`
pub(super) async fn create(
    State(control): State<Control>,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    match control.world.change(&Change::CreateAccount(new))? {
        Outcome::Created(id) => Ok((StatusCode::CREATED, Json(show(&control, id)?))),
        Outcome::Done(_) | Outcome::Consensus(_) => Err(Refusal::fault("no account was created".to_owned())),
    }
}

/// `GET /v1/accounts/{id}`
pub(super) async fn get(State(control): State<Control>, Path(id): Path<String>) -> Answer {
    let id = body::account(&control.world.read(), &id)?;
    show(&control, id).map(Json)
}

/// `PATCH /v1/accounts/{id}`
pub(super) async fn update(
    State(control): State<Control>,
    Path(id): Path<String>,
    Body(patch): Body<AccountPatch>,
) -> Answer {
    let account = body::account(&control.world.read(), &id)?;
    control.world.change(&Change::UpdateAccount(AccountUpdate { account, patch }))?;
    show(&control, account).map(Json)
}

/// `POST /v1/moves`
pub(super) async fn move_units(State(control): State<Control>, Body(order): Body<Move>) -> Answer {
    control.world.change(&Change::Move(order))?;
    Ok(Json(json!({})))
}

fn show(control: &Control, id: EntityId) -> Result<Value, Refusal> {
    let ledger = control.world.read();
    let account =
        ledger.account(id.0).ok_or_else(|| Refusal::not_found(format!("there is no account {id}")))?;
    let held = ledger.tokens().values().filter_map(|token| Some((token.number, token.holding(id.0)?)));
    let tokens: Vec<_> = held
        .map(|(token, holding)| {
            json!({
                "token_id": EntityId(token),
                "units": holding.balance.to_string(),
                "frozen": holding.frozen,
                "kyc": holding.kyc,
                "automatic": holding.automatic,
            })
        })
        .collect();
    Ok(json!({
        "account_id": id,
        "evm_address": format!("0x{}", account.evm_address()),
        "key": account.key,
        "tinybars": account.balance.now().to_string(),
        "deleted": account.deleted_at.is_some(),
        "receiver_sig_required": account.receiver_sig_required,
        "max_automatic_token_associations": account.max_automatic_associations,
        "contract": account.contract,
        "memo": account.memo,
        "tokens": tokens,
    }))
}
