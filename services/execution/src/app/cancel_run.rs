//! Cancelling: once it has returned, nothing new is intended or sent.

use diesel_async::AsyncPgConnection;
use ids::RunId;

use crate::app::{Context, finish_run};
use crate::domain::run::RunState;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::runs;

/// Cancels a run. What no undecided attempt holds is cancelled at once; the rest is followed to its end.
pub async fn cancel_run(ctx: &Context, run: RunId, by: &str, reason: &str) -> Result<(), Error> {
    let mut conn = ctx.conn().await?;
    pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        // Waits for every transaction that is intending or beginning to send, and comes before every later one.
        let stored = runs::find_for_update(conn, run).await?.ok_or(Error::RunNotFound(run))?;
        let state = stored.run.state;
        if matches!(state, RunState::Cancelling | RunState::Cancelled) {
            return Ok(());
        }
        if !state.may_cancel() {
            return Err(Error::refused("RUN_ENDED", format!("a {} run cannot be cancelled", state.name())));
        }
        runs::set_state(conn, run, RunState::Cancelling, None).await?;
        runs::note_cancel(conn, run, by, reason).await?;
        batches::lock_all(conn, run).await?;
        batches::recount(conn, run, Recount::All).await?;
        here!("cancel.before_commit");
        Ok(())
    })
    .await?;
    here!("cancel.after_commit");
    drop(conn);
    ctx.wake.notify_waiters();
    finish_run::finish(ctx, run).await?;
    Ok(())
}
