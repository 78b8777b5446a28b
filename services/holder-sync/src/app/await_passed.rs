//! Waits until the mirror node has passed a time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::App;
use super::work::Stop;
use crate::domain::JobFailure;
use crate::store::jobs::Lease;

/// How often the mirror node is looked at while it has not passed the time.
const LOOK: Duration = Duration::from_millis(250);

/// Mirror nodes take in all that happened in its order. So only one that has passed `at_ns` shows what was stored last before
/// it, what a token was then, and what its holders are: one that stalled shows a past of any age as the newest. Blocks close
/// every two seconds, so that a time of now is waited for here, once; what takes longer waits in the queue.
pub(super) async fn await_passed(app: &App, lease: &Lease, at_ns: i64) -> Result<(), Stop> {
    let patience = if lease.failures == 0 { app.pace.block_wait } else { Duration::ZERO };
    let until = Instant::now() + patience;
    while let Some(end_ns) = app.balances.still_at(at_ns).await? {
        if Instant::now() >= until {
            let cause = format!("the time is {at_ns}, the newest block ends at {end_ns}");
            return Err(Stop::because(JobFailure::MIRROR_NOT_PAST, cause));
        }
        sleep(LOOK).await;
    }
    Ok(())
}
