//! Tokens.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use super::ask::{Answer, Ask, Refusal};
use crate::ledger::Ledger;
use crate::ledger::ids::{EntityId, PublicKey, Timestamp};
use crate::ledger::token::{CustomFee, Token};

/// `GET /api/v1/tokens`
pub(super) async fn list(ask: Ask) -> Answer {
    ask.params.only(&["limit", "order", "token.id"])?;
    let selection = ask.params.entities("token.id")?;
    let descending = ask.params.descending(false)?;
    let ledger = ask.ledger();
    let visible =
        selection.of(ledger.tokens(), descending).filter(|(_, token)| token.created_at() <= ask.until);
    let rows = visible.take(ask.params.limit()?).map(|(number, token)| {
        let row = json!({
            "admin_key": key(ledger.operator_key()),
            "decimals": token.decimals,
            "metadata": "",
            "name": token.name,
            "symbol": token.symbol,
            "token_id": EntityId(number),
            "type": "FUNGIBLE_COMMON",
        });
        (number, row)
    });
    let (numbers, rows): (Vec<_>, Vec<_>) = rows.unzip();
    let last = numbers.last().map(|number| EntityId(*number).to_string());
    let next = ask.params.next(rows.len(), "token.id", last, descending);
    Ok(Json(json!({"tokens": rows, "links": {"next": next}})))
}

/// `GET /api/v1/tokens/{id}`: the token as it was at `timestamp`, else as it is.
pub(super) async fn one(ask: Ask, Path(id): Path<String>) -> Answer {
    ask.params.only(&["timestamp"])?;
    let id: EntityId = id.parse().map_err(|_| Refusal::parameter("token.id"))?;
    let moment = ask.params.as_of("timestamp")?.map_or(ask.until, |asked| asked.min(ask.until));
    let ledger = ask.ledger();
    let token = ledger.token(id.0).filter(|token| token.created_at() <= moment).ok_or(Refusal::not_found())?;
    Ok(Json(token_info(&ledger, token, moment)))
}

/// A key as the mirror node shows it.
pub(super) fn key(key: Option<PublicKey>) -> Value {
    key.map_or(Value::Null, |key| json!({"_type": "ED25519", "key": key}))
}

fn token_info(ledger: &Ledger, token: &Token, until: Timestamp) -> Value {
    let created = token.created_at().to_string();
    let modified = token.modified_at(until).map(|moment| moment.to_string());
    let key_if = |present: bool| key(ledger.operator_key().filter(|_| present));
    let supply = token.supply.at(until).unwrap_or_default().to_string();
    let pause_status = match (token.pause_key, token.paused.at(until)) {
        (false, _) => "NOT_APPLICABLE",
        (true, Some(true)) => "PAUSED",
        (true, _) => "UNPAUSED",
    };
    json!({
        "admin_key": key_if(true),
        "auto_renew_account": token.treasury.at(token.created_at()).map(EntityId),
        "auto_renew_period": 7_776_000,
        "created_timestamp": created,
        "custom_fees": custom_fees(token),
        "decimals": token.decimals.to_string(),
        "deleted": token.deleted_at.is_some_and(|at| at <= until),
        "expiry_timestamp": null,
        "fee_schedule_key": key_if(true),
        "freeze_default": token.freeze_default,
        "freeze_key": key_if(token.freeze_key),
        "initial_supply": supply,
        "kyc_key": key_if(token.kyc_key),
        "max_supply": "0",
        "memo": token.memo,
        "metadata": "",
        "metadata_key": null,
        "modified_timestamp": modified,
        "name": token.name,
        "pause_key": key_if(token.pause_key),
        "pause_status": pause_status,
        "supply_key": key_if(true),
        "supply_type": "INFINITE",
        "symbol": token.symbol,
        "token_id": EntityId(token.number),
        "total_supply": supply,
        "treasury_account_id": token.treasury.at(until).map(EntityId),
        "type": "FUNGIBLE_COMMON",
        "wipe_key": null,
    })
}

fn custom_fees(token: &Token) -> Value {
    let mut fixed = Vec::new();
    let mut fractional = Vec::new();
    for fee in &token.custom_fees {
        match fee {
            CustomFee::Fixed { amount, denominating_token, collector } => fixed.push(json!({
                "all_collectors_are_exempt": false,
                "amount": amount,
                "collector_account_id": collector,
                "denominating_token_id": denominating_token,
            })),
            CustomFee::Fractional {
                numerator,
                denominator,
                minimum,
                maximum,
                net_of_transfers,
                collector,
            } => {
                fractional.push(json!({
                    "all_collectors_are_exempt": false,
                    "amount": {"numerator": numerator, "denominator": denominator},
                    "collector_account_id": collector,
                    "denominating_token_id": EntityId(token.number),
                    "maximum": maximum,
                    "minimum": minimum,
                    "net_of_transfers": net_of_transfers,
                }));
            }
        }
    }
    let created = token.created_at().to_string();
    json!({"created_timestamp": created, "fixed_fees": fixed, "fractional_fees": fractional})
}
