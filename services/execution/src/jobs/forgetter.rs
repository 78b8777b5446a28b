//! Removes what hand-overs have stored that were cut off.

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{Context, forget_loads};

const PERIOD: Duration = Duration::from_mins(1);

/// Looks at once, and then once a minute until `shutdown`.
pub(crate) async fn run(ctx: Arc<Context>, shutdown: Shutdown) {
    loop {
        if let Err(error) = forget_loads::forget_old(&ctx).await {
            tracing::error!(%error, "what hand-overs have left could not be removed; trying again");
        }
        if !shutdown.sleep(PERIOD).await {
            return;
        }
    }
}
