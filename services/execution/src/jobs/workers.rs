//! Workers: each takes batches of a run, works on them, and looks for the next.

use std::sync::Arc;
use std::time::Duration;

use hedera::transfer::RECIPIENTS_MAX;
use service_kit::Shutdown;

use crate::app::{Context, finish_run, work};
use crate::clients::hedera_rail::PACE_PATIENCE;
use crate::config::Tuning;
use crate::error::Error;
use crate::store::runs;

/// Runs a worker looks at in one round.
const RUNS_PER_ROUND: u32 = 32;
/// Visits to one run in a row, before a worker looks whether another run waits.
const VISITS_PER_ROUND: u32 = 64;
/// Payouts of a visit to more than one batch, at most: as many as a single batch can have.
const PAYOUTS_PER_VISIT: u32 = 1000;
/// Wait after a failure of ours, so that a database that is away is not asked in a circle.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

/// Works until `shutdown`. The `index` spreads workers over the slots of a run.
pub(crate) async fn run(ctx: Arc<Context>, index: u32, shutdown: Shutdown) {
    let idle = Duration::from_millis(ctx.tuning.idle_ms);
    while !shutdown.is_triggered() {
        match round(&ctx, index, &shutdown).await {
            Ok(Round::Worked) => {}
            Ok(Round::Idle) => {
                let rung = ctx.wake.notified();
                tokio::select! {
                    () = rung => {}
                    _ = shutdown.sleep(idle) => {}
                }
            }
            Ok(Round::Failed) => {
                shutdown.sleep(PAUSE_AFTER_ERROR).await;
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no work can be looked for; trying again"
                );
                shutdown.sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// Some batch was worked on.
    Worked,
    /// None was due.
    Idle,
    /// None was worked on, and at least one could not be.
    Failed,
}

/// Works on what is due. A run that cannot be worked on keeps none of the others waiting.
async fn round(ctx: &Context, index: u32, shutdown: &Shutdown) -> Result<Round, Error> {
    let due = {
        let mut conn = ctx.conn().await?;
        runs::with_due_batches(&mut conn, RUNS_PER_ROUND).await?
    };
    let mut came_to = Round::Idle;
    for run in due {
        match work_on(ctx, index, &run, shutdown).await {
            Ok(true) => came_to = Round::Worked,
            Ok(false) => {}
            // Another worker was first, or the lease was lost: nothing was written, and that worker goes on.
            Err(Error::Overtaken) => {
                tracing::warn!(run = %run.id, "another worker has taken the batch over");
                came_to = Round::Worked;
            }
            // Not this run's alone.
            Err(error @ Error::Database(_)) => return Err(error),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(run = %run.id, error, "a batch could not be worked on; trying again");
                if came_to == Round::Idle {
                    came_to = Round::Failed;
                }
            }
        }
    }
    Ok(came_to)
}

/// Works on batches of one run, on the first share of its slots that has any for this worker; says whether there was one.
async fn work_on(ctx: &Context, index: u32, run: &runs::Active, shutdown: &Shutdown) -> Result<bool, Error> {
    let (shares, payouts) = (shares(run, ctx.tuning.workers), payouts_per_visit(&ctx.tuning));
    for offset in 0..shares {
        let slots = share(run, shares, (index + offset) % shares, payouts);
        let mut visits = 0;
        while visits < VISITS_PER_ROUND
            && !shutdown.is_triggered()
            && work::visit(ctx, run.id, &slots).await?
        {
            visits += 1;
        }
        if visits == 0 {
            continue;
        }
        if visits < VISITS_PER_ROUND {
            // Nothing more is due: this may have been the run's last batch.
            finish_run::finish(ctx, run.id).await?;
        }
        return Ok(true);
    }
    Ok(false)
}

/// Into how many shares the run's slots go: one for each worker, where there are as many.
fn shares(run: &runs::Active, workers: u32) -> u32 {
    run.parallelism.min(workers.max(1))
}

/// The slots of one share: every slot of a run is in one, but for those beyond what a visit pays at the same time.
fn share(run: &runs::Active, shares: u32, index: u32, payouts: u32) -> Vec<u32> {
    let at_once = (payouts / run.batch_size).max(1);
    let step = usize::try_from(shares).unwrap_or(usize::MAX);
    (index..run.parallelism).step_by(step).take(usize::try_from(at_once).unwrap_or(usize::MAX)).collect()
}

/// How many payouts a visit to more than one batch pays: so few that the pace lets all workers send theirs in half the time
/// for which a transaction waits its turn.
fn payouts_per_visit(tuning: &Tuning) -> u32 {
    if tuning.transactions_per_second == 0 {
        return PAYOUTS_PER_VISIT;
    }
    let seconds = PACE_PATIENCE.as_secs() / 2;
    let recipients = u64::try_from(RECIPIENTS_MAX).unwrap_or(u64::MAX);
    let payouts = seconds * u64::from(tuning.transactions_per_second) * recipients;
    let each = payouts / u64::from(tuning.workers.max(1));
    u32::try_from(each).map_or(PAYOUTS_PER_VISIT, |each| each.min(PAYOUTS_PER_VISIT))
}

#[cfg(test)]
mod tests {
    use ids::{RunId, SystemIds};

    use super::{PAYOUTS_PER_VISIT, payouts_per_visit, share, shares};
    use crate::config::Tuning;
    use crate::store::runs::Active;

    fn run(parallelism: u32, batch_size: u32) -> Active {
        Active { id: RunId::new(&SystemIds), parallelism, batch_size }
    }

    fn all_shares(run: &Active, workers: u32, payouts: u32) -> Vec<Vec<u32>> {
        let shares = shares(run, workers);
        (0..shares).map(|index| share(run, shares, index, payouts)).collect()
    }

    #[test]
    fn workers_share_the_slots_of_a_run_and_no_slot_is_in_two_shares() {
        assert_eq!(all_shares(&run(5, 100), 2, 1000), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(all_shares(&run(3, 100), 8, 1000), [[0], [1], [2]]);
        assert_eq!(all_shares(&run(1, 1000), 8, 1000), [[0]]);
        let mut slots = all_shares(&run(64, 100), 8, 1000).concat();
        slots.sort_unstable();
        assert_eq!(slots, (0..64).collect::<Vec<_>>());
    }

    #[test]
    fn a_visit_is_to_no_more_than_it_can_send_in_time_and_to_one_batch_whatever_its_size() {
        assert_eq!(all_shares(&run(64, 400), 8, 1000)[0], [0, 8]);
        assert_eq!(all_shares(&run(64, 1000), 8, 1000)[0], [0]);
        assert_eq!(all_shares(&run(64, 1000), 8, 1)[0], [0]);
        let pace = |transactions_per_second| {
            payouts_per_visit(&Tuning { transactions_per_second, workers: 8, ..Tuning::default() })
        };
        assert_eq!((pace(100), pace(5)), (562, 28), "5 s of nine payees each, for eight workers");
        assert_eq!((pace(0), pace(u32::MAX)), (PAYOUTS_PER_VISIT, PAYOUTS_PER_VISIT));
    }
}
