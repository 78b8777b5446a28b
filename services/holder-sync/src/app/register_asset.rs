//! Makes an asset known and starts its first sync.

use std::sync::Arc;
use std::time::Duration;

use hedera::TokenId;
use ids::AssetId;

use super::enqueue_sync::enqueue_sync;
use super::{App, get_sync_status};
use crate::domain::SyncStatus;
use crate::error::Error;
use crate::store::tracked_assets;

/// Follows an asset from now on, with periodic syncs. One that is followed already stays as it is.
pub(crate) async fn register_asset(app: &App, id: AssetId, token: TokenId) -> Result<SyncStatus, Error> {
    let (ids, at, interval_s) = (Arc::clone(&app.ids), app.clock.now(), app.pace.interval_s);
    let token_id = token.to_string();
    let first_due = at + Duration::from_secs(interval_s.into());
    let mut conn = app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        if tracked_assets::insert(conn, id, &token_id, interval_s, first_due, at).await? {
            enqueue_sync(conn, ids.as_ref(), id, at).await?;
        }
        Ok::<(), Error>(())
    })
    .await?;
    drop(conn);
    app.work_waits.notify_one();
    let status = get_sync_status(app, id).await?;
    if status.asset.token_id == token_id { Ok(status) } else { Err(Error::AssetTokenDiffers(id)) }
}
