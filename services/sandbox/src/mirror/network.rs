//! The network's nodes, exchange rate and fees.

use axum::Json;
use serde_json::{Value, json};

use super::ask::{Answer, Ask};
use crate::ledger::fees::CENTS_PER_HBAR;
use crate::ledger::ids::EntityId;

const SECONDS_PER_HOUR: u64 = 3_600;

/// `GET /api/v1/network/nodes`
pub(super) async fn nodes(ask: Ask) -> Answer {
    ask.params.only(&["file.id", "limit", "node.id", "order"])?;
    let started = ask.ledger().started_at().unwrap_or_default().to_string();
    let rows: Vec<Value> = ask
        .mirror
        .nodes
        .iter()
        .enumerate()
        .map(|(index, (account, address))| {
            json!({
                "admin_key": null,
                "decline_reward": false,
                "description": "sandbox node",
                "file_id": "0.0.102",
                "grpc_proxy_endpoint": null,
                "max_stake": 0,
                "memo": EntityId(*account),
                "min_stake": 0,
                "node_account_id": EntityId(*account),
                "node_cert_hash": null,
                "node_id": index,
                "public_key": null,
                "reward_rate_start": 0,
                "service_endpoints": [
                    {"domain_name": "", "ip_address_v4": address.ip().to_string(), "port": address.port()}
                ],
                "stake": 1,
                "stake_not_rewarded": 0,
                "stake_rewarded": 0,
                "staking_period": null,
                "timestamp": {"from": started, "to": null},
            })
        })
        .collect();
    Ok(Json(json!({"nodes": rows, "links": {"next": null}})))
}

/// `GET /api/v1/network/exchangerate`
pub(super) async fn exchange_rate(ask: Ask) -> Answer {
    ask.params.only(&["timestamp"])?;
    let hour = ask.until.seconds() / SECONDS_PER_HOUR;
    let rate = |expiry_hour: u64| {
        json!({
            "cent_equivalent": CENTS_PER_HBAR * 30_000,
            "expiration_time": expiry_hour * SECONDS_PER_HOUR,
            "hbar_equivalent": 30_000,
        })
    };
    let timestamp = ask.until.to_string();
    Ok(Json(json!({"current_rate": rate(hour + 1), "next_rate": rate(hour + 2), "timestamp": timestamp})))
}

/// `GET /api/v1/network/fees`: the real endpoint lists gas prices only.
pub(super) async fn fees(ask: Ask) -> Answer {
    ask.params.only(&["order", "timestamp"])?;
    let fees = ["ContractCall", "ContractCreate", "EthereumTransaction"];
    let fees: Vec<Value> =
        fees.iter().map(|kind| json!({"gas": 710_000, "transaction_type": kind})).collect();
    Ok(Json(json!({"fees": fees, "timestamp": ask.until.to_string()})))
}
