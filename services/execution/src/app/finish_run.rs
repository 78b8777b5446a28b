//! Ending a run whose batches have nothing left to do.

use diesel_async::AsyncPgConnection;
use ids::RunId;

use crate::app::Context;
use crate::domain::run::RunState;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::{batches, runs};

/// Ends the run if none of its batches is open; says whether it has ended. A worker that finds nothing more due calls
/// this, and a job calls it for runs whose last worker died before it did.
pub async fn finish(ctx: &Context, run: RunId) -> Result<bool, Error> {
    let mut conn = ctx.conn().await?;
    if batches::any_open(&mut conn, run).await? {
        return Ok(false);
    }
    let ended = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        let stored = runs::find_for_update(conn, run).await?.ok_or(Error::RunNotFound(run))?;
        if stored.run.state.has_ended() {
            return Ok(true);
        }
        if batches::any_open(conn, run).await? {
            return Ok(false);
        }
        let state = match stored.run.state {
            RunState::Cancelling => RunState::Cancelled,
            _ if batches::any_failed(conn, run).await? => RunState::Failed,
            _ => RunState::Completed,
        };
        runs::set_state(conn, run, state, None).await?;
        here!("finish.before_commit");
        Ok::<_, Error>(true)
    })
    .await?;
    here!("finish.after_commit");
    Ok(ended)
}

/// Ends every run whose last worker died before it could.
pub async fn finish_all(ctx: &Context) -> Result<(), Error> {
    const LIMIT: u32 = 100;
    let mut conn = ctx.conn().await?;
    let runs = runs::without_open_batches(&mut conn, LIMIT).await?;
    drop(conn);
    for run in runs {
        finish(ctx, run).await?;
    }
    Ok(())
}
