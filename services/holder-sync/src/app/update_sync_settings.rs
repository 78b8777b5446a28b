//! Turns periodic syncs on or off and sets their interval.

use std::time::Duration;

use futures::FutureExt as _;
use ids::AssetId;
use pg::idempotency::{Answer, Once};

use super::App;
use crate::domain::SyncSettings;
use crate::error::Error;
use crate::store::tracked_assets;

/// Replaces the settings; no interval leaves it as it is. The next periodic sync is due one interval from now.
pub(crate) async fn update_sync_settings<R: Answer>(
    app: &App,
    id: AssetId,
    periodic: bool,
    interval_s: Option<u32>,
    once: &Once<SyncSettings, R, Error>,
) -> Result<R, Error> {
    let now = app.clock.now();
    once.run(&app.pool, move |conn| {
        async move {
            let asset = tracked_assets::find(conn, id).await?.ok_or(Error::AssetNotFound(id))?;
            let interval_s = interval_s.unwrap_or(asset.settings.interval_s);
            let next_at = periodic.then(|| now + Duration::from_secs(interval_s.into()));
            let settings = SyncSettings { interval_s, next_at };
            tracked_assets::set_settings(conn, id, &settings).await?;
            Ok(settings)
        }
        .boxed()
    })
    .await
}
