//! Transactions, by account and time or by id.

use axum::Json;
use axum::extract::Path;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ask::{Answer, Ask, Refusal};
use crate::ledger::history::{Leg, Record};
use crate::ledger::ids::{EntityId, Timestamp, TransactionId};
use crate::ledger::status::Status;
use crate::ledger::{FEE_ACCOUNT, Ledger};

/// `GET /api/v1/transactions`
pub(super) async fn list(ask: Ask) -> Answer {
    ask.params.only(&["account.id", "limit", "order", "result", "timestamp", "transactiontype"])?;
    let account = ask.params.entities("account.id")?.only;
    let account = match account {
        None if ask.params.has("account.id") => return Err(Refusal::parameter("account.id")),
        None => None,
        Some(only) if only.len() == 1 => only.first().copied(),
        Some(_) => return Err(Refusal::parameter("account.id")),
    };
    let (rows, next) = page(&ask, &ask.ledger(), account)?;
    Ok(Json(json!({"transactions": rows, "links": {"next": next}})))
}

/// `GET /api/v1/transactions/{id}`
pub(super) async fn by_id(ask: Ask, Path(id): Path<String>) -> Answer {
    ask.params.only(&["nonce", "scheduled"])?;
    let malformed = "Invalid Transaction id. Please use \"shard.realm.num-sss-nnn\" format where sss are seconds and \
                     nnn are nanoseconds";
    let id = TransactionId::from_dashed(&id).ok_or_else(|| Refusal::bad(malformed.to_owned()))?;
    let nonce: u32 =
        ask.params.text("nonce").map_or(Ok(0), str::parse).map_err(|_| Refusal::parameter("nonce"))?;
    let scheduled = ask.params.flag("scheduled", false)?;
    let ledger = ask.ledger();
    let records = ledger.history().of_id(&id).filter(|record| record.consensus <= ask.until);
    // Nothing here has children or schedules.
    let records = records.filter(|_| nonce == 0 && !scheduled);
    let rows: Vec<_> = records.map(detail).collect();
    if rows.is_empty() { Err(Refusal::not_found()) } else { Ok(Json(json!({"transactions": rows}))) }
}

/// One page of an account's transactions, or of all, and the link to the next.
pub(super) fn page(
    ask: &Ask,
    ledger: &Ledger,
    account: Option<u64>,
) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let wanted_type =
        ask.params.text("transactiontype").is_none_or(|kind| kind.eq_ignore_ascii_case("CRYPTOTRANSFER"));
    let success = match ask.params.text("result") {
        None => None,
        Some("success") => Some(true),
        Some("fail") => Some(false),
        Some(_) => return Err(Refusal::parameter("result")),
    };
    let moments = ask.params.moments("timestamp")?;
    let history = ledger.history();
    let first = history.count_before(account, Timestamp(moments.from));
    let end = moments.to.min(ask.until.0).saturating_add(1);
    let end = history.count_before(account, Timestamp(end));
    let positions = first..end.max(first);
    let descending = ask.params.descending(true)?;
    let ordered: Box<dyn Iterator<Item = usize>> =
        if descending { Box::new(positions.rev()) } else { Box::new(positions) };
    let records = ordered.filter_map(|position| history.nth(account, position));
    let records = records.filter(|record| {
        wanted_type
            && moments.has(record.consensus.0)
            && success.is_none_or(|success| success == (record.status == Status::Success))
    });
    let records: Vec<_> = records.take(ask.params.limit()?).collect();
    let last = records.last().map(|record| record.consensus.to_string());
    let next = ask.params.next(records.len(), "timestamp", last, descending);
    Ok((records.into_iter().map(transaction).collect(), next))
}

fn detail(record: &Record) -> Value {
    let fees = record.assessed.iter().map(|fee| {
        json!({
            "amount": fee.units,
            "collector_account_id": EntityId(fee.collector),
            "effective_payer_account_ids": [EntityId(fee.payer)],
            "token_id": fee.token.map(EntityId),
        })
    });
    let mut detail = transaction(record);
    detail["assessed_custom_fees"] = fees.collect();
    detail
}

fn transaction(record: &Record) -> Value {
    json!({
        "batch_key": null,
        "bytes": null,
        "charged_tx_fee": record.fee,
        "consensus_timestamp": record.consensus.to_string(),
        "entity_id": null,
        "max_custom_fees": [],
        "max_fee": record.max_fee.to_string(),
        "memo_base64": STANDARD.encode(&record.memo),
        "name": "CRYPTOTRANSFER",
        "nft_transfers": [],
        "node": EntityId(record.node),
        "nonce": 0,
        "parent_consensus_timestamp": null,
        "result": record.status.as_str_name(),
        "scheduled": false,
        "staking_reward_transfers": [],
        "token_transfers": token_transfers(record),
        "transaction_hash": STANDARD.encode(record.hash.0),
        "transaction_id": record.id.dashed(),
        "transfers": hbar_transfers(record),
        "valid_duration_seconds": record.valid_seconds.to_string(),
        "valid_start_timestamp": record.id.valid_start.to_string(),
    })
}

/// The HBAR legs and the fee in one list, one line for each account.
fn hbar_transfers(record: &Record) -> Value {
    let mut lines = std::collections::BTreeMap::new();
    let fee = i64::try_from(record.fee).unwrap_or(i64::MAX);
    let fee = [(record.id.payer, -fee), (FEE_ACCOUNT, fee)];
    let legs = record.legs.iter().filter(|leg| leg.token.is_none()).map(|leg| (leg.account, leg.units));
    for (account, units) in fee.into_iter().chain(legs) {
        *lines.entry(account).or_insert(0) += units;
    }
    let lines = lines.into_iter().filter(|(_, units)| *units != 0);
    lines
        .map(|(account, units)| json!({"account": EntityId(account), "amount": units, "is_approval": false}))
        .collect()
}

fn token_transfers(record: &Record) -> Value {
    let show = |leg: &Leg| {
        let token = leg.token?;
        Some(json!({
            "account": EntityId(leg.account), "amount": leg.units, "is_approval": false, "token_id": EntityId(token)
        }))
    };
    record.legs.iter().filter_map(show).collect()
}
