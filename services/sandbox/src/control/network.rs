//! The network as a whole: where it is, how far its mirrors are, restarts, stored balances.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use super::Control;
use super::body::{self, Answer, Body, Refusal};
use crate::ledger::change::{Change, Outcome};
use crate::mirror::Replica;
use crate::serve::Served;
use crate::server::Network;
use crate::world;

/// Longest time a restart may take, in milliseconds.
const MAX_DOWN_MILLIS: u64 = 600_000;

/// `GET /v1/network`
pub(super) async fn get(State(control): State<Control>) -> Json<Network> {
    Json(Network::clone(&control.network))
}

/// `GET /v1/mirrors`
pub(super) async fn mirrors(State(control): State<Control>) -> Answer {
    Ok(Json(json!({"replicas": control.replicas.list()})))
}

/// What to set on a replica; absent parts stay.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReplicaPatch {
    lag_millis: Option<u64>,
    stalled: Option<bool>,
}

/// `PUT /v1/mirrors/{replica}`
pub(super) async fn set_mirror(
    State(control): State<Control>,
    Path(replica): Path<String>,
    Body(patch): Body<ReplicaPatch>,
) -> Result<Json<Replica>, Refusal> {
    let replica = body::number(&replica)?;
    let set = control.replicas.set(replica, patch.lag_millis, patch.stalled, world::now());
    set.map(Json).ok_or_else(|| Refusal::not_found(format!("there is no replica {replica}")))
}

/// How long the network is away.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Restart {
    down_millis: u64,
}

/// `POST /v1/restart`
pub(super) async fn restart(State(control): State<Control>, Body(restart): Body<Restart>) -> Answer {
    if restart.down_millis > MAX_DOWN_MILLIS {
        return Err(Refusal::bad(format!("down_millis is at most {MAX_DOWN_MILLIS}")));
    }
    // In a task of its own: the network comes back even when the caller goes away.
    let task = tokio::spawn(cut_off(control.listeners, Duration::from_millis(restart.down_millis)));
    let done = task.await.map_err(|error| Refusal::fault(error.to_string()))?;
    done.map_err(|error| Refusal::fault(error.to_string()))?;
    Ok(Json(json!({})))
}

/// `POST /v1/stored-balances`
pub(super) async fn store_balances(State(control): State<Control>) -> Answer {
    match control.world.change(&Change::StoreBalances)? {
        Outcome::Done(at) => Ok(Json(json!({"timestamp": at.to_string()}))),
        Outcome::Created(_) | Outcome::Consensus(_) => Err(Refusal::fault("nothing was stored".to_owned())),
    }
}

async fn cut_off(listeners: Arc<Vec<Served>>, down: Duration) -> std::io::Result<()> {
    for listener in listeners.iter() {
        listener.stop().await;
    }
    tokio::time::sleep(down).await;
    for listener in listeners.iter() {
        listener.resume().await?;
    }
    Ok(())
}
