//! Cancelling: once it has returned, nothing new is intended or sent.

use diesel_async::AsyncPgConnection;
use ids::RunId;

use crate::app::{Context, finish_run, sweep};
use crate::domain::run::RunState;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::alerts::EndedBy;
use crate::store::batches::{self, Recount};
use crate::store::{alerts, runs};

/// Cancels a run; one that is not here is kept from ever coming. What no undecided attempt holds is cancelled at once; the rest is followed to its end.
pub async fn cancel_run(ctx: &Context, run: RunId, by: &str, reason: &str) -> Result<(), Error> {
    let mut conn = ctx.conn().await?;
    let known = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        cancel_in(conn, run, by, reason).await
    })
    .await?;
    here!("cancel.after_commit");
    drop(conn);
    if !known {
        return Err(Error::RunNotFound(run));
    }
    follow(ctx, run).await
}

/// The same in a transaction of the caller's, who calls [`follow`] when it is committed. False when the run is not here.
pub(super) async fn cancel_in(
    conn: &mut AsyncPgConnection,
    run: RunId,
    by: &str,
    reason: &str,
) -> Result<bool, Error> {
    runs::lock_id(conn, run).await?;
    // Waits for every transaction that is intending or beginning to send, and comes before every later one.
    let Some(stored) = runs::find_for_update(conn, run).await? else {
        // Whoever hears that it is not here takes it for unpaid.
        sweep::refuse_if_paid(conn, run).await?;
        // A hand-over that is still on its way must not come after this.
        runs::bury(conn, run, by, reason).await?;
        return Ok(false);
    };
    let state = stored.run.state;
    if matches!(state, RunState::Cancelling | RunState::Cancelled) {
        return Ok(true);
    }
    if !state.may_cancel() {
        return Err(Error::refused("RUN_ENDED", format!("a {} run cannot be cancelled", state.name())));
    }
    runs::set_state(conn, run, RunState::Cancelling, None).await?;
    runs::note_cancel(conn, run, by, reason).await?;
    alerts::end_all(conn, run, EndedBy::Person).await?;
    batches::lock_all(conn, run).await?;
    batches::recount(conn, run, Recount::All).await?;
    here!("cancel.before_commit");
    Ok(true)
}

/// Wakes who follows what is in flight; ends the run when nothing is.
pub(super) async fn follow(ctx: &Context, run: RunId) -> Result<(), Error> {
    ctx.wake.notify_waiters();
    finish_run::finish(ctx, run).await?;
    Ok(())
}
