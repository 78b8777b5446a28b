//! One sync, and how current an asset's holders are.

use std::time::SystemTime;

use ids::{AssetId, SyncId};

use super::settings::SyncSettings;

/// A reading of all balances of one asset's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sync {
    /// Its id.
    pub id: SyncId,
    /// The asset.
    pub asset_id: AssetId,
    /// When it was asked for.
    pub created_at: SystemTime,
    /// How far it came.
    pub progress: SyncProgress,
}

/// How far a sync came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SyncProgress {
    /// Accepted, not begun.
    Pending,
    /// The mirror node is being read.
    Running,
    /// All pages were read and recorded.
    Succeeded {
        /// When.
        ended_at: SystemTime,
        /// The network's time of the balances, nanoseconds since the epoch.
        consensus_ns: i64,
        /// Holders with a balance above zero.
        holder_count: u64,
        /// Holders whose balance differed from the sync before.
        changed_count: u64,
    },
    /// Given up.
    Failed {
        /// When.
        ended_at: SystemTime,
        /// Stable reason.
        reason: String,
    },
}

/// An asset whose holders are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrackedAsset {
    /// The asset.
    pub id: AssetId,
    /// Its token's id on the network.
    pub token_id: String,
    /// How it is kept current.
    pub settings: SyncSettings,
    /// What the last successful sync said; none before the first.
    pub last_success: Option<LastSuccess>,
}

/// What the last successful sync of an asset said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastSuccess {
    /// When it ended.
    pub at: SystemTime,
    /// The network's time of its balances, nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// Holders with a balance above zero.
    pub holder_count: u64,
    /// The token's total supply in that state, smallest units.
    pub total_supply: u128,
    /// The number of the token's treasury account.
    pub treasury_num: u64,
}

/// An asset with its last sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyncStatus {
    /// The asset.
    pub asset: TrackedAsset,
    /// The last sync, ended or not; none before the first.
    pub last_sync: Option<Sync>,
}
