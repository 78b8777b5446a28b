//! Recording what a visit learnt, in one transaction that counts only under the visit's own lease.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use futures::try_join;
use ids::{AlertId, AttemptId, RunId};

use crate::app::Context;
use crate::app::work::Finding;
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

/// Writes findings down and gives the lease back. A lease that another has taken makes all of it void: that worker
/// learns the same from the rail.
pub(super) async fn record(
    ctx: &Context,
    run: &Run,
    batch: &DueBatch,
    findings: Vec<Finding>,
) -> Result<(), Error> {
    let id = run.header.run;
    let halt = findings.iter().find_map(halting);
    let decisions: Vec<Decision> =
        findings.iter().filter_map(|finding| decision(finding, &run.header.retry, rand::random())).collect();
    let poll = findings.iter().filter(|finding| finding.verdict == Verdict::Undecided);
    let poll = poll.map(|finding| finding.again_after).min().unwrap_or(Duration::ZERO);
    let mut conn = ctx.conn().await?;
    pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        if let Some(cause) = &halt {
            halt_run(ctx, conn, id, cause).await?;
        }
        if !claims::lock_held(conn, batch).await? {
            return Err(Error::Overtaken);
        }
        write(ctx, conn, batch, &findings, &decisions).await?;
        batches::recount(conn, id, Recount::Release { number: batch.number, poll }).await?;
        here!("record.before_commit");
        Ok(())
    })
    .await?;
    here!("record.after_commit");
    Ok(())
}

async fn write(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    batch: &DueBatch,
    findings: &[Finding],
    decisions: &[Decision],
) -> Result<(), Error> {
    let run = batch.run;
    let effects: Vec<(AttemptId, String, Option<i64>)> = findings.iter().filter_map(effect).collect();
    // Neither depends on the other: they go to the database together.
    let (decided, ()) = try_join!(
        decisions::decide(conn, run, batch.number, decisions),
        decisions::record_effects(conn, run, &effects)
    )?;
    for (attempt, effect, _) in effects.iter().filter(|(attempt, ..)| !decided.contains(attempt)) {
        report_break(ctx, conn, run, *attempt, effect).await?;
    }
    let doubts: Vec<(AttemptId, &str)> = findings
        .iter()
        .filter_map(|finding| finding.doubt.map(|reason| (finding.attempt.id, reason)))
        .collect();
    let undecided: Vec<_> = doubts.into_iter().filter(|(id, _)| !decided.contains(id)).collect();
    decisions::doubt(conn, run, batch.number, &undecided).await?;
    let events: Vec<Event> = findings.iter().flat_map(|finding| finding.events.iter().cloned()).collect();
    Ok(evidence::append(conn, run, &events).await?)
}

/// An effect of an attempt that somebody has decided before: harmless where they found it paid, a break otherwise.
async fn report_break(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    run: RunId,
    attempt: AttemptId,
    effect: &str,
) -> Result<(), Error> {
    let stored =
        attempts::find_for_update(conn, run, attempt).await?.ok_or(Error::AttemptNotFound(attempt))?;
    if stored.state == AttemptState::Settled {
        return Ok(());
    }
    tracing::error!(%run, %attempt, effect, "BREAK: the rail shows a payment that the record excludes");
    let detail = format!("{effect} took effect, and the attempt was decided as dead");
    evidence::record_break(conn, run, attempt, "EFFECT_OF_DEAD_ATTEMPT", &detail).await?;
    let cause = Cause { reason: "BREAK".to_owned(), class: hedera::status::Class::Bug };
    let stored = runs::find(conn, run).await?.ok_or(Error::RunNotFound(run))?;
    halt(ctx, conn, &stored.run, &cause).await
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
    if matches!(run.state, RunState::Running | RunState::Halted)
        && alerts::raise(conn, AlertId::new(&*ctx.ids), id, cause).await?
    {
        let hint = cause.hint();
        tracing::error!(run = %id, reason = cause.reason, hint, "ALERT: the run halts until an operator ends the cause");
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
