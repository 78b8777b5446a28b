//! Ends runs whose last worker died between its last batch and the run's end.

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{Context, finish_run};

const PERIOD: Duration = Duration::from_secs(1);

/// Looks once a second until `shutdown`.
pub(crate) async fn run(ctx: Arc<Context>, shutdown: Shutdown) {
    while shutdown.sleep(PERIOD).await {
        if let Err(error) = finish_run::finish_all(&ctx).await {
            tracing::error!(%error, "runs could not be ended; trying again");
        }
    }
}
