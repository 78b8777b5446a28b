//! Lets halted runs go on whose cause is gone.

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{Context, resume_halted};

/// The longest time between looks. Each asks the mirror node about each halted run whose own wait is over.
const PERIOD_MAX: Duration = Duration::from_secs(30);

/// Looks until `shutdown`.
pub(crate) async fn run(ctx: Arc<Context>, shutdown: Shutdown) {
    let period = ctx.tuning.recovery().clamp(Duration::from_millis(50), PERIOD_MAX);
    while shutdown.sleep(period).await {
        if let Err(error) = resume_halted::resume_all(&ctx).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what halted runs could not be looked at; trying again"
            );
        }
    }
}
