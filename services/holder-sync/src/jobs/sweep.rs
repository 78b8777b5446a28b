//! Lets go of what dead readers left.

use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{self, App};

const INTERVAL: Duration = Duration::from_mins(10);

/// Looks for dead readings at the start and now and then, until `shutdown`.
pub(crate) async fn sweep(app: App, shutdown: Shutdown) {
    loop {
        if let Err(error) = app::sweep(&app).await {
            tracing::error!(error = &error as &dyn std::error::Error, "dead readings could not be let go");
        }
        if !shutdown.sleep(INTERVAL).await {
            return;
        }
    }
}
