//! What can go wrong here, each with a stable reason, and the one place that says what the caller is told.

use hedera::mirror::MirrorError;
use ids::AssetId;
use pg::PgError;
use pg::idempotency::IdempotencyError;
use service_kit::error::{Failure, Problem, to_status};
use tonic::{Code, Status};

use crate::clients::{ExecutionError, HolderError};
use crate::domain::TokenRefusal;
use crate::store::StoreError;

/// An operation of this service failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request does not fit (`INVALID_ARGUMENT` and its kin).
    #[error(transparent)]
    Request(#[from] Problem),
    /// `NOT_FOUND`, reason `ASSET_NOT_FOUND`.
    #[error("asset {0} does not exist")]
    AssetNotFound(AssetId),
    /// `NOT_FOUND`, reason `TOKEN_NOT_FOUND`.
    #[error("the network has no token {0}")]
    TokenNotFound(String),
    /// `FAILED_PRECONDITION`, reason `TOKEN_DELETED`, `TOKEN_NOT_FUNGIBLE`, `TOKEN_DECIMALS_UNSUPPORTED` or
    /// `TOKEN_HAS_FEE_ON_RECEIPT`.
    #[error("token {token} refused: {refusal:?}")]
    TokenRefused {
        /// The token's id.
        token: String,
        /// Why.
        refusal: TokenRefusal,
    },
    /// `ALREADY_EXISTS`, reason `ASSET_TERMS_DIFFER`.
    #[error("asset {0} was imported with another type or other terms")]
    AssetTermsDiffer(AssetId),
    /// `NOT_FOUND`, reason `PAYMENT_TOKEN_NOT_FOUND`.
    #[error("payment token {0} is not accepted")]
    PaymentTokenNotFound(String),
    /// `UNAVAILABLE`, reason `MIRROR_UNAVAILABLE`; or `INTERNAL` with the reason of [`MirrorError::reason`].
    #[error("the mirror node gave no usable answer")]
    Mirror(#[from] MirrorError),
    /// `UNAVAILABLE`, reason `HOLDER_SERVICE_UNAVAILABLE`.
    #[error("the holder service gave no answer")]
    Holders(#[from] HolderError),
    /// `UNAVAILABLE`, reason `EXECUTION_SERVICE_UNAVAILABLE`.
    #[error("execution was not told of a pause")]
    Execution(#[from] ExecutionError),
    /// `ALREADY_EXISTS`, reason `IDEMPOTENCY_KEY_REUSED`; otherwise ours.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// Ours.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `UNAVAILABLE`, reason `DATABASE_UNAVAILABLE`, when no connection is to be had.
    #[error(transparent)]
    Database(#[from] PgError),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<diesel_async::pooled_connection::bb8::RunError> for Error {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        Self::Database(error.into())
    }
}

impl Failure for Error {
    fn problem(&self) -> Problem {
        match self {
            Self::Request(problem) => problem.clone(),
            Self::AssetNotFound(id) => Problem::not_found("ASSET_NOT_FOUND", "asset", id),
            Self::TokenNotFound(token) => Problem::not_found("TOKEN_NOT_FOUND", "token", token),
            Self::TokenRefused { token, refusal } => refused(token, *refusal),
            Self::AssetTermsDiffer(id) => {
                let message = format!("the token is here as {id}, with another type or other terms");
                Problem::user(Code::AlreadyExists, "ASSET_TERMS_DIFFER", message)
            }
            Self::PaymentTokenNotFound(token) => {
                Problem::not_found("PAYMENT_TOKEN_NOT_FOUND", "accepted payment token", token)
            }
            Self::Mirror(MirrorError::Unavailable { .. }) => {
                Problem::unavailable("MIRROR_UNAVAILABLE", "the mirror node cannot be asked now")
            }
            Self::Mirror(error) => {
                let message = "the mirror node gave no usable answer; it has been recorded";
                Problem::fault(Code::Internal, error.reason(), message)
            }
            Self::Holders(_) => {
                Problem::unavailable("HOLDER_SERVICE_UNAVAILABLE", "the holder service cannot be asked now")
            }
            Self::Execution(_) => {
                let message = "execution cannot be told now; repeat the call under the same key";
                Problem::unavailable("EXECUTION_SERVICE_UNAVAILABLE", message)
            }
            Self::Idempotency(IdempotencyError::Reused) => {
                let message = "this idempotency key was used for another request; use a new one";
                Problem::user(Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED", message)
            }
            Self::Database(PgError::Pool(_) | PgError::Unreachable { .. }) => {
                Problem::unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached now")
            }
            Self::Idempotency(_) | Self::Store(_) | Self::Database(_) => Problem::internal(),
        }
    }
}

fn refused(token: &str, refusal: TokenRefusal) -> Problem {
    let (reason, message) = match refusal {
        TokenRefusal::Deleted => ("TOKEN_DELETED", format!("token {token} was deleted on the network")),
        TokenRefusal::NotFungible => ("TOKEN_NOT_FUNGIBLE", format!("token {token} is not fungible")),
        TokenRefusal::Decimals => {
            ("TOKEN_DECIMALS_UNSUPPORTED", format!("token {token} has more decimals than an amount can have"))
        }
        TokenRefusal::FeeOnReceipt => (
            "TOKEN_HAS_FEE_ON_RECEIPT",
            format!(
                "token {token} takes a fee from what a payee receives, so payees would get less than recorded"
            ),
        ),
    };
    Problem::user(Code::FailedPrecondition, reason, message)
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        to_status(&error)
    }
}
