//! Executing, following, and retrying after the payees' trouble is mended.

use std::cell::Cell;
use std::time::{Duration, Instant};

use ids::PayoutId;
use proto::distribution::v1::{
    Distribution, DistributionState, ExecuteDistributionRequest, RetryDistributionRequest,
};
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
/// Failed payouts that are listed, and payouts that are looked at for examples of trouble.
const LISTED_MAX: usize = 20;
const SEARCHED_MAX: usize = 50;
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
    let (paid, told) = follow(stage, plan, Counters::default()).await?;
    ended(paid)?;
    let first = began.elapsed();

    let failed = failures(stage, plan).await?;
    examples(stage, plan, &failed).await?;
    trouble.associate(stage).await?;
    stage.say(format!("mended: {} are associated now; retrying", trouble.unassociated.join(", ")))?;
    let began = Instant::now();
    let request = RetryDistributionRequest { distribution_id: id, payout_ids: Vec::new() };
    stage.session.edge.distributions().retry_distribution(request).await?;
    let (paid, counters) = follow(stage, plan, told).await?;
    let progress = ended(paid)?;
    let elapsed = first + began.elapsed();

    let left = failures(stage, plan).await?;
    expect_only(&left, &trouble.frozen)?;
    Ok(Paid { elapsed, progress, counters })
}

/// Follows the distribution and tells of trouble, as the sandbox counts it, beyond what was told already.
async fn follow(
    stage: &Stage,
    plan: &Plan,
    mut told: Counters,
) -> Result<(Distribution, Counters), CommandError> {
    let mut progress = Progress::new(stage.session.screen, u64::from(plan.entitlements.payee_count));
    let latest: Cell<Option<RunProgress>> = Cell::new(None);
    let settled =
        follow::until_settled(&stage.session.edge, &plan.distribution_id, PATIENCE, |distribution| {
            latest.set(distribution.progress.clone());
            Ok(())
        });
    tokio::pin!(settled);
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
    let told = tell(stage, &progress, told).await?;
    if let Some(now) = &settled.progress {
        progress.finish(now)?;
    }
    Ok((settled, told))
}

/// One line per kind of trouble that has grown.
async fn tell(stage: &Stage, progress: &Progress, told: Counters) -> Result<Counters, CommandError> {
    let now = Trouble::counters(stage).await?;
    let lines = [
        (told.busy, now.busy, "BUSY answers: asked again with the same transaction"),
        (
            told.lost_before,
            now.lost_before,
            "requests lost before they paid: sent again, same transaction, so paid once",
        ),
        (
            told.lost_after,
            now.lost_after,
            "answers lost after they paid: found on the network, not paid again",
        ),
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
            Err(CommandError::Disagreement(format!(
                "the distribution stopped as {}: {reason} {hint}",
                state.as_str_name()
            )))
        }
    }
}

/// Lists what failed, with reason and hint.
async fn failures(stage: &Stage, plan: &Plan) -> Result<Vec<Payout>, CommandError> {
    let failed = failed_payouts(stage, plan).await?;
    for payout in &failed {
        let failure = payout.failure.clone().unwrap_or_default();
        let (account, hint) = (account(payout), visible(&failure.hint));
        stage
            .say(format!("  failed: payout {} to {account}: {} ({hint})", payout.ordinal, failure.reason))?;
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
async fn examples(stage: &Stage, plan: &Plan, failed: &[Payout]) -> Result<(), CommandError> {
    let mut wanted: Vec<(&str, Shows)> = vec![
        ("met BUSY", |story| story.busy && story.attempts == 1),
        ("lost an answer", |story| story.send_begins > 1 && !story.busy),
        ("shared a transaction with a payee who could not be paid", |story| story.attempts > 1),
    ];
    // Whoever comes after a failed payout most likely shared its transaction; any others are a transaction apart.
    let neighbours = failed.iter().map(|payout| payout.ordinal + 1);
    let others = (0..plan.entitlements.payee_count).step_by(PAYEES_PER_TRANSACTION).take(SEARCHED_MAX);
    for ordinal in neighbours.filter(|ordinal| *ordinal < plan.entitlements.payee_count).chain(others) {
        if wanted.is_empty() {
            break;
        }
        let story = Story::of(stage, plan, ordinal).await?;
        if let Some(found) = wanted.iter().position(|(_, shows)| story.paid && shows(&story)) {
            let (what, _) = wanted.swap_remove(found);
            stage.say(format!("  for example payout {ordinal} {what}, and was paid once:"))?;
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
    paid: bool,
    attempts: usize,
    send_begins: u32,
    busy: bool,
    lines: Vec<String>,
}

impl Story {
    async fn of(stage: &Stage, plan: &Plan, ordinal: u32) -> Result<Story, CommandError> {
        let run =
            plan.run_id.parse().map_err(|_| CommandError::Unexpected(format!("run id {}", plan.run_id)))?;
        let request = GetPayoutRequest { payout_id: PayoutId { run, ordinal }.to_string() };
        let answer = stage.session.edge.execution().get_payout(request).await?.into_inner();
        let (payout, attempts) = (answer.payout.ok_or(CommandError::missing("payout"))?, answer.attempts);
        let mut lines = Vec::new();
        for attempt in &attempts {
            let payees = if attempt.ordinals.len() == 1 { "payee" } else { "payees" };
            lines.push(format!("attempt {} for {} {payees}", attempt.transaction_id, attempt.ordinals.len()));
            lines.extend(
                attempt.evidence.iter().map(|seen| format!("  {} {}", seen.kind, visible(&seen.detail))),
            );
        }
        Ok(Story {
            paid: payout.status() == PayoutStatus::Paid,
            attempts: attempts.len(),
            send_begins: attempts.iter().map(|attempt| attempt.send_begins).max().unwrap_or_default(),
            busy: lines.iter().any(|line| line.contains("BUSY")),
            lines,
        })
    }
}

async fn failed_payouts(stage: &Stage, plan: &Plan) -> Result<Vec<Payout>, CommandError> {
    let payouts = pages::collect(LISTED_MAX, async |page_size, page_token| {
        let request = ListPayoutsRequest {
            run_id: plan.run_id.clone(),
            page_size,
            page_token,
            status: PayoutStatus::Failed.into(),
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
