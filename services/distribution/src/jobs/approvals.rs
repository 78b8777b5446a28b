//! The loop that ends approvals that have expired, in every replica.

use service_kit::Shutdown;

use super::Pace;
use crate::app::{self, App};

/// Ends what is over until `shutdown`. Executing looks at the time itself: nothing depends on how soon this does.
pub(crate) async fn expire(app: App, pace: Pace, shutdown: Shutdown) {
    while !shutdown.is_triggered() {
        match app::expire_approvals(&app).await {
            // There may be more.
            Ok(expired) if expired > 0 => {}
            Ok(_) => {
                shutdown.sleep(pace.poll * 4).await;
            }
            Err(error) => {
                tracing::error!(%error, "no approval can be looked at");
                shutdown.sleep(pace.poll * 8).await;
            }
        }
    }
}
