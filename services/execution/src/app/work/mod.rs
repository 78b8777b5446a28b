//! Working on one batch: take the lease and commit intents, send, learn, record.
//!
//! Two commits where nothing goes wrong: the first takes the lease and commits intents with the begin of their sending,
//! the second records what was learnt and gives the lease back. A visit is short; what stays undecided is looked at
//! again by whoever takes the batch next.

mod claim;
mod deliver;
mod follow;
mod record;

use std::time::Duration;

use futures::future::join_all;
use ids::RunId;

use crate::app::Context;
use crate::domain::attempt::{Attempt, Cause, Verdict};
use crate::domain::run::Run;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::claims::DueBatch;
use crate::store::evidence::Event;
use crate::store::funding_accounts::FundingAccount;

/// A batch under lease, with what is to be done about it.
pub(crate) struct Work {
    pub(crate) run: Run,
    pub(crate) funding: FundingAccount,
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

/// Works on the batch of a run that is due, if there is one and a slot is free; says whether there was.
pub async fn visit(ctx: &Context, run: RunId, slot: u32) -> Result<bool, Error> {
    let Some(work) = claim::claim(ctx, run, slot).await? else { return Ok(false) };
    let Work { run, funding, batch, fresh, splits, open } = work;
    let mut findings = join_all(fresh.into_iter().map(|attempt| deliver::deliver(ctx, attempt))).await;
    blame_senders(&mut findings, &splits);
    findings.extend(look_after(ctx, &run, &funding, &batch, open).await?);
    record::record(ctx, &run, &batch, findings).await?;
    Ok(true)
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
    here!("resend.before_commit");
    let (begun, held) = claim::begin_again(ctx, run.header.run, batch, unsent).await?;
    here!("resend.after_commit");
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
