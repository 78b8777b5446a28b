//! Trying chosen payouts again, whatever becomes of the others of their batch or of their dead attempt.

use std::collections::BTreeSet;

use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{PayoutId, RunId};
use pg::idempotency::{Answer, Once};
use service_kit::error::{Detail, Problem};
use tonic::Code;

use crate::app::Context;
use crate::app::read::{self, RunView};
use crate::domain::payout::PayoutStatus;
use crate::domain::run::{Run, RunState};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::{chosen, runs};

/// The run, with how many payouts of it are tried again.
#[derive(Clone, Debug)]
pub struct Retried {
    /// The run.
    pub run: RunView,
    /// How many.
    pub payouts: u64,
}

/// Makes these failed payouts pending, all or none; a failed run goes on with them. A halted run stays halted: resuming it
/// is a decision on everything that is pending, not on these few.
pub async fn retry_payouts<R: Answer>(
    ctx: &Context,
    run: RunId,
    ordinals: BTreeSet<u32>,
    once: &Once<Retried, R, Error>,
) -> Result<R, Error> {
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                let retried = retry(conn, run, &ordinals).await?;
                here!("retry_payouts.before_commit");
                Ok(retried)
            }
            .boxed()
        })
        .await?;
    here!("retry_payouts.after_commit");
    ctx.wake.notify_waiters();
    Ok(answer)
}

async fn retry(conn: &mut AsyncPgConnection, id: RunId, ordinals: &BTreeSet<u32>) -> Result<Retried, Error> {
    let stored = runs::find_for_update(conn, id).await?.ok_or(Error::RunNotFound(id))?;
    let run = stored.run;
    if matches!(run.state, RunState::Cancelling | RunState::Cancelled) {
        let message = format!("nothing of a {} run is tried again", run.state.name());
        return Err(Error::refused("RUN_NOT_RETRYABLE", message));
    }
    let numbers: BTreeSet<u32> = ordinals.iter().map(|ordinal| ordinal / run.header.batch_size + 1).collect();
    batches::lock_these(conn, id, &numbers).await?;
    let wanted: Vec<u32> = ordinals.iter().copied().collect();
    ensure_failed(conn, &run, &wanted).await?;
    let payouts = chosen::choose(conn, &run, &wanted).await?;
    if payouts != wanted.len() as u64 {
        return Err(Error::Overtaken);
    }
    if run.state == RunState::Failed {
        runs::set_state(conn, id, RunState::Running, None).await?;
    }
    for number in numbers {
        batches::recount(conn, id, Recount::One(number)).await?;
    }
    let stored = read::find_run(conn, id).await?;
    Ok(Retried { run: read::view(conn, stored).await?, payouts })
}

/// Whether each of these is failed; else which one is not, and what it is instead.
async fn ensure_failed(conn: &mut AsyncPgConnection, run: &Run, wanted: &[u32]) -> Result<(), Error> {
    let stands = chosen::statuses(conn, run, wanted).await?;
    let id = |ordinal: u32| PayoutId { run: run.header.run, ordinal };
    for (place, ordinal) in wanted.iter().enumerate() {
        match stands.get(place) {
            Some((found, PayoutStatus::Failed)) if found == ordinal => {}
            Some((found, status)) if found == ordinal => return Err(not_failed(id(*ordinal), *status)),
            _ => return Err(Error::PayoutNotFound(id(*ordinal))),
        }
    }
    Ok(())
}

fn not_failed(payout: PayoutId, status: PayoutStatus) -> Error {
    let message = format!("{payout} is {}; only failed payouts are tried again", status.name());
    Problem::user(Code::FailedPrecondition, "PAYOUT_NOT_FAILED", message)
        .with(Detail::Meta("payout_id", payout.to_string()))
        .with(Detail::Meta("status", status.name().to_owned()))
        .into()
}
