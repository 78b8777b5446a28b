//! What holders, syncs and snapshots are, and the rules they follow. Pure: no clock, no randomness, no IO.
//!
//! Accounts are numbers here: everything on a Hedera network is in shard 0 and realm 0, and a reading that says otherwise
//! is refused.

mod failure;
mod holder;
mod settings;
mod snapshot;
mod sync;

pub(crate) use failure::{ABANDONED, BEGINNINGS_MAX, JobFailure, backoff};
pub(crate) use holder::{Account, BalanceChange, Holder, HolderKind, HolderOrder, HolderPosition, share_ppb};
pub(crate) use settings::{INTERVAL_S_MAX, INTERVAL_S_MIN, SyncSettings, due_after};
pub(crate) use snapshot::{Frozen, Snapshot, SnapshotHolder, SnapshotProgress};
pub(crate) use sync::{LastSuccess, Sync, SyncProgress, SyncStatus, TrackedAsset};
