//! Workers: each takes a batch, works on it, and looks for the next.

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;

use crate::app::{Context, finish_run, work};
use crate::error::Error;
use crate::store::runs;

/// Runs a worker looks at in one round.
const RUNS_PER_ROUND: u32 = 32;
/// Batches of one run in a row, before a worker looks whether another run waits.
const VISITS_PER_ROUND: u32 = 64;
/// Wait after a failure of ours, so that a database that is away is not asked in a circle.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

/// Works until `shutdown`. The `index` spreads workers over the slots of a run.
pub(crate) async fn run(ctx: Arc<Context>, index: u32, shutdown: Shutdown) {
    let idle = Duration::from_millis(ctx.tuning.idle_ms);
    while !shutdown.is_triggered() {
        match round(&ctx, index, &shutdown).await {
            Ok(true) => {}
            Ok(false) => {
                let rung = ctx.wake.notified();
                tokio::select! {
                    () = rung => {}
                    _ = shutdown.sleep(idle) => {}
                }
            }
            // Another worker was first, or the lease was lost: nothing was written, and that worker goes on.
            Err(Error::Overtaken) => tracing::warn!("another worker has taken the batch over"),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a batch could not be worked on; trying again"
                );
                shutdown.sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// Works on what is due; says whether anything was.
async fn round(ctx: &Context, index: u32, shutdown: &Shutdown) -> Result<bool, Error> {
    let due = {
        let mut conn = ctx.conn().await?;
        runs::with_due_batches(&mut conn, RUNS_PER_ROUND).await?
    };
    let mut worked = false;
    for run in due {
        let slots = run.parallelism.min(ctx.tuning.workers.max(1));
        for offset in 0..slots {
            let slot = (index + offset) % run.parallelism;
            let mut visits = 0;
            while visits < VISITS_PER_ROUND
                && !shutdown.is_triggered()
                && work::visit(ctx, run.id, slot).await?
            {
                visits += 1;
            }
            if visits == 0 {
                continue;
            }
            worked = true;
            if visits < VISITS_PER_ROUND {
                // Nothing more is due: this may have been the run's last batch.
                finish_run::finish(ctx, run.id).await?;
            }
            break;
        }
    }
    Ok(worked)
}
