//! Recording what a visit learnt, in one transaction that counts only under the visit's own lease.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use futures::future::{join_all, try_join_all};
use futures::try_join;
use ids::{AlertId, AttemptId, RunId};

use crate::app::Context;
use crate::app::work::{Finding, Visited};
use crate::domain::attempt::{Cause, Verdict};
use crate::domain::payout::AttemptState;
use crate::domain::retry::{Aftermath, RetryPolicy, aftermath};
use crate::domain::run::{Run, RunState};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::claims::{self, DueBatch};
use crate::store::decisions::{self, Decision, Ending, Next};
use crate::store::evidence::{self, Event};
use crate::store::{alerts, attempts, runs};

/// How often what the rail did is tried to be written, and how long between two tries.
const TRIES_TO_KEEP: u32 = 3;
const PAUSE_TO_KEEP: Duration = Duration::from_millis(500);

/// What a visit learnt of a batch, as it is written.
struct Learnt {
    run: RunId,
    batch: DueBatch,
    findings: Vec<Finding>,
    decisions: Vec<Decision>,
    effects: Vec<(AttemptId, String, Option<i64>)>,
    halt: Option<Cause>,
    poll: Duration,
}

impl Learnt {
    fn of(run: &Run, (batch, findings): Visited) -> Self {
        let poll = findings.iter().filter(|finding| finding.verdict == Verdict::Undecided);
        let poll = poll.map(|finding| finding.again_after).min().unwrap_or(Duration::ZERO);
        let decide = |finding| decision(finding, &run.header.retry, rand::random());
        Self {
            run: run.header.run,
            batch,
            decisions: findings.iter().filter_map(decide).collect(),
            effects: findings.iter().filter_map(effect).collect(),
            halt: findings.iter().find_map(halting),
            poll,
            findings,
        }
    }
}

/// Writes findings down and gives the leases back. A lease that another has taken makes all that was found under it void:
/// that worker learns the same from the rail. Only what the rail has done is written whoever has the lease: once an attempt
/// is decided nobody asks the rail about it again.
pub(super) async fn record(ctx: &Context, run: &Run, visited: Vec<Visited>) -> Result<(), Error> {
    let learnt: Vec<Learnt> = visited.into_iter().map(|one| Learnt::of(run, one)).collect();
    match (under_leases(ctx, &learnt).await, learnt.as_slice()) {
        (Ok(()), _) => {}
        (Err(error), [one]) => beside(ctx, one, error).await?,
        (Err(error), several) => {
            tracing::warn!(run = %run.header.run, %error, "what was learnt of several batches is written one by one");
            one_by_one(ctx, several).await?;
        }
    }
    Ok(())
}

/// What keeps that of one batch from being written keeps back no other.
async fn one_by_one(ctx: &Context, learnt: &[Learnt]) -> Result<(), Error> {
    let alone = async |one| match under_leases(ctx, std::slice::from_ref(one)).await {
        Ok(()) => Ok(()),
        Err(error) => beside(ctx, one, error).await,
    };
    join_all(learnt.iter().map(alone)).await.into_iter().collect()
}

/// What is left to do where `error` kept what was learnt from being written under its lease.
async fn beside(ctx: &Context, learnt: &Learnt, error: Error) -> Result<(), Error> {
    if learnt.effects.is_empty() {
        return Err(error);
    }
    // Somebody may have decided meanwhile, also where the database is what kept it from being written.
    tracing::warn!(run = %learnt.run, batch = learnt.batch.number, %error, "what the rail did is written beside others");
    keep(ctx, learnt).await
}

/// Writes what the rail did, whoever was first. Nobody else may ever see it, so it is tried more than once.
async fn keep(ctx: &Context, learnt: &Learnt) -> Result<(), Error> {
    let mut tries = 1;
    loop {
        let kept = async {
            let mut conn = ctx.conn().await?;
            here!("keep_effects.before_commit");
            // By itself, and without a lock: whatever else fails, from now on nothing is paid again for it.
            decisions::record_effects(&conn, learnt.run, &learnt.effects).await?;
            here!("keep_effects.after_commit");
            pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
                beside_others(ctx, conn, learnt).await?;
                here!("keep.before_commit");
                Ok::<_, Error>(())
            })
            .await?;
            here!("keep.after_commit");
            Ok::<_, Error>(())
        };
        let Err(error) = kept.await else { return Ok(()) };
        tracing::error!(run = %learnt.run, effects = ?learnt.effects, %error, tries, "what the rail did could not be written");
        if tries == TRIES_TO_KEEP {
            return Err(error);
        }
        tries += 1;
        tokio::time::sleep(PAUSE_TO_KEEP).await;
    }
}

/// All of it, or nothing.
async fn under_leases(ctx: &Context, learnt: &[Learnt]) -> Result<(), Error> {
    let Some(Learnt { run, .. }) = learnt.first() else { return Ok(()) };
    let mut conn = ctx.conn().await?;
    pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        for cause in learnt.iter().filter_map(|one| one.halt.as_ref()) {
            halt_run(ctx, conn, *run, cause).await?;
        }
        if !all_held(conn, learnt).await? {
            return Err(Error::Overtaken);
        }
        let decided = write(conn, *run, learnt).await?;
        if learnt.iter().flat_map(|one| &one.effects).any(|(attempt, ..)| !decided.contains(attempt)) {
            // Somebody has decided it before. If that is a break it stops the run, whose lock comes before the batch's.
            return Err(Error::Overtaken);
        }
        try_join_all(learnt.iter().map(|one| release(conn, one))).await?;
        here!("record.before_commit");
        Ok::<_, Error>(())
    })
    .await?;
    here!("record.after_commit");
    Ok(())
}

/// Locks the batches, by their numbers, as everybody does who locks several.
async fn all_held(conn: &AsyncPgConnection, learnt: &[Learnt]) -> Result<bool, Error> {
    let mut batches: Vec<&DueBatch> = learnt.iter().map(|one| &one.batch).collect();
    batches.sort_by_key(|batch| batch.number);
    let held = try_join_all(batches.into_iter().map(|batch| claims::lock_held(conn, batch))).await?;
    Ok(held.into_iter().all(|held| held))
}

/// The same when somebody else was first, with the run locked before the batch, as by everybody who writes to both. Of a
/// batch that another has taken over nothing is decided, and what was seen of the attempts that are dead is a break.
async fn beside_others(ctx: &Context, conn: &mut AsyncPgConnection, learnt: &Learnt) -> Result<(), Error> {
    let run = runs::find_for_update(conn, learnt.run).await?.ok_or(Error::RunNotFound(learnt.run))?.run;
    let held = claims::lock_held(conn, &learnt.batch).await?;
    if held {
        if let Some(cause) = &learnt.halt {
            halt(ctx, conn, &run, cause).await?;
        }
        write(conn, learnt.run, std::slice::from_ref(learnt)).await?;
    }
    for decision in learnt.decisions.iter().filter(|decision| decision.ending.is_settled()) {
        report_break(ctx, conn, &run, decision).await?;
    }
    if held {
        release(conn, learnt).await?;
    } else {
        batches::recount(conn, learnt.run, Recount::One(learnt.batch.number)).await?;
    }
    if run.state == RunState::Failed && !batches::any_failed(conn, learnt.run).await? {
        runs::set_state(conn, learnt.run, RunState::Completed, None).await?;
    }
    Ok(())
}

/// Counts the batch anew and gives its lease back.
async fn release(conn: &AsyncPgConnection, learnt: &Learnt) -> Result<(), Error> {
    let (number, poll) = (learnt.batch.number, learnt.poll);
    Ok(batches::recount(conn, learnt.run, Recount::Release { number, poll }).await?)
}

/// Returns the attempts that were decided.
async fn write(conn: &mut AsyncPgConnection, run: RunId, learnt: &[Learnt]) -> Result<Vec<AttemptId>, Error> {
    // None depends on another: they go to the database together.
    let (shared, of) = (&*conn, learnt.iter());
    let decide = of.clone().map(|one| decisions::decide(shared, run, one.batch.number, &one.decisions));
    let effects = of.map(|one| decisions::record_effects(shared, run, &one.effects));
    let (decided, _) = try_join!(try_join_all(decide), try_join_all(effects))?;
    let decided = decided.concat();
    for Learnt { batch, findings, .. } in learnt {
        let doubts =
            findings.iter().filter_map(|finding| finding.doubt.map(|reason| (finding.attempt.id, reason)));
        let undecided: Vec<(AttemptId, &str)> = doubts.filter(|(id, _)| !decided.contains(id)).collect();
        decisions::doubt(conn, run, batch.number, &undecided).await?;
    }
    let findings = learnt.iter().flat_map(|one| &one.findings);
    let events: Vec<Event> = findings.flat_map(|finding| finding.events.iter().cloned()).collect();
    evidence::append(conn, run, &events).await?;
    Ok(decided)
}

/// An effect of an attempt that somebody has called dead: what it paid is paid, whatever was said; and since our record
/// was wrong once, a person has to look at it.
async fn report_break(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    run: &Run,
    effect: &Decision,
) -> Result<(), Error> {
    let (id, attempt) = (run.header.run, effect.attempt);
    let stored = attempts::find_for_update(conn, id, attempt).await?;
    // Settled before: somebody found the same. Undecided: whoever has the batch now decides it.
    let Some(stored) = stored.filter(|stored| stored.state == AttemptState::Dead) else { return Ok(()) };
    let paid = decisions::correct(conn, run, &stored, effect).await?;
    let gone = stored.ordinals.len() - paid;
    tracing::error!(run = %id, %attempt, effect = %stored.transaction, gone, "BREAK: the rail shows a payment that the record excludes");
    let detail = format!(
        "{} took effect, and the attempt was decided as dead: {paid} of its payouts are paid by it, {gone} had gone on and may be \
         paid twice",
        stored.transaction
    );
    evidence::append(conn, id, &[Event { attempt, kind: "BREAK", detail: detail.clone() }]).await?;
    evidence::record_break(conn, id, attempt, "EFFECT_OF_DEAD_ATTEMPT", &detail).await?;
    let cause = Cause::broken();
    if runs::find(conn, id).await?.is_some_and(|stored| stored.run.state.may_send()) {
        runs::set_state(conn, id, RunState::Halted, Some(&cause)).await?;
    }
    // Also in a run that has ended: whoever reads its report has to know.
    raise(ctx, conn, id, &cause).await
}

/// Halts a running run; one that is cancelled or halted already stays so.
pub(super) async fn halt_run(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    run: RunId,
    cause: &Cause,
) -> Result<(), Error> {
    let stored = runs::find_for_update(conn, run).await?.ok_or(Error::RunNotFound(run))?;
    halt(ctx, conn, &stored.run, cause).await
}

/// Halts a run that is running, and alerts the operator: also of another reason why it stays halted.
async fn halt(ctx: &Context, conn: &mut AsyncPgConnection, run: &Run, cause: &Cause) -> Result<(), Error> {
    let id = run.header.run;
    if run.state.may_send() {
        runs::set_state(conn, id, RunState::Halted, Some(cause)).await?;
    }
    if matches!(run.state, RunState::Running | RunState::Halted) {
        raise(ctx, conn, id, cause).await?;
    }
    Ok(())
}

async fn raise(ctx: &Context, conn: &mut AsyncPgConnection, run: RunId, cause: &Cause) -> Result<(), Error> {
    if alerts::raise(conn, AlertId::new(&*ctx.ids), run, cause).await? {
        let hint = cause.hint();
        tracing::error!(%run, reason = cause.reason, hint, "ALERT: an operator has to end the cause");
    }
    Ok(())
}

fn halting(finding: &Finding) -> Option<Cause> {
    use hedera::status::Class;
    let dead = match &finding.verdict {
        Verdict::Dead { cause, .. } if matches!(cause.class, Class::Operator | Class::Bug) => {
            Some(cause.clone())
        }
        Verdict::Dead { .. } | Verdict::Settled { .. } | Verdict::Undecided => None,
    };
    dead.or_else(|| finding.halt.clone())
}

fn decision(finding: &Finding, policy: &RetryPolicy, chance: u32) -> Option<Decision> {
    let attempt = &finding.attempt;
    let (proof, ending) = match &finding.verdict {
        Verdict::Undecided => return None,
        Verdict::Settled { proof, consensus_ns } => (*proof, Ending::Settled { consensus_ns: *consensus_ns }),
        Verdict::Dead { proof, cause } => {
            let next = match aftermath(cause, attempt.ordinals.len(), attempt.tries, policy, chance) {
                Aftermath::Again { after, split, tries } => Some(Next { after, split, tries }),
                Aftermath::Final => None,
            };
            (*proof, Ending::Dead { cause: cause.clone(), next })
        }
    };
    Some(Decision { attempt: attempt.id, proof, ending })
}

fn effect(finding: &Finding) -> Option<(AttemptId, String, Option<i64>)> {
    match finding.verdict {
        Verdict::Settled { consensus_ns, .. } => {
            Some((finding.attempt.id, finding.attempt.transaction.to_string(), consensus_ns))
        }
        Verdict::Dead { .. } | Verdict::Undecided => None,
    }
}
