//! All balances of one token in one consistent state of the network.

use std::time::SystemTime;

use ids::{AssetId, SnapshotId, Uuid};

use super::holder::{Account, HolderKind};

/// A snapshot, ready or on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Its id.
    pub id: SnapshotId,
    /// The asset.
    pub asset_id: AssetId,
    /// The record time asked for, nanoseconds since the epoch.
    pub record_ns: i64,
    /// When it was asked for.
    pub created_at: SystemTime,
    /// How far it came.
    pub progress: SnapshotProgress,
}

/// How far a snapshot came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SnapshotProgress {
    /// Being read.
    Running,
    /// It never changes again.
    Ready(Frozen),
    /// Given up; nothing of it is used.
    Failed {
        /// Stable reason.
        reason: String,
    },
}

/// What a snapshot says once it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frozen {
    /// The network's time all balances are of, nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// Holders with a balance above zero.
    pub holder_count: u64,
    /// Sum of all balances, smallest units.
    pub total_balance: u128,
    /// The token's total supply in that state, smallest units.
    pub total_supply: u128,
    /// Decimals of one whole token.
    pub decimals: u8,
    /// The number of the token's treasury account.
    pub treasury_num: u64,
    /// Which reading's rows are the snapshot.
    pub reading_id: Uuid,
}

/// One holder in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotHolder {
    /// Who.
    pub account: Account,
    /// Smallest units, above zero.
    pub balance: u128,
    /// What sort of holder it is.
    pub kind: HolderKind,
}
