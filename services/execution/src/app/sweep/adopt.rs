//! Writing what was found into the record: in one transaction for the payments of one run.

use diesel_async::AsyncPgConnection;
use ids::{AlertId, AttemptId, RunId};

use crate::app::Context;
use crate::domain::adoption::{Effect, Judgement, Standing, judge};
use crate::domain::attempt::Cause;
use crate::domain::memo::Place;
use crate::domain::payout::AttemptState;
use crate::domain::run::{Run, RunState};
use crate::domain::sweep::Sweep;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::evidence::{self, Event};
use crate::store::swept_effects::Outcome;
use crate::store::{adoptions, alerts, decisions, limits, runs, swept_effects};

/// Forgotten payments that are adopted in one go when their run is handed over again.
const WAITING_AT_ONCE: u32 = 1000;

/// Adopts payments of one run, or reports them; false where one has to wait for an outcome that is being looked up.
pub(super) async fn take_in(ctx: &Context, sweep: &Sweep, effects: &[Effect]) -> Result<bool, Error> {
    let number = sweep.number;
    let mut conn = ctx.conn().await?;
    let all = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        let all = take_in_by(ctx, conn, number, effects).await?;
        here!("adopt.before_commit");
        Ok::<_, Error>(all)
    })
    .await?;
    here!("adopt.after_commit");
    Ok(all)
}

async fn take_in_by(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    number: u32,
    effects: &[Effect],
) -> Result<bool, Error> {
    let Some(place) = effects.first().and_then(|effect| effect.place) else {
        let effects = unknown(conn, effects).await?;
        report_unplaced(ctx, conn, number, &effects).await?;
        return Ok(true);
    };
    // Whoever hands the run over comes before this, and it is here, or after this, and sees what waits for it.
    runs::lock_id(conn, place.run).await?;
    // Another process may have been here first.
    let effects = &unknown(conn, effects).await?;
    let Some(stored) = runs::find_for_update(conn, place.run).await? else {
        for effect in effects {
            tracing::error!(run = %place.run, effect = %effect.transaction, "a payment of a run that is not here");
            swept_effects::record(conn, number, effect, Outcome::Waiting, "its run is not here").await?;
        }
        return Ok(true);
    };
    adopt(conn, number, &stored.run, effects).await
}

/// Those that neither our record knows nor an earlier look has found.
pub(super) async fn unknown(conn: &mut AsyncPgConnection, effects: &[Effect]) -> Result<Vec<Effect>, Error> {
    if effects.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<AttemptId> = effects.iter().map(|effect| effect.attempt).collect();
    let known = swept_effects::known(conn, &ids).await?;
    Ok(effects.iter().filter(|effect| !known.contains(&effect.attempt)).cloned().collect())
}

/// Adopts what an earlier sweep found of a run that was not here then and is made payable by this transaction; false where
/// there is nothing.
pub(crate) async fn adopt_waiting(conn: &mut AsyncPgConnection, run: RunId) -> Result<bool, Error> {
    if swept_effects::waiting(conn, run, 1).await?.is_empty() {
        return Ok(false);
    }
    let stored = runs::find_for_update(conn, run).await?.ok_or(Error::RunNotFound(run))?;
    loop {
        let waiting = swept_effects::waiting(conn, run, WAITING_AT_ONCE).await?;
        if waiting.is_empty() {
            return Ok(true);
        }
        let effects: Vec<Effect> = waiting.into_iter().map(|swept| swept.effect).collect();
        let number = crate::store::sweeps::latest(conn).await?.number;
        if !adopt(conn, number, &stored.run, &effects).await? {
            return Err(Error::Overtaken);
        }
    }
}

async fn adopt(
    conn: &mut AsyncPgConnection,
    number: u32,
    run: &Run,
    effects: &[Effect],
) -> Result<bool, Error> {
    let mut all = true;
    for piece in effects.chunk_by(|one, other| batch_of(run, one) == batch_of(run, other)) {
        match batch_of(run, &piece[0]) {
            Some(batch_number) => all &= adopt_in_batch(conn, number, run, batch_number, piece).await?,
            None => {
                for effect in piece {
                    let detail = "it names payouts that the run does not have, or not in one batch";
                    report_break(conn, number, run, effect, detail).await?;
                }
            }
        }
    }
    if all && run.state == RunState::Failed && !batches::any_failed(conn, run.header.run).await? {
        // A retry that was forgotten has paid the last of them.
        runs::set_state(conn, run.header.run, RunState::Completed, None).await?;
    }
    Ok(all)
}

/// The batch that the payouts of an effect are in, if all are in one.
fn batch_of(run: &Run, effect: &Effect) -> Option<u32> {
    let Place { first, size, .. } = effect.place?;
    let last = first.checked_add(size.checked_sub(1)?)?;
    let batch = |ordinal: u32| ordinal / run.header.batch_size + 1;
    (last < run.header.count && batch(first) == batch(last)).then(|| batch(first))
}

async fn adopt_in_batch(
    conn: &mut AsyncPgConnection,
    number: u32,
    run: &Run,
    batch_number: u32,
    effects: &[Effect],
) -> Result<bool, Error> {
    let id = run.header.run;
    batches::lock(conn, id, batch_number).await?;
    let first = (batch_number - 1) * run.header.batch_size;
    let mut payouts = adoptions::standings(conn, id, run.load_id, first, run.header.batch_size).await?;
    let (mut adopted, mut all): (Vec<(&Effect, Vec<Standing>)>, bool) = (Vec::new(), true);
    for effect in effects {
        let Some(place) = effect.place else { continue };
        let from = usize::try_from(place.first - first).unwrap_or(usize::MAX);
        let size = usize::try_from(place.size).unwrap_or(usize::MAX);
        let its = payouts
            .get_mut(from..from.saturating_add(size))
            .ok_or_else(|| crate::store::StoreError::inconsistent("instruction", place.first, "ordinal"))?;
        match judge(effect, &run.header.asset, its) {
            Judgement::Adopt => {
                adopted.push((effect, its.to_vec()));
                for it in its.iter_mut() {
                    it.live = Some((effect.attempt, AttemptState::Settled));
                }
            }
            Judgement::Wait => all = false,
            Judgement::Break(detail) => report_break(conn, number, run, effect, &detail).await?,
        }
    }
    if !adopted.is_empty() {
        write(conn, number, id, batch_number, &adopted).await?;
    }
    Ok(all)
}

async fn write(
    conn: &mut AsyncPgConnection,
    number: u32,
    run: RunId,
    batch_number: u32,
    adopted: &[(&Effect, Vec<Standing>)],
) -> Result<(), Error> {
    let with_payouts: Vec<(&Effect, &[Standing])> =
        adopted.iter().map(|(effect, payouts)| (*effect, payouts.as_slice())).collect();
    if !adoptions::adopt(conn, run, batch_number, &with_payouts).await? {
        return Err(Error::Overtaken);
    }
    let effects: Vec<(AttemptId, String, Option<i64>)> = adopted
        .iter()
        .map(|(effect, _)| (effect.attempt, effect.transaction.to_string(), Some(effect.consensus_ns)))
        .collect();
    decisions::record_effects(conn, run, &effects).await?;
    let attempts: Vec<AttemptId> = adopted.iter().map(|(effect, _)| effect.attempt).collect();
    limits::take_adopted(conn, run, batch_number, &attempts).await?;
    let events: Vec<Event> = adopted.iter().map(|(effect, _)| adopted_event(effect)).collect();
    evidence::append(conn, run, &events).await?;
    for (effect, _) in adopted {
        swept_effects::record(conn, number, effect, Outcome::Adopted, "its payouts are paid").await?;
    }
    batches::recount(conn, run, Recount::One(batch_number)).await?;
    tracing::warn!(%run, batch = batch_number, payments = adopted.len(), "forgotten payments were adopted");
    Ok(())
}

fn adopted_event(effect: &Effect) -> Event {
    let at = hedera::time::format_ns(effect.consensus_ns);
    let detail = format!("forgotten by the database, found on the network: {} at {at}", effect.transaction);
    Event { attempt: effect.attempt, kind: "SWEEP", detail }
}

/// The rail shows a payment that our record excludes: it is kept, and the run stops.
async fn report_break(
    conn: &mut AsyncPgConnection,
    number: u32,
    run: &Run,
    effect: &Effect,
    detail: &str,
) -> Result<(), Error> {
    let id = run.header.run;
    tracing::error!(run = %id, attempt = %effect.attempt, effect = %effect.transaction, detail, "BREAK: the rail shows a payment that the record excludes");
    let known = (effect.attempt, effect.transaction.to_string(), Some(effect.consensus_ns));
    decisions::record_effects(conn, id, &[known]).await?;
    evidence::record_break(conn, id, effect.attempt, "FORGOTTEN_EFFECT", detail).await?;
    swept_effects::record(conn, number, effect, Outcome::Break, detail).await?;
    let state = runs::find(conn, id).await?.ok_or(Error::RunNotFound(id))?.run.state;
    if state.may_send() {
        runs::set_state(conn, id, RunState::Halted, Some(&Cause::broken())).await?;
    }
    // One alert a run for all of its breaks, whatever its state: it has the id of the first one's attempt.
    alerts::raise(conn, AlertId::from_uuid(effect.attempt.as_uuid()), id, &Cause::broken()).await?;
    Ok(())
}

/// A payment whose memo does not say what it paid: whatever its fee payer pays stops, until people have compared.
async fn report_unplaced(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    number: u32,
    effects: &[Effect],
) -> Result<(), Error> {
    for effect in effects {
        tracing::error!(attempt = %effect.attempt, effect = %effect.transaction, "BREAK: a payment that names no run");
        let detail = "its memo does not say which payouts it paid";
        swept_effects::record(conn, number, effect, Outcome::Break, detail).await?;
        for run in runs::halt_of_fee_payer(conn, effect.transaction.payer(), &Cause::broken()).await? {
            alerts::raise(conn, AlertId::new(&*ctx.ids), run, &Cause::broken()).await?;
        }
    }
    Ok(())
}
