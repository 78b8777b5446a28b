//! The use cases, one file each. Every one that changes something is told who acts.

mod await_passed;
mod enqueue_sync;
mod get_balance_at;
mod list_balance_history;
mod list_holders;
mod read_balances;
mod register_asset;
mod schedule_due;
mod snapshots;
mod sweep;
mod sync_holders;
mod sync_status;
mod take_snapshot;
mod update_sync_settings;
mod work;
mod work_snapshot;
mod work_sync;

use std::sync::Arc;
use std::time::Duration;

use ids::{AssetId, IdSource};
use pg::{Conn, Pool};
use service_kit::clock::Clock;
use tokio::sync::Notify;

use crate::clients::BalanceReader;
use crate::domain::TrackedAsset;
use crate::error::Error;
use crate::store::tracked_assets;

pub(crate) use get_balance_at::get_balance_at;
pub(crate) use list_balance_history::list_balance_history;
pub(crate) use list_holders::{HolderPage, Search, list_holders};
pub(crate) use register_asset::register_asset;
pub(crate) use schedule_due::schedule_due;
pub(crate) use snapshots::{get_snapshot, list_snapshots, snapshot_holders, stream_snapshot};
pub(crate) use sweep::sweep;
pub(crate) use sync_holders::sync_holders;
pub(crate) use sync_status::{batch_get_sync_status, get_sync_status};
pub(crate) use take_snapshot::{TakeSnapshot, take_snapshot};
pub(crate) use update_sync_settings::update_sync_settings;
pub(crate) use work::work_next;

/// How work is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How long work is ours without a sign of life.
    pub lease: Duration,
    /// The pause after a first failure; it doubles with each.
    pub retry_first: Duration,
    /// How long work waits at first for the mirror node to pass the time that is read.
    pub block_wait: Duration,
    /// How much older than a record time the stored balances may be that a snapshot of it takes.
    pub stored_age_max: Duration,
    /// Seconds between periodic syncs of an asset that nobody set otherwise.
    pub interval_s: u32,
}

/// What the use cases work with.
#[derive(Clone)]
pub(crate) struct App {
    /// This service's database.
    pub pool: Pool,
    /// The same as a URL, for COPY.
    pub database_url: Arc<str>,
    /// The mirror node.
    pub balances: BalanceReader,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// How work is paced.
    pub pace: Pace,
    /// Wakes a worker when there is work.
    pub work_waits: Arc<Notify>,
}

impl App {
    async fn conn(&self) -> Result<Conn<'_>, Error> {
        Ok(self.pool.get().await?)
    }

    async fn asset(&self, id: AssetId) -> Result<TrackedAsset, Error> {
        tracked_assets::find(&mut *self.conn().await?, id).await?.ok_or(Error::AssetNotFound(id))
    }
}
