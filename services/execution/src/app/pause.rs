//! Stopping payments: once it has returned nothing new is intended, and nothing intended is sent again.

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{AssetId, PauseId};
use pg::idempotency::{Answer, Once};

use crate::app::Context;
use crate::domain::pause::{Pause, Scope};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::{pauses, runs};

/// Pauses a run or everything. What is paused already keeps its pause.
pub async fn pause<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    scope: Scope,
    reason: String,
    once: &Once<Pause, R, Error>,
) -> Result<R, Error> {
    let (id, by) = (PauseId::new(&*ctx.ids), actor.subject.clone());
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                // Waits for every transaction that is intending or beginning to send, and comes before every later one.
                pauses::lock(conn).await?;
                ensure_stoppable(conn, scope).await?;
                let pause = pauses::begin(conn, id, scope, &by, &reason).await?;
                here!("pause.before_commit");
                Ok(pause)
            }
            .boxed()
        })
        .await?;
    here!("pause.after_commit");
    Ok(answer)
}

async fn ensure_stoppable(conn: &mut AsyncPgConnection, scope: Scope) -> Result<(), Error> {
    let Scope::Run(id) = scope else { return Ok(()) };
    let state = runs::find(conn, id).await?.ok_or(Error::RunNotFound(id))?.run.state;
    if state.has_ended() {
        return Err(Error::refused("RUN_ENDED", format!("a {} run cannot be paused", state.name())));
    }
    Ok(())
}

/// Ends the pause of a run or of everything. One that is not there changes nothing.
pub async fn resume<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    scope: Scope,
    reason: String,
    once: &Once<Option<Pause>, R, Error>,
) -> Result<R, Error> {
    let by = actor.subject.clone();
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                if let Scope::Run(id) = scope {
                    runs::find(conn, id).await?.ok_or(Error::RunNotFound(id))?;
                }
                let ended = pauses::end(conn, scope, &by, &reason).await?;
                here!("resume.before_commit");
                Ok(ended)
            }
            .boxed()
        })
        .await?;
    here!("resume.after_commit");
    ctx.wake.notify_waiters();
    Ok(answer)
}

/// The asset service's word on one asset.
#[derive(Clone, Debug)]
pub struct AssetWord {
    /// The asset.
    pub asset: AssetId,
    /// Higher with each word.
    pub version: i64,
    /// Whether it is paused.
    pub paused: bool,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Takes the asset service's word over, unless a newer one is here.
pub async fn set_asset_pause(ctx: &Context, word: AssetWord) -> Result<(), Error> {
    let (id, scope) = (PauseId::new(&*ctx.ids), Scope::Asset(word.asset));
    let mut conn = ctx.conn().await?;
    pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        // Waits for whoever is writing a word on this asset: what is known then is committed, and holds.
        if !pauses::note_version(conn, word.asset, word.version).await? {
            return Ok(());
        }
        if word.paused {
            pauses::lock(conn).await?;
            pauses::begin(conn, id, scope, &word.by, &word.reason).await?;
        } else {
            pauses::end(conn, scope, &word.by, &word.reason).await?;
        }
        here!("pause_asset.before_commit");
        Ok::<_, Error>(())
    })
    .await?;
    here!("pause_asset.after_commit");
    ctx.wake.notify_waiters();
    Ok(())
}
