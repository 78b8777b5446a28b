//! Typed ids: what kind of thing an id names is part of its type, and of its text.
//!
//! An id is a `UUIDv7` (so that ids made one after another sort one after another, and indexes grow at their
//! end). Its text is a prefix of three letters, an underscore and 32 lowercase hexadecimal digits, and there is
//! one text for each id: the parser takes exactly what `Display` writes, so that texts may be compared, hashed
//! and signed.
//!
//! No IO. Randomness and time come in through [`IdSource`].

mod parse;
mod payout;
mod source;
mod typed;

pub use parse::ParseIdError;
pub use payout::PayoutId;
pub use source::{IdSource, SystemIds};
pub use typed::{
    AlertId, AssetId, AttemptId, AuditId, DistributionId, FundingAccountId, IngestFileId, PauseId, RunId,
    ScheduleId, SnapshotId, SyncId, WithdrawalId,
};
pub use uuid::Uuid;
