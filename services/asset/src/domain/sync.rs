//! How current the holders of an asset are, as the holder service says.

use std::time::SystemTime;

/// How far the last sync came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyncState {
    /// Accepted, not begun.
    Pending,
    /// The mirror node is being read.
    Running,
    /// The holders are those of the stated time.
    Succeeded,
    /// The last try failed; the holders are those of the sync before.
    Failed,
}

/// The last sync of an asset's holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyncSummary {
    /// How far it came.
    pub state: SyncState,
    /// When the last successful one ended.
    pub synced_at: Option<SystemTime>,
    /// Holders with a balance above zero.
    pub holder_count: u64,
    /// Stable reason of the last failure, empty when there was none.
    pub failure_reason: String,
}
