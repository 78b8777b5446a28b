//! What can go wrong here, each with a stable reason, and the one place that says what the caller is told.

use ids::{AssetId, SnapshotId};
use pg::PgError;
use pg::idempotency::IdempotencyError;
use service_kit::error::{Failure, Problem, to_status};
use tonic::{Code, Status};

use crate::store::StoreError;

/// An operation of this service failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request does not fit (`INVALID_ARGUMENT` and its kin).
    #[error(transparent)]
    Request(#[from] Problem),
    /// `NOT_FOUND`, reason `ASSET_NOT_FOUND`.
    #[error("asset {0} is not followed")]
    AssetNotFound(AssetId),
    /// `ALREADY_EXISTS`, reason `ASSET_TOKEN_DIFFERS`.
    #[error("asset {0} was registered with another token")]
    AssetTokenDiffers(AssetId),
    /// `NOT_FOUND`, reason `HOLDER_NOT_FOUND`.
    #[error("account 0.0.{0} never held the asset")]
    HolderNotFound(u64),
    /// `FAILED_PRECONDITION`, reason `BALANCE_UNKNOWN`.
    #[error("nothing is known of that time")]
    BalanceUnknown,
    /// `NOT_FOUND`, reason `SNAPSHOT_NOT_FOUND`.
    #[error("snapshot {0} does not exist")]
    SnapshotNotFound(SnapshotId),
    /// `FAILED_PRECONDITION`, reason `SNAPSHOT_NOT_READY`.
    #[error("snapshot {0} is not ready")]
    SnapshotNotReady(SnapshotId),
    /// `ALREADY_EXISTS`, reason `SNAPSHOT_ID_TAKEN`.
    #[error("snapshot {0} is of another asset or record time")]
    SnapshotIdTaken(SnapshotId),
    /// `ABORTED`, reason `CONTENDED`: syncs of the asset began and ended faster than we could look.
    #[error("asset {0} is contended")]
    Contended(AssetId),
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
            Self::AssetTokenDiffers(id) => {
                let message = format!("{id} is known with another token");
                Problem::user(Code::AlreadyExists, "ASSET_TOKEN_DIFFERS", message)
            }
            Self::HolderNotFound(num) => {
                Problem::not_found("HOLDER_NOT_FOUND", "holder", format_args!("0.0.{num}"))
            }
            Self::BalanceUnknown => {
                let message =
                    "no sync knows balances of that time; the first one was later, or there was none yet";
                Problem::user(Code::FailedPrecondition, "BALANCE_UNKNOWN", message)
            }
            Self::SnapshotNotFound(id) => Problem::not_found("SNAPSHOT_NOT_FOUND", "snapshot", id),
            Self::SnapshotNotReady(id) => {
                let message = format!("{id} is not ready; wait until it is, or take it again if it failed");
                Problem::user(Code::FailedPrecondition, "SNAPSHOT_NOT_READY", message)
            }
            Self::SnapshotIdTaken(id) => {
                let message = format!("{id} is of another asset or another record time");
                Problem::user(Code::AlreadyExists, "SNAPSHOT_ID_TAKEN", message)
            }
            Self::Contended(_) => Problem::fault(Code::Aborted, "CONTENDED", "try again"),
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

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        to_status(&error)
    }
}
