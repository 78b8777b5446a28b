//! Tokens, their holders, and relations to them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{self, Answer, Body, FileOr, Parameters, Refusal};
use super::holders::HoldersFile;
use super::{Control, generate};
use crate::ledger::ISSUER;
use crate::ledger::change::{
    Burn, Change, Holder, NewHolders, NewToken, Outcome, RelationPatch, RelationUpdate, TokenPatch,
    TokenUpdate,
};
use crate::ledger::ids::EntityId;
use crate::ledger::token::{CustomFee, Token};

/// A token to create: the JSON body, or (without holders and fees) the query beside a holders file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are the network's own independent properties")]
pub(super) struct TokenRequest {
    name: String,
    symbol: String,
    decimals: u32,
    treasury: Option<EntityId>,
    treasury_units: u64,
    freeze_key: bool,
    kyc_key: bool,
    pause_key: bool,
    freeze_default: bool,
    memo: String,
    custom_fees: Vec<CustomFee>,
    holders: Option<Generated>,
    store_balances: Option<bool>,
}

/// Holders to generate.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Generated {
    count: u64,
    seed: u64,
    store_balances: Option<bool>,
}

/// What goes with a holders file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LoadQuery {
    store_balances: Option<bool>,
}

/// `POST /v1/tokens`
pub(super) async fn create(
    State(control): State<Control>,
    Parameters(query): Parameters<TokenRequest>,
    body: FileOr<TokenRequest>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (request, holders, lines) = match body {
        FileOr::File(file) => {
            let (holders, lines) = HoldersFile::parse(&file)?.into_parts();
            (query, holders, lines)
        }
        FileOr::Json(request) => {
            let generated =
                request.holders.map(|wanted| generate::holders(wanted.count, wanted.seed, request.decimals));
            (request, generated.transpose()?.unwrap_or_default(), Vec::new())
        }
    };
    let outcome = control.world.change(&Change::CreateToken(request.with(holders)?));
    match outcome.map_err(|error| HoldersFile::explain(&lines, error))? {
        Outcome::Created(id) => Ok((StatusCode::CREATED, Json(show(&control, id)?))),
        Outcome::Done(_) | Outcome::Consensus(_) => Err(Refusal::fault("no token was created".to_owned())),
    }
}

/// `GET /v1/tokens`
pub(super) async fn list(State(control): State<Control>) -> Answer {
    let ledger = control.world.read();
    Ok(Json(json!({"tokens": ledger.tokens().values().map(describe).collect::<Vec<_>>()})))
}

/// `GET /v1/tokens/{id}`
pub(super) async fn get(State(control): State<Control>, Path(id): Path<String>) -> Answer {
    show(&control, body::entity(&id)?).map(Json)
}

/// `PATCH /v1/tokens/{id}`
pub(super) async fn update(
    State(control): State<Control>,
    Path(id): Path<String>,
    Body(patch): Body<TokenPatch>,
) -> Answer {
    let token = body::entity(&id)?;
    control.world.change(&Change::UpdateToken(TokenUpdate { token, patch }))?;
    show(&control, token).map(Json)
}

/// `POST /v1/tokens/{id}/holders`
pub(super) async fn add_holders(
    State(control): State<Control>,
    Path(id): Path<String>,
    Parameters(query): Parameters<LoadQuery>,
    body: FileOr<Generated>,
) -> Answer {
    let token = body::entity(&id)?;
    let (holders, lines, store) = match body {
        FileOr::File(file) => {
            let (holders, lines) = HoldersFile::parse(&file)?.into_parts();
            (holders, lines, query.store_balances)
        }
        FileOr::Json(wanted) => {
            let decimals =
                control.world.read().token(token.0).map(|token| token.decimals).unwrap_or_default();
            let holders = generate::holders(wanted.count, wanted.seed, decimals)?;
            (holders, Vec::new(), wanted.store_balances.or(query.store_balances))
        }
    };
    let new = NewHolders { token, holders, store_balances: store.unwrap_or(true) };
    let outcome = control.world.change(&Change::AddHolders(new));
    outcome.map_err(|error| HoldersFile::explain(&lines, error))?;
    show(&control, token).map(Json)
}

/// How many units to burn.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BurnRequest {
    units: u64,
}

/// `POST /v1/tokens/{id}/burns`
pub(super) async fn burn(
    State(control): State<Control>,
    Path(id): Path<String>,
    Body(request): Body<BurnRequest>,
) -> Answer {
    let token = body::entity(&id)?;
    control.world.change(&Change::Burn(Burn { token, units: request.units }))?;
    show(&control, token).map(Json)
}

/// `PUT /v1/tokens/{id}/accounts/{account}`
pub(super) async fn relate(
    State(control): State<Control>,
    Path((id, account)): Path<(String, String)>,
    Body(patch): Body<RelationPatch>,
) -> Answer {
    let token = body::entity(&id)?;
    let account = body::account(&control.world.read(), &account)?;
    control.world.change(&Change::UpdateRelation(RelationUpdate { token, account, patch }))?;
    let ledger = control.world.read();
    let holding = ledger.token(token.0).and_then(|token| token.holding(account.0));
    Ok(Json(json!({
        "token_id": token,
        "account_id": account,
        "associated": holding.is_some(),
        "frozen": holding.is_some_and(|holding| holding.frozen),
        "kyc": holding.is_some_and(|holding| holding.kyc),
        "units": holding.map_or(0, |holding| holding.balance).to_string(),
    })))
}

impl TokenRequest {
    fn with(self, holders: Vec<Holder>) -> Result<NewToken, Refusal> {
        if self.name.is_empty() || self.symbol.is_empty() || self.decimals > 18 {
            return Err(Refusal::bad("a token needs a name, a symbol, and at most 18 decimals".to_owned()));
        }
        Ok(NewToken {
            name: self.name,
            symbol: self.symbol,
            decimals: self.decimals,
            treasury: self.treasury.unwrap_or(EntityId(ISSUER)),
            treasury_units: self.treasury_units,
            freeze_key: self.freeze_key,
            kyc_key: self.kyc_key,
            pause_key: self.pause_key,
            freeze_default: self.freeze_default,
            custom_fees: self.custom_fees,
            memo: self.memo,
            store_balances: self.store_balances.unwrap_or(!holders.is_empty()),
            holders,
        })
    }
}

fn show(control: &Control, id: EntityId) -> Result<Value, Refusal> {
    let ledger = control.world.read();
    let token = ledger.token(id.0).ok_or_else(|| Refusal::not_found(format!("there is no token {id}")))?;
    Ok(describe(token))
}

fn describe(token: &Token) -> Value {
    let holders =
        token.holdings.values().filter(|holding| holding.now().associated && holding.now().balance > 0);
    json!({
        "token_id": EntityId(token.number),
        "name": token.name,
        "symbol": token.symbol,
        "decimals": token.decimals,
        "treasury": EntityId(token.treasury.now()),
        "supply": token.supply.now().to_string(),
        "holders": holders.count(),
        "paused": token.paused.now(),
        "deleted": token.deleted_at.is_some(),
        "custom_fees": token.custom_fees,
    })
}
