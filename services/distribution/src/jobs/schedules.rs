//! The loop that fires schedules, in every replica.

use service_kit::Shutdown;

use super::Pace;
use crate::app::{self, App};

/// Fires what is due until `shutdown`. A round under way is finished: it is short, and its commits are not cut off.
pub(crate) async fn fire(app: App, pace: Pace, shutdown: Shutdown) {
    while !shutdown.is_triggered() {
        match app::fire_schedules(&app).await {
            // There may be more.
            Ok(settled) if settled > 0 => {}
            Ok(_) => {
                shutdown.sleep(pace.poll).await;
            }
            Err(error) => {
                tracing::error!(%error, "no schedule can be looked at");
                shutdown.sleep(pace.poll * 8).await;
            }
        }
    }
}
