//! What can go wrong here, each with a stable reason, and the one place that says what the caller is told.

use ids::{AssetId, DistributionId, FundingAccountId, IngestFileId, ScheduleId, SnapshotId};
use pg::PgError;
use pg::idempotency::IdempotencyError;
use schedule::ScheduleError;
use service_kit::error::{Detail, Failure, Problem, to_status};
use tonic::{Code, Status};

use crate::clients::PeerError;
use crate::domain::calculation::CalculationError;
use crate::domain::kind::Duty;
use crate::domain::preview::Obstacle;
use crate::domain::schedule::{NotSteered, Steer};
use crate::domain::state::{Action, NotAllowed};
use crate::refusal::Refusal;
use crate::store::StoreError;
use crate::time;

/// An operation of this service failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request does not fit (`INVALID_ARGUMENT` and its kin).
    #[error(transparent)]
    Request(#[from] Problem),
    /// `NOT_FOUND`, reason `DISTRIBUTION_NOT_FOUND`.
    #[error("distribution {0} does not exist")]
    DistributionNotFound(DistributionId),
    /// `NOT_FOUND`, reason `ASSET_NOT_FOUND`.
    #[error("asset {0} does not exist")]
    AssetNotFound(AssetId),
    /// `NOT_FOUND`, reason `FUNDING_ACCOUNT_NOT_FOUND`.
    #[error("funding account {0} does not exist")]
    FundingAccountNotFound(FundingAccountId),
    /// `NOT_FOUND`, reason `SNAPSHOT_NOT_FOUND`.
    #[error("snapshot {0} does not exist")]
    SnapshotNotFound(SnapshotId),
    /// `FAILED_PRECONDITION`, reason `PAYMENT_TOKEN_NOT_ACCEPTED`.
    #[error("payment token {0} is not accepted")]
    PaymentTokenNotAccepted(String),
    /// `FAILED_PRECONDITION`, reason `ASSET_PAUSED`.
    #[error("asset {0} is paused")]
    AssetPaused(AssetId),
    /// `FAILED_PRECONDITION`, reason `ACTION_NOT_ALLOWED`.
    #[error("distribution {id}: {source}")]
    ActionNotAllowed {
        /// The distribution.
        id: DistributionId,
        /// What was asked for, and what can be done.
        source: NotAllowed,
    },
    /// A change or an approval is refused, with the reason of [`Refusal`].
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// `NOT_FOUND`, reason `INGEST_FILE_NOT_FOUND`.
    #[error("file {0} does not exist")]
    IngestFileNotFound(IngestFileId),
    /// `ALREADY_EXISTS`, reason `FILE_ALREADY_ACCEPTED`.
    #[error("the same bytes were accepted as file {0}")]
    FileAlreadyAccepted(IngestFileId),
    /// `ABORTED`, reason `UPLOAD_BROKEN`.
    #[error("the upload broke off: {0}")]
    UploadBroken(String),
    /// `UNAVAILABLE`, reason `INGEST_BUSY`.
    #[error("as many files are being read as may be, or one with the same references is being stored")]
    IngestBusy,
    /// Never told: the decision is made again.
    #[error("another file was accepted meanwhile")]
    FileOvertaken,
    /// `NOT_FOUND`, reason `SCHEDULE_NOT_FOUND`.
    #[error("schedule {0} does not exist")]
    ScheduleNotFound(ScheduleId),
    /// `NOT_FOUND`, reason `OCCURRENCE_NOT_FOUND`.
    #[error("schedule {0} has no occurrence of the number {1}")]
    OccurrenceNotFound(ScheduleId, u64),
    /// `FAILED_PRECONDITION`, reason `ACTION_NOT_ALLOWED`.
    #[error("schedule {id}: {source}")]
    NotSteered {
        /// The schedule.
        id: ScheduleId,
        /// What was asked for, and where it stands.
        source: NotSteered,
    },
    /// `FAILED_PRECONDITION`, with the reason of [`Overtaken::reason`].
    #[error("schedule {0}: {1:?}")]
    Overtaken(ScheduleId, Overtaken),
    /// Ours: a rule that was checked when it was saved.
    #[error("the rule of schedule {id} gives no answer")]
    Rule {
        /// The schedule.
        id: ScheduleId,
        /// Why.
        source: ScheduleError,
    },
    /// `FAILED_PRECONDITION`, reason `IS_A_REDEMPTION` or `NOT_A_REDEMPTION`.
    #[error("distribution {id} is no work of the duty {duty:?}")]
    OtherDuty {
        /// The distribution.
        id: DistributionId,
        /// What the caller's method is for.
        duty: Duty,
    },
    /// `FAILED_PRECONDITION`, reason `BOND_NOT_MATURED`.
    #[error("bond {asset} matures at {maturity_ns} ns")]
    BondNotMatured {
        /// The bond.
        asset: AssetId,
        /// When its principal is due, in nanoseconds since the epoch.
        maturity_ns: i64,
    },
    /// `FAILED_PRECONDITION`, reason `FUNDING_SHORT`, `FEE_BALANCE_SHORT` or `NO_PAYEES`.
    #[error("not executed: {}", .0.message())]
    Obstacle(Obstacle),
    /// `FAILED_PRECONDITION`, reason `SNAPSHOT_FAILED`.
    #[error("snapshot {id} failed: {reason}")]
    SnapshotFailed {
        /// The snapshot.
        id: SnapshotId,
        /// The holder service's reason.
        reason: String,
    },
    /// `UNAVAILABLE`, reason `SNAPSHOT_NOT_READY`; the preview can be repeated with the snapshot.
    #[error("snapshot {0} was not ready in time")]
    SnapshotNotReady(SnapshotId),
    /// `FAILED_PRECONDITION`, with the reason of [`CalculationError::reason`].
    #[error("the calculation is impossible: {0}")]
    Calculation(#[from] CalculationError),
    /// `UNAVAILABLE`, reason `<SERVICE>_UNAVAILABLE`; ours when the answer cannot be used.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// `ALREADY_EXISTS`, reason `IDEMPOTENCY_KEY_REUSED`; otherwise ours.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// Ours.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `UNAVAILABLE`, reason `DATABASE_UNAVAILABLE`, when no connection is to be had.
    #[error(transparent)]
    Database(#[from] PgError),
    /// A task of ours died.
    #[error("a calculation died")]
    Died(#[from] tokio::task::JoinError),
    /// Two parts of ours disagree.
    #[error("the entitlements cannot be hashed: {0}")]
    Root(#[from] entitlements::LeafError),
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

/// A schedule is not as the caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overtaken {
    /// Somebody changed it.
    Version,
    /// Somebody changed its timing.
    Series,
    /// The occurrence has fired, or was passed over.
    Occurrence,
    /// An occurrence of the timing that is to change is being fired.
    BeingFired,
}

impl Overtaken {
    /// The stable reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Version => "VERSION_CHANGED",
            Self::Series => "SERIES_CHANGED",
            Self::Occurrence => "OCCURRENCE_PASSED",
            Self::BeingFired => "OCCURRENCE_DUE",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Version => "somebody changed the schedule meanwhile; read it again",
            Self::Series => "somebody changed the schedule's timing meanwhile; list its occurrences again",
            Self::Occurrence => "this occurrence has fired, or was passed over",
            Self::BeingFired => "an occurrence is due and being fired; try again in a moment",
        }
    }
}

impl Error {
    /// Whether the holder of a lease found that somebody else has it.
    pub const fn is_lease_lost(&self) -> bool {
        matches!(self, Self::Store(StoreError::LeaseLost))
    }

    /// Whether a statement gave up waiting for what another transaction has locked.
    pub fn is_lock_timeout(&self) -> bool {
        let (Self::Store(StoreError::Rows(pg::StoreError::Query(query)))
        | Self::Idempotency(IdempotencyError::Query(query))
        | Self::Database(PgError::Query(query))) = self
        else {
            return false;
        };
        pg::is_lock_timeout(query)
    }

    /// Whether a calculation counts no more, because another redemption of the asset came first.
    pub const fn is_overtaken(&self) -> bool {
        matches!(self, Self::Store(StoreError::Overtaken))
    }
}

/// What stands against it, with its subject.
pub(crate) fn precondition(
    reason: &'static str,
    subject: &dyn std::fmt::Display,
    message: impl Into<String>,
) -> Problem {
    let message = message.into();
    Problem::user(Code::FailedPrecondition, reason, message.clone()).with(Detail::Precondition {
        kind: reason,
        subject: subject.to_string(),
        description: message,
    })
}

impl Failure for Error {
    fn problem(&self) -> Problem {
        match self {
            Self::Request(problem) => problem.clone(),
            Self::DistributionNotFound(id) => {
                Problem::not_found("DISTRIBUTION_NOT_FOUND", "distribution", id)
            }
            Self::AssetNotFound(id) => Problem::not_found("ASSET_NOT_FOUND", "asset", id),
            Self::FundingAccountNotFound(id) => {
                Problem::not_found("FUNDING_ACCOUNT_NOT_FOUND", "funding account", id)
            }
            Self::SnapshotNotFound(id) => Problem::not_found("SNAPSHOT_NOT_FOUND", "snapshot", id),
            Self::PaymentTokenNotAccepted(code) => precondition(
                "PAYMENT_TOKEN_NOT_ACCEPTED",
                code,
                "somebody with the role PAYMENT_TOKEN_MANAGER has to accept this payment token first",
            ),
            Self::AssetPaused(id) => {
                precondition("ASSET_PAUSED", id, "the asset is paused; unpause it first")
            }
            Self::ActionNotAllowed { id, source } => not_allowed(*id, source),
            Self::Refused(refusal) => refusal.problem(),
            Self::IngestFileNotFound(id) => Problem::not_found("INGEST_FILE_NOT_FOUND", "file", id),
            Self::FileAlreadyAccepted(id) => file_already_accepted(*id),
            Self::UploadBroken(why) => upload_broken(why),
            Self::IngestBusy => ingest_busy(),
            Self::ScheduleNotFound(id) => Problem::not_found("SCHEDULE_NOT_FOUND", "schedule", id),
            Self::OccurrenceNotFound(_, number) => Problem::not_found(
                "OCCURRENCE_NOT_FOUND",
                "occurrence of this series with the number",
                number,
            ),
            Self::NotSteered { id, source } => not_steered(*id, source),
            Self::Overtaken(id, how) => precondition(how.reason(), id, how.message()),
            Self::OtherDuty { id, duty: Duty::Payout } => {
                precondition("IS_A_REDEMPTION", id, "this is a redemption; RedemptionService changes it")
            }
            Self::OtherDuty { id, duty: Duty::Cashout } => {
                precondition("NOT_A_REDEMPTION", id, "this is no redemption; DistributionService changes it")
            }
            Self::BondNotMatured { asset, maturity_ns } => bond_not_matured(*asset, *maturity_ns),
            Self::Obstacle(obstacle) => obstacle_problem(obstacle),
            Self::SnapshotFailed { id, reason } => {
                precondition("SNAPSHOT_FAILED", id, "the holders' balances could not be frozen")
                    .with(Detail::Meta("cause", reason.clone()))
            }
            Self::SnapshotNotReady(id) => Problem::unavailable(
                "SNAPSHOT_NOT_READY",
                "balances are still being frozen; ask again with this snapshot",
            )
            .with(Detail::Meta("snapshot_id", id.to_string())),
            Self::Calculation(error) => precondition(error.reason(), &"entitlements", error.to_string()),
            Self::Peer(error) => error.problem(),
            Self::Idempotency(IdempotencyError::Reused) => Problem::user(
                Code::AlreadyExists,
                "IDEMPOTENCY_KEY_REUSED",
                "this idempotency key was used for another request",
            ),
            Self::Database(PgError::Pool(_) | PgError::Unreachable { .. }) => {
                Problem::unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached")
            }
            Self::Idempotency(_)
            | Self::Rule { .. }
            | Self::FileOvertaken
            | Self::Store(_)
            | Self::Database(_)
            | Self::Died(_)
            | Self::Root(_) => Problem::internal(),
        }
    }
}

fn bond_not_matured(asset: AssetId, maturity_ns: i64) -> Problem {
    let maturity = time::timestamp(maturity_ns).to_string();
    precondition("BOND_NOT_MATURED", &asset, format!("the bond matures on {maturity} (UTC)"))
        .with(Detail::Meta("maturity_time", maturity))
}

fn file_already_accepted(earlier: IngestFileId) -> Problem {
    let words = "a file of the same bytes was accepted before; see what became of its distribution";
    Problem::user(Code::AlreadyExists, "FILE_ALREADY_ACCEPTED", words)
        .with(Detail::Meta("ingest_file_id", earlier.to_string()))
}

fn upload_broken(why: &str) -> Problem {
    Problem::user(Code::Aborted, "UPLOAD_BROKEN", format!("the upload broke off: {why}"))
}

fn ingest_busy() -> Problem {
    let words = "other files are being read or stored; send it again with the same key";
    Problem::unavailable("INGEST_BUSY", words)
}

fn not_allowed(id: DistributionId, refused: &NotAllowed) -> Problem {
    let allowed: Vec<&str> = refused.allowed.iter().copied().map(Action::as_str).collect();
    let allowed = allowed.join(",");
    let can = if allowed.is_empty() { "nothing can be done with it" } else { "allowed is" };
    let message = format!("the distribution is {}; {can} {allowed}", refused.phase.as_str());
    precondition("ACTION_NOT_ALLOWED", &id, message.trim_end())
        .with(Detail::Meta("action", refused.action.as_str().to_owned()))
        .with(Detail::Meta("state", refused.phase.as_str().to_owned()))
        .with(Detail::Meta("allowed_actions", allowed))
}

fn not_steered(id: ScheduleId, refused: &NotSteered) -> Problem {
    let allowed: Vec<&str> = refused.stand.allowed().iter().copied().map(Steer::as_str).collect();
    let allowed = allowed.join(",");
    precondition("ACTION_NOT_ALLOWED", &id, format!("the schedule is {}", refused.stand.as_str()))
        .with(Detail::Meta("action", refused.steer.as_str().to_owned()))
        .with(Detail::Meta("state", refused.stand.as_str().to_owned()))
        .with(Detail::Meta("allowed_actions", allowed))
}

fn obstacle_problem(obstacle: &Obstacle) -> Problem {
    let problem = precondition(obstacle.reason(), &"funding", obstacle.message());
    match obstacle {
        Obstacle::NoPayees | Obstacle::FeeOnReceipt => problem,
        Obstacle::FundingShort { have, need } | Obstacle::FeeBalanceShort { have, need } => {
            problem.with(Detail::Meta("have", have.to_string())).with(Detail::Meta("need", need.to_string()))
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        to_status(&error)
    }
}
