//! A worker: syncs and snapshots from the queue, one after another.

use std::time::Duration;

use ids::Uuid;
use service_kit::Shutdown;

use crate::app::{self, App};

/// Works until `shutdown`. It looks for work when woken, and every `poll` for work that other replicas left or postponed.
pub(crate) async fn work(app: App, owner: Uuid, poll: Duration, shutdown: Shutdown) {
    while !shutdown.is_triggered() {
        match app::work_next(&app, owner, &shutdown).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "work could not be done"),
        }
        tokio::select! {
            () = app.work_waits.notified() => {}
            _ = shutdown.sleep(poll) => {}
        }
    }
}
