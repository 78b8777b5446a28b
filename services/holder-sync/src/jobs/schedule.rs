//! Starts periodic syncs when they are due.

use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{self, App};

/// Looks every `interval` which assets are due, until `shutdown`.
pub(crate) async fn schedule(app: App, interval: Duration, shutdown: Shutdown) {
    while shutdown.sleep(interval).await {
        if let Err(error) = app::schedule_due(&app).await {
            tracing::error!(error = &error as &dyn std::error::Error, "periodic syncs could not be started");
        }
    }
}
