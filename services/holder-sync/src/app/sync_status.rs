//! How current the holders of assets are.

use ids::AssetId;

use super::App;
use crate::domain::{Sync, SyncStatus};
use crate::error::Error;
use crate::store::{syncs, tracked_assets};

/// One asset's status.
pub(crate) async fn get_sync_status(app: &App, id: AssetId) -> Result<SyncStatus, Error> {
    batch_get_sync_status(app, &[id]).await?.pop().ok_or(Error::AssetNotFound(id))
}

/// The status of those of these assets that are known, in no order.
pub(crate) async fn batch_get_sync_status(app: &App, ids: &[AssetId]) -> Result<Vec<SyncStatus>, Error> {
    let mut conn = app.conn().await?;
    let assets = tracked_assets::find_all(&mut conn, ids).await?;
    let mut last: Vec<Sync> = syncs::last_of(&mut conn, ids).await?;
    last.sort_unstable_by_key(|sync| sync.asset_id);
    let of = |id: AssetId| {
        let found = last.binary_search_by_key(&id, |sync| sync.asset_id).ok()?;
        last.get(found).cloned()
    };
    Ok(assets.into_iter().map(|asset| SyncStatus { last_sync: of(asset.id), asset }).collect())
}
