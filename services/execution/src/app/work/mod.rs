//! Working on batches: take the leases and commit intents, send, learn, record.
//!
//! A visit is to as many batches of a run as it gets slots for, and takes two commits where nothing goes wrong: the first
//! takes the leases and commits intents with the begin of their sending, the second records what was learnt and gives the
//! leases back. Most visits are short, and while one is not its leases are extended; what stays undecided is looked at again
//! by whoever takes the batch next.

mod claim;
mod deliver;
mod follow;
mod lease;
mod record;

use std::time::Duration;

use futures::future::join_all;
use ids::RunId;

use crate::app::Context;
use crate::domain::attempt::{Attempt, Cause, Verdict};
use crate::domain::run::Run;
use crate::error::Error;
use crate::store::claims::DueBatch;
use crate::store::evidence::Event;
use crate::store::funding_accounts::FundingAccount;

/// Batches of a run under lease.
pub(crate) struct Work {
    pub(crate) run: Run,
    pub(crate) funding: FundingAccount,
    pub(crate) batches: Vec<Leased>,
}

/// A batch under lease, with what is to be done about it.
pub(crate) struct Leased {
    pub(crate) batch: DueBatch,
    /// Intended just now; their sending has begun.
    pub(crate) fresh: Vec<Attempt>,
    /// For each dead attempt that was split just now, the indexes of its singles in `fresh`.
    pub(crate) splits: Vec<Vec<usize>>,
    /// Intended earlier, undecided.
    pub(crate) open: Vec<Attempt>,
}

/// What a visit learnt about one attempt.
pub(crate) struct Finding {
    pub(crate) attempt: Attempt,
    pub(crate) verdict: Verdict,
    /// What was seen on the way; nothing where all went well.
    pub(crate) events: Vec<Event>,
    /// A failure that an operator must end, though the attempt is not over.
    pub(crate) halt: Option<Cause>,
    /// Undecided: when to look again.
    pub(crate) again_after: Duration,
    /// Undecided past its time: why it is in doubt.
    pub(crate) doubt: Option<&'static str>,
}

/// What a visit learnt about a batch.
type Visited = (DueBatch, Vec<Finding>);

/// Works on the batches of a run that are due, one for each of these slots that is free; says whether there were any.
pub async fn visit(ctx: &Context, run: RunId, slots: &[u32]) -> Result<bool, Error> {
    let Some(Work { run, funding, batches }) = claim::claim(ctx, run, slots).await? else { return Ok(false) };
    let held = batches.iter().map(|leased| leased.batch).collect();
    let work = join_all(batches.into_iter().map(|leased| work_on(ctx, &run, &funding, leased)));
    let (mut visited, mut failed) = (Vec::new(), None);
    for outcome in lease::while_extended(ctx, held, work).await {
        match outcome {
            Ok(batch) => visited.push(batch),
            // What could not be looked up of one batch keeps nothing of the others from being written.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    record::record(ctx, &run, visited).await?;
    failed.map_or(Ok(true), Err)
}

/// Sends what was intended just now, and looks up what was before.
async fn work_on(
    ctx: &Context,
    run: &Run,
    funding: &FundingAccount,
    leased: Leased,
) -> Result<Visited, Error> {
    let Leased { batch, fresh, splits, open } = leased;
    let mut findings = join_all(fresh.into_iter().map(|attempt| deliver::deliver(ctx, attempt))).await;
    blame_senders(&mut findings, &splits);
    findings.extend(look_after(ctx, run, funding, &batch, open).await?);
    Ok((batch, findings))
}

/// Looks up what earlier visits left undecided, and sends again what may be.
async fn look_after(
    ctx: &Context,
    run: &Run,
    funding: &FundingAccount,
    batch: &DueBatch,
    open: Vec<Attempt>,
) -> Result<Vec<Finding>, Error> {
    let funding = (!batch.paused).then_some(funding);
    let looked = join_all(open.into_iter().map(|attempt| follow::follow(ctx, funding, attempt))).await;
    let (mut findings, mut unsent) = (Vec::new(), Vec::new());
    for outcome in looked {
        match outcome {
            follow::Followed::Learnt(learnt) => findings.push(learnt),
            follow::Followed::Unseen(attempt) => unsent.push(attempt),
        }
    }
    if unsent.is_empty() {
        return Ok(findings);
    }
    let (begun, held) = claim::begin_again(ctx, run.header.run, batch, unsent).await?;
    findings.extend(join_all(begun.into_iter().map(|attempt| deliver::deliver(ctx, attempt))).await);
    findings.extend(held.into_iter().map(|attempt| follow::waiting(ctx, attempt, Vec::new())));
    Ok(findings)
}

/// Where all singles of a split attempt failed alike, it is the sender whom the rail complains of.
fn blame_senders(findings: &mut [Finding], splits: &[Vec<usize>]) {
    for siblings in splits {
        let verdicts: Vec<Verdict> = siblings.iter().map(|index| findings[*index].verdict.clone()).collect();
        if !crate::domain::attempt::blames_sender(&verdicts) {
            continue;
        }
        for index in siblings {
            if let Verdict::Dead { cause, .. } = &mut findings[*index].verdict {
                cause.class = hedera::status::Class::Operator;
            }
        }
    }
}
