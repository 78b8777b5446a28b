//! The mirror node's REST over the ledger, in the real one's JSON shapes (hiero-mirror-node, `rest/api/v1/openapi.yml`).
//!
//! Several replicas ingest the same ledger, each with a lag of its own; behind the balanced address every request goes to
//! the next one, so that two requests in a row may see two different pasts.

mod accounts;
mod ask;
mod balances;
mod blocks;
mod network;
mod params;
mod replicas;
mod tokens;
mod transactions;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::Uri;
use axum::routing::get;

use crate::faults::Board;
use crate::world::World;

pub use ask::Refusal;
pub use replicas::{Replica, Replicas};

/// One address of the mirror node.
#[derive(Debug, Clone)]
pub struct Mirror {
    /// The ledger.
    pub world: Arc<World>,
    /// What goes wrong.
    pub faults: Arc<Board>,
    /// How far each replica is.
    pub replicas: Arc<Replicas>,
    /// Distance of the moments whose balances are stored, in seconds; 0 is none.
    pub balance_grid_seconds: u64,
    /// Account and address of each consensus node.
    pub nodes: Arc<Vec<(u64, SocketAddr)>>,
    /// Which replica answers here.
    pub choice: Choice,
}

/// Which replica answers.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Always this one.
    Fixed(usize),
    /// Each in turn.
    Alternate(Arc<AtomicUsize>),
}

impl Mirror {
    /// Its routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/api/v1/accounts", get(accounts::list))
            .route("/api/v1/accounts/{id}", get(accounts::one))
            .route("/api/v1/accounts/{id}/tokens", get(accounts::tokens))
            .route("/api/v1/balances", get(balances::list))
            .route("/api/v1/blocks", get(blocks::list))
            .route("/api/v1/contracts", get(accounts::contracts))
            .route("/api/v1/contracts/{id}", get(accounts::contract))
            .route("/api/v1/network/exchangerate", get(network::exchange_rate))
            .route("/api/v1/network/fees", get(network::fees))
            .route("/api/v1/network/nodes", get(network::nodes))
            .route("/api/v1/tokens", get(tokens::list))
            .route("/api/v1/tokens/{id}", get(tokens::one))
            .route("/api/v1/tokens/{id}/balances", get(balances::of_token))
            .route("/api/v1/transactions", get(transactions::list))
            .route("/api/v1/transactions/{id}", get(transactions::by_id))
            .fallback(unknown_path)
            .with_state(self)
    }

    fn replica(&self) -> usize {
        match &self.choice {
            Choice::Fixed(replica) => *replica,
            Choice::Alternate(turn) => turn.fetch_add(1, Ordering::Relaxed) % self.replicas.count().max(1),
        }
    }
}

async fn unknown_path(_uri: Uri) -> Refusal {
    Refusal::not_found()
}
