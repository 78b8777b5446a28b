//! A request at a replica: what it asks, and up to when the replica can answer.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Mirror;
use super::params::Params;
use crate::ledger::ids::Timestamp;
use crate::world::{self, LedgerGuard};

/// What every handler answers.
pub(super) type Answer = Result<Json<Value>, Refusal>;

/// A request at a replica.
pub(super) struct Ask {
    pub(super) mirror: Mirror,
    /// The replica has ingested all up to here and nothing later.
    pub(super) until: Timestamp,
    pub(super) params: Params,
}

impl Ask {
    /// The ledger, for reading; what is later than `until` must be passed over.
    pub(super) fn ledger(&self) -> LedgerGuard<'_> {
        self.mirror.world.read()
    }
}

impl FromRequestParts<Mirror> for Ask {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, mirror: &Mirror) -> Result<Self, Refusal> {
        let replica = mirror.replica();
        let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
        if let Some(status) = mirror.faults.on_mirror(replica, path) {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Err(Refusal { status, message: status.canonical_reason().unwrap_or("Error").to_owned() });
        }
        let newest = mirror.world.read().last_consensus();
        let until = mirror.replicas.ingested(replica, world::now(), newest);
        Ok(Self { mirror: mirror.clone(), until, params: Params::parse(&parts.uri)? })
    }
}

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// 404.
    pub(super) fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, message: "Not found".to_owned() }
    }

    /// 400 for a parameter.
    pub(super) fn parameter(name: &str) -> Self {
        Self::bad(format!("Invalid parameter: {name}"))
    }

    /// 400.
    pub(super) fn bad(message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"_status": {"messages": [{"message": self.message}]}}))).into_response()
    }
}
