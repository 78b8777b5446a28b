//! Notices when the data lives in another database cluster than before, and looks for what it may have forgotten.

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{Context, sweep};

/// Between looks while nothing is to be looked for, and the age to which a heartbeat gets.
const PERIOD: Duration = Duration::from_secs(2);

/// Looks until `shutdown`; more often while a sweep is wanted.
pub(crate) async fn run(ctx: Arc<Context>, shutdown: Shutdown) {
    loop {
        let wait = match sweep::keep(&ctx).await {
            Ok(false) => PERIOD,
            Ok(true) => sweep::period(&ctx.tuning),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the network could not be looked through for forgotten payments; trying again"
                );
                sweep::period(&ctx.tuning)
            }
        };
        let wanted = ctx.sweep.notified();
        tokio::select! {
            () = wanted => {}
            goes_on = shutdown.sleep(wait) => if !goes_on { return },
        }
    }
}
