//! Executing, following, and retrying after the payees' trouble is mended.

use std::cell::Cell;
use std::time::{Duration, Instant};

use proto::distribution::v1::{Distribution, DistributionState, ExecuteDistributionRequest, RetryDistributionRequest};
use proto::execution::v1::{GetPayoutRequest, ListPayoutsRequest, Payout, PayoutStatus, RunProgress};
use proto::r#type::v1::recipient;

use super::Stage;
use super::prepare::Plan;
use super::trouble::{Counters, Trouble};
use crate::edge::pages;
use crate::error::CommandError;
use crate::follow;
use crate::output::progress::Progress;
use crate::output::table::visible;

const PATIENCE: Duration = Duration::from_hours(1);
const COUNTERS_PAUSE: Duration = Duration::from_secs(1);
/// Failed payouts that are listed, and payouts that are searched for examples of trouble.
const LISTED_MAX: usize = 20;
const SEARCHED_MAX: usize = 400;
/// Payees in one transaction: payouts so far apart are in different ones.
const PAYEES_PER_TRANSACTION: usize = 9;
const EVIDENCE_MAX: usize = 8;

/// What paying took.
pub(super) struct Paid {
    /// Time spent paying.
    pub(super) elapsed: Duration,
    /// Where the payouts stand at the end.
    pub(super) progress: RunProgress,
    /// How often each fault acted.
    pub(super) counters: Counters,
}

pub(super) async fn all(stage: &Stage, plan: &Plan, trouble: &Trouble) -> Result<Paid, CommandError> {
    let id = plan.distribution_id.clone();
    let began = Instant::now();
    let request = ExecuteDistributionRequest { distribution_id: id.clone() };
    stage.session.edge.distributions().execute_distribution(request).await?;
    stage.say(format!("paying {} payees:", plan.entitlements.payee_count))?;
    ended(follow(stage, plan).await?)?;
    let first = began.elapsed();

    examples(stage, plan).await?;
    failures(stage, plan).await?;
    trouble.associate(stage).await?;
    stage.say(format!("mended: {} are associated now; retrying", trouble.unassociated.join(", ")))?;
    let began = Instant::now();
    let request = RetryDistributionRequest { distribution_id: id };
    stage.session.edge.distributions().retry_distribution(request).await?;
    let progress = ended(follow(stage, plan).await?)?;
    let elapsed = first + began.elapsed();

    let left = failures(stage, plan).await?;
    expect_only(&left, &trouble.frozen)?;
    Ok(Paid { elapsed, progress, counters: Trouble::counters(stage).await? })
}

/// Follows the distribution and tells of trouble as the ledger's owner counts it.
async fn follow(stage: &Stage, plan: &Plan) -> Result<Distribution, CommandError> {
    let mut progress = Progress::new(stage.session.screen, u64::from(plan.entitlements.payee_count));
    let latest: Cell<Option<RunProgress>> = Cell::new(None);
    let settled = follow::until_settled(&stage.session.edge, &plan.distribution_id, PATIENCE, |distribution| {
        latest.set(distribution.progress.clone());
        Ok(())
    });
    tokio::pin!(settled);
    let mut told = Counters::default();
    let settled = loop {
        tokio::select! {
            settled = &mut settled => break settled?,
            () = tokio::time::sleep(COUNTERS_PAUSE) => {}
        }
        if let Some(now) = latest.take() {
            progress.show(&now)?;
        }
        told = tell(stage, &progress, told).await?;
    };
    tell(stage, &progress, told).await?;
    if let Some(now) = &settled.progress {
        progress.finish(now)?;
    }
    Ok(settled)
}

/// One line per kind of trouble that has grown.
async fn tell(stage: &Stage, progress: &Progress, told: Counters) -> Result<Counters, CommandError> {
    let now = Trouble::counters(stage).await?;
    let lines = [
        (told.busy, now.busy, "BUSY answers: asked again with the same transaction"),
        (told.lost_before, now.lost_before, "requests lost before they paid: sent again, same transaction, so paid once"),
        (told.lost_after, now.lost_after, "answers lost after they paid: found by receipt, not paid again"),
    ];
    for (before, count, what) in lines {
        if count > before {
            progress.note(format!("  trouble survived: {count} {what}"))?;
        }
    }
    Ok(now)
}

fn ended(distribution: Distribution) -> Result<RunProgress, CommandError> {
    match (distribution.state(), distribution.progress) {
        (DistributionState::Failed | DistributionState::Completed, Some(progress)) => Ok(progress),
        (state, _) => {
            let failure = distribution.failure.unwrap_or_default();
            let (reason, hint) = (failure.reason, failure.hint);
            Err(CommandError::Disagreement(format!("the distribution stopped as {}: {reason} {hint}", state.as_str_name())))
        }
    }
}

/// Lists what failed, with reason and hint.
async fn failures(stage: &Stage, plan: &Plan) -> Result<Vec<Payout>, CommandError> {
    let failed = payouts(stage, plan, PayoutStatus::Failed, LISTED_MAX).await?;
    for payout in &failed {
        let failure = payout.failure.clone().unwrap_or_default();
        let (account, hint) = (account(payout), visible(&failure.hint));
        stage.say(format!("  failed: payout {} to {account}: {} ({hint})", payout.ordinal, failure.reason))?;
    }
    Ok(failed)
}

/// After mending, only the frozen payee may be left.
fn expect_only(failed: &[Payout], frozen: &str) -> Result<(), CommandError> {
    let accounts: Vec<String> = failed.iter().map(account).collect();
    if accounts == [frozen] {
        return Ok(());
    }
    let accounts = accounts.join(", ");
    Err(CommandError::Disagreement(format!("{frozen} alone should be unpaid, and unpaid are: {accounts}")))
}

/// Shows one payment that met BUSY, one whose answer was lost, and one that was split, by their own evidence.
async fn examples(stage: &Stage, plan: &Plan) -> Result<(), CommandError> {
    let paid = payouts(stage, plan, PayoutStatus::Paid, SEARCHED_MAX).await?;
    let mut wanted: Vec<(&str, Shows)> = vec![
        ("met BUSY", |story| story.busy),
        ("lost an answer", |story| story.send_begins > 1 && !story.busy),
        ("shared a transaction with a payee who could not be paid", |story| story.attempts > 1),
    ];
    for payout in paid.iter().step_by(PAYEES_PER_TRANSACTION) {
        if wanted.is_empty() {
            break;
        }
        let story = Story::of(stage, payout).await?;
        if let Some(found) = wanted.iter().position(|(_, shows)| shows(&story)) {
            let (what, _) = wanted.swap_remove(found);
            stage.say(format!("  for example payout {} {what}, and was paid once:", payout.ordinal))?;
            for line in story.lines.iter().take(EVIDENCE_MAX) {
                stage.say(format!("    {line}"))?;
            }
        }
    }
    Ok(())
}

/// Whether a story is an example of something.
type Shows = fn(&Story) -> bool;

/// One payout's attempts with their evidence.
struct Story {
    attempts: usize,
    send_begins: u32,
    busy: bool,
    lines: Vec<String>,
}

impl Story {
    async fn of(stage: &Stage, payout: &Payout) -> Result<Story, CommandError> {
        let request = GetPayoutRequest { payout_id: payout.id.clone() };
        let attempts = stage.session.edge.execution().get_payout(request).await?.into_inner().attempts;
        let mut lines = Vec::new();
        for attempt in &attempts {
            lines.push(format!("attempt {} for {} payees", attempt.transaction_id, attempt.ordinals.len()));
            lines.extend(attempt.evidence.iter().map(|seen| format!("  {} {}", seen.kind, visible(&seen.detail))));
        }
        Ok(Story {
            attempts: attempts.len(),
            send_begins: attempts.iter().map(|attempt| attempt.send_begins).max().unwrap_or_default(),
            busy: lines.iter().any(|line| line.contains("BUSY")),
            lines,
        })
    }
}

async fn payouts(stage: &Stage, plan: &Plan, status: PayoutStatus, limit: usize) -> Result<Vec<Payout>, CommandError> {
    let payouts = pages::collect(limit, async |page_size, page_token| {
        let request = ListPayoutsRequest {
            run_id: plan.run_id.clone(),
            page_size,
            page_token,
            status: status.into(),
            account: String::new(),
        };
        let page = stage.session.edge.execution().list_payouts(request).await?.into_inner();
        Ok((page.payouts, page.next_page_token))
    });
    Ok(payouts.await?)
}

fn account(payout: &Payout) -> String {
    let kind = payout.recipient.as_ref().and_then(|recipient| recipient.kind.as_ref());
    kind.map(|kind| match kind {
        recipient::Kind::HederaAccount(account) => account.clone(),
    })
    .unwrap_or_default()
}
