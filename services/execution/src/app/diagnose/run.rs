//! One run: where it stands, whom it could not pay, and what nobody knows the outcome of.

use hedera::AccountId;
use hedera::mirror::AccountRef;

use crate::app::Context;
use crate::app::check_recipients::{Check as RecipientCheck, RECIPIENTS_MAX, check_recipients};
use crate::app::read::RunView;
use crate::domain::diagnosis::{Check, Diagnosis};
use crate::domain::payout::PayoutStatus;
use crate::domain::run::RunState;
use crate::error::Error;
use crate::store::StoreError;
use crate::store::doubts::{self, Doubt};
use crate::store::payouts::{self, Filter, Payout};

/// Failed recipients and doubts that are looked at.
const SHOWN_MAX: u32 = 500;

/// Where it stands.
pub(super) fn standing(run: &RunView) -> Vec<Diagnosis> {
    let id = run.stored.run.header.run.to_string();
    let progress = &run.progress;
    let seen = format!(
        "{}: {} paid, {} failed, {} in doubt, {} processing, {} pending, {} cancelled",
        word(run.stored.run.state),
        progress.paid.payouts,
        progress.failed.payouts,
        progress.in_doubt.payouts,
        progress.processing.payouts,
        progress.pending.payouts,
        progress.cancelled.payouts
    );
    if let (RunState::Halted, Some(halt)) = (run.stored.run.state, &run.stored.run.halt) {
        let seen = format!("{seen}; stopped by {}", halt.reason);
        return vec![Diagnosis::problem(Check::Run, &id, seen, halt.hint())];
    }
    if run.pauses.is_empty() {
        return vec![Diagnosis::fine(Check::Run, &id, seen)];
    }
    let advice = "It goes on when nothing pauses it any more; see the pauses.";
    vec![Diagnosis::warning(Check::Run, &id, format!("{seen}; it is paused"), advice)]
}

const fn word(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Halted => "halted",
        RunState::Cancelling => "being cancelled",
        RunState::Completed => "completed",
        RunState::Failed => "failed",
        RunState::Cancelled => "cancelled",
    }
}

/// Whether those it could not pay could be paid now.
pub(super) async fn recipients(ctx: &Context, run: &RunView) -> Result<Vec<Diagnosis>, Error> {
    let stored = &run.stored.run;
    let filter = Filter { status: Some(PayoutStatus::Failed), ..Filter::default() };
    let failed = payouts::list(&mut *ctx.conn().await?, stored, filter, 0, SHOWN_MAX).await?;
    if failed.is_empty() {
        return Ok(vec![Diagnosis::fine(Check::Recipient, "", "no payout is proven unpaid")]);
    }
    let account = |payout: &Payout| {
        let wrong = |_| StoreError::inconsistent("instruction", payout.ordinal, "account");
        AccountId::from_num(payout.account).map(AccountRef::Id).map_err(wrong)
    };
    let names: Vec<AccountRef> = failed.iter().map(account).collect::<Result<_, _>>()?;
    let mut checks = Vec::with_capacity(names.len());
    for some in names.chunks(RECIPIENTS_MAX) {
        checks.extend(check_recipients(ctx, Some(&stored.header.asset), some).await?);
    }
    let mut found: Vec<Diagnosis> =
        failed.iter().zip(&checks).map(|(payout, check)| recipient(payout, check)).collect();
    let left = run.progress.failed.payouts.saturating_sub(u64::from(SHOWN_MAX));
    if left > 0 {
        let advice = "Look again when these are done.";
        found.push(Diagnosis::warning(
            Check::Recipient,
            "",
            format!("{left} more are not looked at"),
            advice,
        ));
    }
    Ok(found)
}

fn recipient(payout: &Payout, check: &RecipientCheck) -> Diagnosis {
    let subject = format!("0.0.{}", payout.account);
    let reason = payout.cause.as_ref().map_or("an unknown reason", |cause| cause.reason.as_str());
    match &check.problem {
        None => Diagnosis::warning(
            Check::Recipient,
            subject,
            format!("could not be paid for {reason}; it could be now"),
            "Retry: bursar distribution retry",
        ),
        Some(still) => Diagnosis::problem(
            Check::Recipient,
            subject,
            format!("could not be paid for {reason}; it still cannot, for {}", still.reason),
            still.hint(),
        ),
    }
}

/// What nobody knows the outcome of, and until when it can still be taken.
pub(super) async fn doubts(ctx: &Context, run: &RunView) -> Result<Vec<Diagnosis>, Error> {
    let found = doubts::list(&mut *ctx.conn().await?, run.stored.run.header.run, SHOWN_MAX).await?;
    if found.is_empty() {
        return Ok(vec![Diagnosis::fine(Check::Doubt, "", "no outcome is in doubt")]);
    }
    let now_ns = pg::time::to_ns(ctx.clock.now());
    Ok(found.iter().map(|doubt| self::doubt(doubt, now_ns)).collect())
}

fn doubt(doubt: &Doubt, now_ns: i64) -> Diagnosis {
    let left_s = (doubt.window_end_ns - now_ns) / 1_000_000_000;
    let (window, advice) = if left_s > 0 {
        (
            format!("the network can take it for {left_s} s more"),
            "Wait: it is asked for, and sent again, by itself.",
        )
    } else {
        (
            format!("its window closed {} s ago", -left_s),
            "Wait until the mirror node proves what became of it; if it cannot, two people end the doubt with evidence (ResolveInDoubt). Nothing is paid again before.",
        )
    };
    let seen =
        format!("the outcome of {} for {} payouts is not known; {window}", doubt.transaction, doubt.payouts);
    Diagnosis::problem(Check::Doubt, doubt.attempt.to_string(), seen, advice)
}
