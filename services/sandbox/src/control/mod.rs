//! The control API: builds the world, sets faults, reads the ledger. Plain HTTP and JSON, for tests and for people.
//!
//! Every endpoint is in the README of this service.

mod accounts;
mod body;
mod faults;
mod generate;
mod holders;
mod network;
mod read;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};

use crate::faults::Board;
use crate::mirror::Replicas;
use crate::serve::Served;
use crate::server::Network;
use crate::world::World;

/// A holders file of a few million lines fits.
const MAX_BODY_BYTES: usize = 512 * 1024 * 1024;

/// What the control API works on.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) world: Arc<World>,
    pub(crate) faults: Arc<Board>,
    pub(crate) replicas: Arc<Replicas>,
    /// Nodes and mirror, which a restart cuts off.
    pub(crate) listeners: Arc<Vec<Served>>,
    pub(crate) network: Arc<Network>,
}

impl Control {
    /// Its routes.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/v1/network", get(network::get))
            .route("/v1/mirrors", get(network::mirrors))
            .route("/v1/mirrors/{replica}", put(network::set_mirror))
            .route("/v1/restart", post(network::restart))
            .route("/v1/accounts", post(accounts::create))
            .route("/v1/accounts/{id}", get(accounts::get).patch(accounts::update))
            .route("/v1/tokens", get(tokens::list).post(tokens::create))
            .route("/v1/tokens/{id}", get(tokens::get).patch(tokens::update))
            .route("/v1/tokens/{id}/holders", post(tokens::add_holders))
            .route("/v1/tokens/{id}/burns", post(tokens::burn))
            .route("/v1/tokens/{id}/accounts/{account}", put(tokens::relate))
            .route("/v1/moves", post(accounts::move_units))
            .route("/v1/stored-balances", post(network::store_balances))
            .route("/v1/faults", get(faults::list).post(faults::set).delete(faults::clear))
            .route("/v1/faults/{id}", delete(faults::remove))
            .route("/v1/effects", get(read::effects))
            .route("/v1/transactions", get(read::transactions))
            .route("/v1/counts", get(read::counts))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(self)
    }
}
