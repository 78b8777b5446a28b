//! Blocks: one every two seconds, as on the network, where time goes on also when nobody pays. They are numbered from the
//! epoch, so that a replica that lags has blocks from before the sandbox was started.

use axum::Json;
use serde_json::{Value, json};

use super::ask::{Answer, Ask};
use crate::ledger::ids::Timestamp;

const BLOCK_SECONDS: u64 = 2;

/// `GET /api/v1/blocks`: those that the replica has whole.
pub(super) async fn list(ask: Ask) -> Answer {
    ask.params.only(&["block.number", "limit", "order"])?;
    let wanted = ask.params.numbers("block.number")?;
    let descending = ask.params.descending(true)?;
    let limit = ask.params.limit()?;
    let whole = ask.until.seconds() / BLOCK_SECONDS;
    let numbers = wanted.from..whole.min(wanted.to.saturating_add(1)).max(wanted.from);
    let ordered: Box<dyn Iterator<Item = u64>> =
        if descending { Box::new(numbers.rev()) } else { Box::new(numbers) };
    let numbers: Vec<u64> = ordered.filter(|number| wanted.has(*number)).take(limit).collect();
    let rows: Vec<Value> = numbers.iter().map(|number| block(*number)).collect();
    let next =
        ask.params.next(rows.len(), "block.number", numbers.last().map(ToString::to_string), descending);
    Ok(Json(json!({"blocks": rows, "links": {"next": next}})))
}

fn block(number: u64) -> Value {
    let from = Timestamp::default().plus_seconds(number * BLOCK_SECONDS);
    let to = Timestamp(from.plus_seconds(BLOCK_SECONDS).0 - 1);
    json!({
        "count": 0,
        "gas_limit": 150_000_000,
        "gas_used": 0,
        "hapi_version": "0.66.0",
        "hash": format!("0x{:096x}", number + 1),
        "logs_bloom": "0x",
        "name": format!("{from}.rcd.gz"),
        "number": number,
        "previous_hash": format!("0x{number:096x}"),
        "size": 0,
        "timestamp": {"from": from.to_string(), "to": to.to_string()},
    })
}
