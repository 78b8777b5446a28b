//! Makes known to the holder service what an import could not: it was away, or we died between the two.

use std::time::Duration;

use auth::Actor;
use service_kit::Shutdown;

use crate::app::{self, App};

/// Looks for unregistered assets every `interval`, until `shutdown`. Any number of replicas may: telling the holder service
/// twice changes nothing.
pub(crate) async fn register_assets(app: App, interval: Duration, shutdown: Shutdown) {
    let actor = Actor::service(crate::NAME);
    while shutdown.sleep(interval).await {
        if let Err(error) = app::register_assets(&app, &actor).await {
            tracing::error!(error = &error as &dyn std::error::Error, "registration of assets failed");
        }
    }
}
