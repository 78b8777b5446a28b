//! Puts a sync into the queue, unless the asset has one there.

use std::time::SystemTime;

use diesel_async::AsyncPgConnection;
use ids::{AssetId, IdSource, SyncId};

use crate::domain::{Sync, SyncProgress};
use crate::error::Error;
use crate::store::jobs::Work;
use crate::store::{jobs, syncs};

/// One round finds a sync that has not ended or makes one; another is needed only when one ended in between.
const ROUNDS_MAX: usize = 5;

/// The asset's sync that has not ended, new or not. Call it in a transaction.
pub(super) async fn enqueue_sync(
    conn: &mut AsyncPgConnection,
    ids: &dyn IdSource,
    asset_id: AssetId,
    at: SystemTime,
) -> Result<Sync, Error> {
    for _ in 0..ROUNDS_MAX {
        if let Some(active) = syncs::active(conn, asset_id).await? {
            return Ok(active);
        }
        let id = SyncId::new(ids);
        if syncs::insert(conn, id, asset_id, at).await? {
            jobs::enqueue(conn, Work::Sync(id), asset_id).await?;
            return Ok(Sync { id, asset_id, created_at: at, progress: SyncProgress::Pending });
        }
    }
    Err(Error::Contended(asset_id))
}
