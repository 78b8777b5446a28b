//! The loop that works on distributions, the one that fires schedules, and the one that ends approvals. They know leases and pauses; what is done is in
//! `app`.

pub(crate) mod approvals;
pub(crate) mod schedules;

use std::sync::Arc;
use std::time::Duration;

use auth::Actor;
use service_kit::Shutdown;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::NAME;
use crate::app::App;
use crate::app::advance::{self, Step};
use crate::store::leases::{Lease, Wake};

const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// How the loop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long a lease lasts when it is not renewed; it is renewed three times in that time.
    pub lease: Duration,
    /// How long to wait when nothing is due.
    pub poll: Duration,
    /// Distributions worked on at the same time by this replica.
    pub parallel_max: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { lease: Duration::from_secs(15), poll: Duration::from_millis(250), parallel_max: 32 }
    }
}

/// Works on what is due until `shutdown`; then gives back what it has.
pub(crate) async fn work(app: App, pace: Pace, shutdown: Shutdown) {
    let permits = Arc::new(Semaphore::new(pace.parallel_max));
    let mut steps = JoinSet::new();
    while !shutdown.is_triggered() {
        // Steps that are done; one that died has lost its lease to whoever takes it next.
        while steps.try_join_next().is_some() {}
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit.expect("the semaphore is never closed"),
            () = shutdown.cancelled() => break,
        };
        match advance::claim(&app, pace.lease).await {
            Ok(Some(lease)) => {
                let (app, shutdown) = (app.clone(), shutdown.clone());
                steps.spawn(async move {
                    take_step(&app, pace, &lease, &shutdown).await;
                    drop(permit);
                });
            }
            Ok(None) => idle(&app, pace, &shutdown).await,
            Err(error) => {
                tracing::error!(%error, "no distribution can be claimed");
                shutdown.sleep(BACKOFF_MAX.min(pace.poll * 8)).await;
            }
        }
    }
    while steps.join_next().await.is_some() {}
}

async fn idle(app: &App, pace: Pace, shutdown: &Shutdown) {
    tokio::select! {
        _ = shutdown.sleep(pace.poll) => {}
        () = app.woken.notified() => {}
    }
}

async fn take_step(app: &App, pace: Pace, lease: &Lease, shutdown: &Shutdown) {
    let stopped = CancellationToken::new();
    let step = Step { app, lease, actor: Actor::service(NAME), stop: stopped.clone() };
    // On the heap: with everything a step does inside it, it is too large for the stack of a caller.
    let work = Box::pin(advance::advance(&step));
    let outcome = tokio::select! {
        outcome = work => outcome,
        never = hold(app, pace, lease, shutdown, &stopped) => match never {},
    };
    let (wake, misses) = match outcome {
        Ok(wake) => (wake, 0),
        Err(error) if error.is_lease_lost() && !shutdown.is_triggered() => {
            tracing::info!(distribution = %lease.id, "another replica has taken over");
            return;
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(distribution = %lease.id, misses = lease.misses, %error, cause, "step not done");
            (Wake::After(backoff(lease.misses)), lease.misses.saturating_add(1))
        }
    };
    let wake = if shutdown.is_triggered() { Wake::After(Duration::ZERO) } else { wake };
    if let Err(error) = advance::release(app, lease, wake, misses).await {
        tracing::warn!(distribution = %lease.id, %error, "lease not given back; it will run out");
    }
    if wake == Wake::After(Duration::ZERO) {
        app.woken.notify_one();
    }
}

/// Renews the lease for as long as the step takes. A lease that cannot be renewed, and the end of the service, stop the
/// step where that is safe; it is never dropped in the middle of a write.
async fn hold(
    app: &App,
    pace: Pace,
    lease: &Lease,
    shutdown: &Shutdown,
    stopped: &CancellationToken,
) -> std::convert::Infallible {
    while shutdown.sleep(pace.lease / 3).await {
        match advance::renew(app, lease, pace.lease).await {
            Ok(()) => {}
            Err(error) if error.is_lease_lost() => break,
            Err(error) => tracing::warn!(distribution = %lease.id, %error, "lease not renewed"),
        }
    }
    stopped.cancel();
    std::future::pending().await
}

/// Doubled with each miss.
fn backoff(misses: u32) -> Duration {
    BACKOFF_FIRST.saturating_mul(1_u32.checked_shl(misses).unwrap_or(u32::MAX)).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::{BACKOFF_MAX, backoff};
    use std::time::Duration;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        assert_eq!(backoff(0), Duration::from_millis(250));
        assert_eq!(backoff(3), Duration::from_secs(2));
        for misses in [7, 31, 32, u32::MAX] {
            assert_eq!(backoff(misses), BACKOFF_MAX);
        }
    }
}
