//! Trying again what failed: each payout's live attempt is dead, and its next one is the compare-and-set that follows.

use diesel_async::AsyncPgConnection;
use ids::RunId;

use crate::app::Context;
use crate::domain::run::RunState;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::alerts::EndedBy;
use crate::store::batches::{self, Recount};
use crate::store::{alerts, decisions, runs};

/// Makes all failed payouts pending and resumes a halted run. Returns how many payouts are tried again.
pub async fn retry_run(ctx: &Context, run: RunId) -> Result<u64, Error> {
    let mut conn = ctx.conn().await?;
    let retried = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        let stored = runs::find_for_update(conn, run).await?.ok_or(Error::RunNotFound(run))?;
        let state = stored.run.state;
        if !state.may_retry() {
            return Err(not_retryable(state));
        }
        batches::lock_all(conn, run).await?;
        let retried = decisions::retry_failed(conn, run).await?;
        if retried == 0 && state != RunState::Halted {
            return Err(not_retryable(state));
        }
        run_on(conn, run, EndedBy::Person).await?;
        here!("retry.before_commit");
        Ok(retried)
    })
    .await?;
    here!("retry.after_commit");
    ctx.wake.notify_waiters();
    Ok(retried)
}

/// Makes a run go on that this transaction has locked with its batches.
pub(super) async fn run_on(conn: &mut AsyncPgConnection, run: RunId, ended_by: EndedBy) -> Result<(), Error> {
    runs::set_state(conn, run, RunState::Running, None).await?;
    alerts::end_all(conn, run, ended_by).await?;
    Ok(batches::recount(conn, run, Recount::All).await?)
}

fn not_retryable(state: RunState) -> Error {
    Error::refused("RUN_NOT_RETRYABLE", format!("a {} run has nothing to retry", state.name()))
}
