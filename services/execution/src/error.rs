//! What can go wrong here, each with a stable reason, and the one place that says what the caller is told.

use hedera::mirror::MirrorError;
use ids::{AttemptId, FundingAccountId, PayoutId, RunId, WithdrawalId};
use pg::PgError;
use pg::idempotency::IdempotencyError;
use service_kit::error::{Failure, Problem, to_status};
use tonic::{Code, Status};

use crate::clients::keyring::KeyringError;
use crate::store::StoreError;

/// An operation of this service failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request does not fit.
    #[error(transparent)]
    Request(#[from] Problem),
    /// `NOT_FOUND`, reason `RUN_NOT_FOUND`.
    #[error("there is no run {0}")]
    RunNotFound(RunId),
    /// `NOT_FOUND`, reason `PAYOUT_NOT_FOUND`.
    #[error("there is no payout {0}")]
    PayoutNotFound(PayoutId),
    /// `NOT_FOUND`, reason `ATTEMPT_NOT_FOUND`.
    #[error("there is no attempt {0}")]
    AttemptNotFound(AttemptId),
    /// `NOT_FOUND`, reason `FUNDING_ACCOUNT_NOT_FOUND`.
    #[error("there is no funding account {0}")]
    FundingAccountNotFound(FundingAccountId),
    /// `NOT_FOUND`, reason `WITHDRAWAL_NOT_FOUND`.
    #[error("there is no withdrawal {0}")]
    WithdrawalNotFound(WithdrawalId),
    /// `NOT_FOUND`, reason `DESTINATION_NOT_FOUND`.
    #[error("{0} is no destination of this funding account")]
    DestinationNotFound(hedera::AccountId),
    /// `NOT_FOUND`, reason `ASSET_NOT_FOUND`.
    #[error("the network has no asset {0}")]
    AssetNotFound(String),
    /// `NOT_FOUND`, reason `ACCOUNT_NOT_FOUND`.
    #[error("the network has no account {0}")]
    AccountNotFound(hedera::AccountId),
    /// A rule forbids it in the present state; the reason is the rule's.
    #[error("{reason}: {message}")]
    Refused {
        /// `FAILED_PRECONDITION` or `ALREADY_EXISTS`.
        code: Code,
        /// Stable.
        reason: &'static str,
        /// For the caller.
        message: String,
    },
    /// A batch does not fit into what may be paid today; the transaction is rolled back and nothing happened.
    #[error("the limit of the day is reached")]
    DayLimitReached,
    /// A batch does not fit into what may be paid on any day; the transaction is rolled back and nothing happened.
    #[error("the limit of a day is below one batch")]
    DayLimitTooLow,
    /// Somebody else wrote first; the transaction is rolled back and nothing happened.
    #[error("another worker was first")]
    Overtaken,
    /// The mirror node gave no usable answer.
    #[error("the mirror node gave no usable answer")]
    Mirror(#[from] MirrorError),
    /// A key cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A transfer that the network could never take: our mistake.
    #[error("a transfer could not be prepared")]
    Prepare(#[from] hedera::transfer::PrepareError),
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

impl Error {
    /// The state does not allow it.
    pub(crate) fn refused(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code: Code::FailedPrecondition, reason, message: message.into() }
    }

    /// It is there already, and another.
    pub(crate) fn exists(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code: Code::AlreadyExists, reason, message: message.into() }
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(StoreError::Query(error))
    }
}

impl From<diesel_async::pooled_connection::bb8::RunError> for Error {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        Self::Database(PgError::Pool(error))
    }
}

impl Failure for Error {
    fn problem(&self) -> Problem {
        match self {
            Self::Request(problem) => problem.clone(),
            Self::RunNotFound(id) => Problem::not_found("RUN_NOT_FOUND", "run", id),
            Self::PayoutNotFound(id) => Problem::not_found("PAYOUT_NOT_FOUND", "payout", id),
            Self::AttemptNotFound(id) => Problem::not_found("ATTEMPT_NOT_FOUND", "attempt", id),
            Self::FundingAccountNotFound(id) => {
                Problem::not_found("FUNDING_ACCOUNT_NOT_FOUND", "funding account", id)
            }
            Self::AccountNotFound(id) => {
                Problem::not_found("ACCOUNT_NOT_FOUND", "account on the network", id)
            }
            Self::WithdrawalNotFound(id) => Problem::not_found("WITHDRAWAL_NOT_FOUND", "withdrawal", id),
            Self::DestinationNotFound(id) => {
                Problem::not_found("DESTINATION_NOT_FOUND", "destination of this funding account", id)
            }
            Self::AssetNotFound(code) => Problem::not_found("ASSET_NOT_FOUND", "asset on the network", code),
            Self::Refused { code, reason, message } => Problem::user(*code, reason, message.clone()),
            Self::Mirror(_) => {
                Problem::unavailable("MIRROR_UNAVAILABLE", "the mirror node cannot be asked now")
            }
            Self::Keyring(error) => error.problem(),
            Self::Idempotency(IdempotencyError::Reused) => Problem::user(
                Code::AlreadyExists,
                "IDEMPOTENCY_KEY_REUSED",
                "this idempotency key was used for another request",
            ),
            Self::Database(PgError::Unreachable { .. } | PgError::Pool(_)) | Self::Overtaken => {
                Problem::unavailable("DATABASE_UNAVAILABLE", "the database cannot be used now")
            }
            Self::Store(StoreError::Query(error)) if pg::is_lock_timeout(error) => {
                Problem::unavailable("LOCK_TIMEOUT", "another transaction did not end in time; try again")
            }
            Self::DayLimitReached
            | Self::DayLimitTooLow
            | Self::Prepare(_)
            | Self::Idempotency(_)
            | Self::Store(_)
            | Self::Database(_) => Problem::internal(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        to_status(&error)
    }
}
