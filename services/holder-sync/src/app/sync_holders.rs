//! Starts a sync on demand.

use std::sync::Arc;

use futures::FutureExt as _;
use ids::AssetId;
use pg::idempotency::{Answer, Once};

use super::App;
use super::enqueue_sync::enqueue_sync;
use crate::domain::Sync;
use crate::error::Error;
use crate::store::tracked_assets;

/// Starts a sync, or finds the one that is pending or running.
pub(crate) async fn sync_holders<R: Answer>(
    app: &App,
    id: AssetId,
    once: &Once<Sync, R, Error>,
) -> Result<R, Error> {
    let (ids, at) = (Arc::clone(&app.ids), app.clock.now());
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                tracked_assets::find(conn, id).await?.ok_or(Error::AssetNotFound(id))?;
                enqueue_sync(conn, ids.as_ref(), id, at).await
            }
            .boxed()
        })
        .await?;
    app.work_waits.notify_one();
    Ok(answer)
}
