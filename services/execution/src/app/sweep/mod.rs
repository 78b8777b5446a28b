//! After a restore or a failover: nothing is intended or sent until the rail has been looked through for payments that the
//! database has forgotten.
//!
//! Everything forgotten was intended after the newest heartbeat that is remembered, and before anybody was in the new
//! cluster; and a transaction takes effect inside its window or never. So what was forgotten lies between the two, and
//! once a mirror node shows a transaction of the payer's that is later, all of it has been seen.

mod adopt;
mod forgotten;
mod look;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{IdSource, RunId};
use pg::idempotency::{Answer, Once};

use crate::app::Context;
use crate::config::Tuning;
use crate::domain::sweep::{Payer, Reason, Span, Sweep, change};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::sweeps::{self, NewSweep};
use crate::store::{pauses, swept_effects};

pub(crate) use adopt::adopt_waiting;
pub use forgotten::acknowledge;
pub(crate) use forgotten::halt_new;

/// A sweep as people see it.
#[derive(Clone, Debug)]
pub struct SweepView {
    /// The sweep.
    pub sweep: Sweep,
    /// How far each fee payer's transactions were looked through.
    pub payers: Vec<Payer>,
    /// Payments that were adopted.
    pub adopted: u64,
    /// Payments whose run is not here.
    pub waiting: u64,
    /// Payments that our record excludes.
    pub breaks: u64,
}

/// One look: notes another cluster, and goes on with the sweep that is wanted. Says whether one is.
pub async fn keep(ctx: &Context) -> Result<bool, Error> {
    note(ctx).await?;
    let mut conn = ctx.conn().await?;
    let sweep = sweeps::latest(&mut conn).await?;
    if sweep.done_at.is_some() {
        sweeps::beat(&mut conn, ctx.clock.now()).await?;
        return Ok(false);
    }
    let payers = sweeps::payers(&mut conn, sweep.number).await?;
    drop(conn);
    for payer in payers.into_iter().filter(|payer| !payer.done) {
        look::look(ctx, &sweep, payer).await?;
    }
    finish(ctx, &sweep).await?;
    Ok(true)
}

/// Notes that the data lives in another cluster than it is known to, which makes a sweep wanted. Until somebody has, the
/// database itself holds every run.
pub async fn note(ctx: &Context) -> Result<(), Error> {
    let (ids, tuning, now) = (&*ctx.ids, ctx.tuning, ctx.clock.now());
    let mut conn = ctx.conn().await?;
    if !sweeps::holds(&mut conn).await? {
        return Ok(());
    }
    let begun = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        sweeps::lock(conn).await?;
        let (latest, here) = (sweeps::latest(conn).await?, sweeps::here(conn).await?);
        let Some(reason) = change(latest.identity, here) else { return Ok(None) };
        let wanted =
            Wanted { reason, by: "service:execution".to_owned(), note: String::new(), since_ns: None };
        let sweep = begin(conn, ids, &tuning, now, latest, wanted).await?;
        here!("sweep_note.before_commit");
        Ok::<_, Error>(Some(sweep))
    })
    .await?;
    here!("sweep_note.after_commit");
    if let Some(sweep) = begun {
        tracing::error!(
            sweep = sweep.number,
            reason = sweep.reason.code(),
            system_identifier = sweep.identity.system_identifier,
            timeline = sweep.identity.timeline,
            "the database was restored or failed over: nothing is paid until the network has been looked through"
        );
    }
    Ok(())
}

/// What a sweep is wanted for.
struct Wanted {
    reason: Reason,
    by: String,
    note: String,
    /// Since when something may be forgotten, where a person says it.
    since_ns: Option<i64>,
}

async fn begin(
    conn: &mut AsyncPgConnection,
    ids: &dyn IdSource,
    tuning: &Tuning,
    now: SystemTime,
    latest: Sweep,
    wanted: Wanted,
) -> Result<Sweep, Error> {
    let seen_ns = sweeps::seen_ns(conn).await?;
    let span = span(tuning, pg::time::to_ns(now), seen_ns.min(wanted.since_ns.unwrap_or(i64::MAX)), &latest);
    let new = NewSweep {
        number: latest.number + 1,
        id: ids.uuid(),
        reason: wanted.reason,
        identity: sweeps::here(conn).await?,
        wanted_by: wanted.by,
        note: wanted.note,
        span,
    };
    sweeps::begin(conn, &new).await?;
    Ok(sweeps::latest(conn).await?)
}

/// What was forgotten lies in this span. A sweep that was not done when another becomes wanted is part of it.
fn span(tuning: &Tuning, now_ns: i64, seen_ns: i64, latest: &Sweep) -> Span {
    let ns = |seconds: u32| i64::from(seconds) * hedera::time::NS_PER_S;
    let since_ns = seen_ns.min(now_ns).saturating_sub(ns(tuning.sweep_margin_s)).max(0);
    let since_ns = if latest.done_at.is_none() { since_ns.min(latest.span.since_ns) } else { since_ns };
    let wait = ns(tuning.sweep_window_s) + ns(tuning.clock_skew_s) + ns(tuning.absence_margin_s);
    Span { since_ns, until_ns: now_ns.saturating_add(wait) }
}

/// A person says that the database was restored, to a state of `since`: a copy of its files that was put back cannot be
/// told from the original. Once it has returned, nothing is intended or sent until the sweep is done.
pub async fn declare<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    since: SystemTime,
    note: String,
    once: &Once<SweepView, R, Error>,
) -> Result<R, Error> {
    let (tuning, ids, now) = (ctx.tuning, Arc::clone(&ctx.ids), ctx.clock.now());
    let wanted = Wanted {
        reason: Reason::Declared,
        by: actor.subject.clone(),
        note,
        since_ns: Some(pg::time::to_ns(since)),
    };
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                let sweep = begin_declared(conn, &*ids, &tuning, now, wanted).await?;
                let view = view_of(conn, sweep).await?;
                here!("sweep_declare.before_commit");
                Ok(view)
            }
            .boxed()
        })
        .await?;
    here!("sweep_declare.after_commit");
    ctx.sweep.notify_one();
    Ok(answer)
}

/// The same word, given to a service that starts, before it can pay anything. Given again at a later start it changes
/// nothing, unless the database has been restored once more and does not remember it.
pub async fn declare_at_start(ctx: &Context, since: jiff::Timestamp) -> Result<(), Error> {
    let (tuning, ids, now) = (ctx.tuning, &*ctx.ids, ctx.clock.now());
    let wanted = Wanted {
        reason: Reason::Declared,
        by: "service:execution".to_owned(),
        note: format!("started with --restored-since {since}"),
        since_ns: Some(i64::try_from(since.as_nanosecond()).unwrap_or(0)),
    };
    let mut conn = ctx.conn().await?;
    pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        if !sweeps::is_noted(conn, &wanted.note).await? {
            begin_declared(conn, ids, &tuning, now, wanted).await?;
        }
        here!("sweep_start.before_commit");
        Ok::<_, Error>(())
    })
    .await?;
    here!("sweep_start.after_commit");
    Ok(())
}

async fn begin_declared(
    conn: &mut AsyncPgConnection,
    ids: &dyn IdSource,
    tuning: &Tuning,
    now: SystemTime,
    wanted: Wanted,
) -> Result<Sweep, Error> {
    // Waits for every transaction that is intending or beginning to send, and comes before every later one.
    pauses::lock(conn).await?;
    sweeps::lock(conn).await?;
    let latest = sweeps::latest(conn).await?;
    let sweep = begin(conn, ids, tuning, now, latest, wanted).await?;
    tracing::warn!(
        sweep = sweep.number,
        by = sweep.wanted_by,
        "a restore was declared: nothing is paid until the network has been looked through"
    );
    Ok(sweep)
}

/// The sweep that counts.
pub async fn view(ctx: &Context) -> Result<SweepView, Error> {
    let mut conn = ctx.conn().await?;
    let sweep = sweeps::latest(&mut conn).await?;
    view_of(&mut conn, sweep).await
}

async fn view_of(conn: &mut AsyncPgConnection, sweep: Sweep) -> Result<SweepView, Error> {
    let payers = sweeps::payers(conn, sweep.number).await?;
    let [adopted, waiting, breaks] = swept_effects::tally(conn, sweep.number).await?;
    Ok(SweepView { sweep, payers, adopted, waiting, breaks })
}

async fn finish(ctx: &Context, sweep: &Sweep) -> Result<(), Error> {
    let number = sweep.number;
    let mut conn = ctx.conn().await?;
    if sweeps::payers(&mut conn, number).await?.iter().any(|payer| !payer.done) {
        return Ok(());
    }
    let ended = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        // Whoever hands a run over comes before this, and it is here, or after this, and sees what was found.
        pauses::lock(conn).await?;
        sweeps::lock(conn).await?;
        if !sweeps::finish(conn, number).await? {
            return Ok(None);
        }
        let sweep = sweeps::latest(conn).await?;
        forgotten::halt_unbegun(conn, &*ctx.ids, &sweep).await?;
        let view = view_of(conn, sweep).await?;
        here!("sweep_finish.before_commit");
        Ok::<_, Error>(Some(view))
    })
    .await?;
    here!("sweep_finish.after_commit");
    if let Some(SweepView { adopted, waiting, breaks, .. }) = ended {
        tracing::warn!(sweep = number, adopted, waiting, breaks, "the sweep is done: payments go on");
        ctx.wake.notify_waiters();
    }
    Ok(())
}

/// Refuses to say that a run which is not here was never paid: while a sweep is wanted, or when one has found payments of it.
pub(crate) async fn refuse_if_paid(conn: &mut AsyncPgConnection, run: RunId) -> Result<(), Error> {
    if sweeps::holds(conn).await? {
        let message =
            "the database was restored or failed over, and is not known yet to be complete; try again later";
        return Err(Error::refused("SWEEPING", message));
    }
    if !swept_effects::waiting(conn, run, 1).await?.is_empty() {
        let message =
            format!("{run} was forgotten by a restore and has paid; hand it over again, then cancel it");
        return Err(Error::refused("RUN_FORGOTTEN", message));
    }
    Ok(())
}

/// How long to wait between two looks.
pub fn period(tuning: &Tuning) -> Duration {
    tuning.poll().min(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::span;
    use crate::config::Tuning;
    use crate::domain::sweep::{Identity, Reason, Span, Sweep};

    const S: i64 = 1_000_000_000;

    fn sweep(since_ns: i64, done: bool) -> Sweep {
        Sweep {
            number: 1,
            reason: Reason::First,
            identity: Identity { system_identifier: 1, timeline: 1 },
            wanted_by: String::new(),
            note: String::new(),
            wanted_at: SystemTime::UNIX_EPOCH,
            span: Span { since_ns, until_ns: since_ns },
            done_at: done.then_some(SystemTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn it_begins_before_what_is_remembered_and_ends_after_every_window() {
        let tuning = Tuning::default();
        let span = span(&tuning, 10_000 * S, 9_000 * S, &sweep(0, true));
        assert_eq!(span, Span { since_ns: 8_400 * S, until_ns: (10_000 + 180 + 5 + 10) * S });
    }

    #[test]
    fn what_an_unfinished_sweep_looked_for_is_looked_for_again() {
        let tuning = Tuning::default();
        assert_eq!(span(&tuning, 10_000 * S, 9_000 * S, &sweep(5 * S, false)).since_ns, 5 * S);
        assert_eq!(span(&tuning, 10_000 * S, 9_000 * S, &sweep(9_999 * S, false)).since_ns, 8_400 * S);
    }

    #[test]
    fn a_heartbeat_of_the_future_counts_for_no_more_than_now() {
        let tuning = Tuning::default();
        assert_eq!(span(&tuning, 10_000 * S, 99_000 * S, &sweep(0, true)).since_ns, 9_400 * S);
    }
}
