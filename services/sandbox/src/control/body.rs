//! Request bodies and errors.

use std::str::FromStr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ledger::change::ChangeError;
use crate::ledger::ids::EntityId;
use crate::ledger::transaction::AccountRef;
use crate::world::{LedgerGuard, WorldError};

/// What handlers answer.
pub(super) type Answer = Result<Json<Value>, Refusal>;

/// A JSON body, whatever content type the caller named; an empty one is `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|error| Refusal::bad(error.to_string()))?;
        json(&bytes).map(Self)
    }
}

/// The query, refused with a reason when it is not what the endpoint knows.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(error) => Err(Refusal::bad(error.body_text())),
        }
    }
}

/// A number in a path.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::bad(format!("{text} is not a number")))
}

/// A body that is a holders file, or something else in JSON.
pub(super) enum FileOr<T> {
    File(Bytes),
    Json(T),
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for FileOr<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_file = kind.is_some_and(|kind| kind.starts_with("text/csv"));
        let bytes =
            Bytes::from_request(request, state).await.map_err(|error| Refusal::bad(error.to_string()))?;
        if is_file { Ok(Self::File(bytes)) } else { json(&bytes).map(Self::Json) }
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| Refusal::bad(error.to_string()))
}

/// An account in a path: `0.0.N` or an EVM address.
pub(super) fn account(ledger: &LedgerGuard<'_>, text: &str) -> Result<EntityId, Refusal> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let address =
        text.parse().map_err(|_| Refusal::bad(format!("{text} is neither 0.0.N nor an address")))?;
    let number = ledger.resolve(AccountRef::Address(address));
    number.map(EntityId).ok_or_else(|| Refusal::not_found(format!("there is no account {text}")))
}

/// A token in a path.
pub(super) fn entity(text: &str) -> Result<EntityId, Refusal> {
    text.parse().map_err(|_| Refusal::bad(format!("{text} is not 0.0.N")))
}

/// An answer that is an error: `{"error": …}`, with the line of the file it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    line: Option<usize>,
}

impl Refusal {
    pub(super) fn bad(message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message, line: None }
    }

    pub(super) fn line(line: usize, reason: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: format!("line {line}: {reason}"), line: Some(line) }
    }

    pub(super) fn not_found(message: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, message, line: None }
    }

    pub(super) fn fault(message: String) -> Self {
        tracing::error!(message, "the sandbox's control API failed");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message, line: None }
    }
}

impl From<WorldError> for Refusal {
    fn from(error: WorldError) -> Self {
        let message = error.to_string();
        match error {
            WorldError::Change(ChangeError::NotFound { .. }) => Self::not_found(message),
            WorldError::Change(ChangeError::Conflict(_)) => {
                Self { status: StatusCode::CONFLICT, message, line: None }
            }
            WorldError::Change(ChangeError::Holder { .. }) => Self::bad(message),
            WorldError::Journal(_) | WorldError::Closed => Self::fault(message),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = match self.line {
            Some(line) => json!({"error": self.message, "line": line}),
            None => json!({"error": self.message}),
        };
        (self.status, Json(body)).into_response()
    }
}
