//! Starts the periodic syncs that are due.

use std::sync::Arc;

use super::App;
use super::enqueue_sync::enqueue_sync;
use crate::domain::{SyncSettings, due_after};
use crate::error::Error;
use crate::store::tracked_assets;

/// Assets taken in one transaction.
const BATCH_MAX: u32 = 100;
/// Transactions in one go; the next go takes the rest.
const BATCHES_MAX: usize = 100;

/// Starts a sync of every asset whose time has come and that has none under way. Any number of replicas may: each passes over
/// the assets another has in hand.
pub(crate) async fn schedule_due(app: &App) -> Result<(), Error> {
    for _ in 0..BATCHES_MAX {
        let started = schedule_batch(app).await?;
        if started > 0 {
            app.work_waits.notify_one();
        }
        if started < BATCH_MAX as usize {
            break;
        }
    }
    Ok(())
}

async fn schedule_batch(app: &App) -> Result<usize, Error> {
    let (ids, now) = (Arc::clone(&app.ids), app.clock.now());
    let mut conn = app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        let due = tracked_assets::lock_due(conn, now, BATCH_MAX).await?;
        for asset in &due {
            enqueue_sync(conn, ids.as_ref(), asset.id, now).await?;
            let SyncSettings { interval_s, next_at } = asset.settings;
            let next_at = Some(due_after(next_at.unwrap_or(now), now, interval_s));
            tracked_assets::set_settings(conn, asset.id, &SyncSettings { interval_s, next_at }).await?;
        }
        Ok(due.len())
    })
    .await
}
