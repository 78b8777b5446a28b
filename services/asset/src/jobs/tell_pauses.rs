//! Tells execution of pauses, and of their ends, what the calls could not: it was away, or we died between the two.

use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{self, App};

/// Looks for untold pauses every `interval`, until `shutdown`. Any number of replicas may: execution goes by the highest
/// version, so telling it twice changes nothing.
pub(crate) async fn tell_pauses(app: App, interval: Duration, shutdown: Shutdown) {
    while shutdown.sleep(interval).await {
        if let Err(error) = app::tell_pauses(&app).await {
            tracing::error!(error = &error as &dyn std::error::Error, "execution was not told of pauses");
        }
    }
}
