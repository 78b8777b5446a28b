//! Lets a halted run go on where it was, once each of its causes is seen to be gone.
//!
//! Nothing is decided about a payment here: what is read only ends the halt, as a person's retry would, and leaves what
//! has failed as it is.

use std::time::{Duration, SystemTime};

use diesel_async::AsyncPgConnection;
use hedera::AccountId;
use hedera::mirror::AccountRef;
use ids::RunId;

use crate::app::Context;
use crate::app::check_recipients::check_recipients;
use crate::app::quote_run::quote_run;
use crate::app::retry_run::run_on;
use crate::domain::recovery::{self, Remedy, remedy};
use crate::domain::run::{Run, RunState};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::alerts::{self, EndedBy, OpenAlert};
use crate::store::funding_accounts::{self, FundingAccount};
use crate::store::{batches, evidence, limits, runs};

/// Halted runs read at a time.
const RUNS_PER_PAGE: u32 = 100;
/// Longest time for the looks at one run.
const DEADLINE: Duration = Duration::from_secs(30);

/// Looks at every halted run whose wait is over. One that cannot be looked at keeps none of the others waiting.
pub async fn resume_all(ctx: &Context) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = runs::halted(&mut *ctx.conn().await?, after, RUNS_PER_PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.run.header.run);
        for stored in page {
            let run = stored.run.header.run;
            if let Err(error) = resume(ctx, &stored.run).await {
                tracing::warn!(%run, %error, "what halted it could not be looked at");
            }
        }
    }
}

async fn resume(ctx: &Context, run: &Run) -> Result<(), Error> {
    let id = run.header.run;
    let open = alerts::open(&mut *ctx.conn().await?, id).await?;
    // Only the looks are cut off: what has begun to be written is not.
    let gone = tokio::time::timeout(DEADLINE, are_gone(ctx, run, &open)).await;
    let gone = gone.unwrap_or_else(|_late| {
        tracing::warn!(run = %id, "what halted it could not be looked at in time");
        Ok(false)
    });
    if gone? && go_on(ctx, id, &open).await? {
        let reasons: Vec<&str> = open.iter().map(|open| open.alert.cause.reason.as_str()).collect();
        tracing::info!(run = %id, ?reasons, "the run goes on: what halted it is gone");
        ctx.wake.notify_waiters();
    }
    Ok(())
}

/// Whether each cause is seen to be gone; not where one is not to be looked at now.
async fn are_gone(ctx: &Context, run: &Run, open: &[OpenAlert]) -> Result<bool, Error> {
    let due: Option<Vec<Remedy>> = open.iter().map(|open| due(ctx, open)).collect();
    let Some(due) = due.filter(|due| !due.is_empty()) else { return Ok(false) };
    for (remedy, OpenAlert { alert, .. }) in due.into_iter().zip(open) {
        if !is_there(ctx, run, remedy, alert.raised_at).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is looked for now to end this alert; none yet, or none ever.
fn due(ctx: &Context, open: &OpenAlert) -> Option<Remedy> {
    let remedy = remedy(&open.alert.cause)?;
    let halted_for = ctx.clock.now().duration_since(open.alert.raised_at).unwrap_or_default();
    let wait = recovery::wait(remedy, ctx.tuning.recovery(), open.times)?;
    (halted_for >= wait).then_some(remedy)
}

/// The same as a person's retry, but for what has failed; unless the run is halted no more, or for something else. Where the
/// record was wrong once, it is for a person to say that it goes on.
async fn go_on(ctx: &Context, run: RunId, seen: &[OpenAlert]) -> Result<bool, Error> {
    let ids = |open: &[OpenAlert]| open.iter().map(|open| open.alert.id).collect::<Vec<_>>();
    let mut conn = ctx.conn().await?;
    let goes_on = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        let stored = runs::find_for_update(conn, run).await?.ok_or(Error::RunNotFound(run))?;
        let open = alerts::open(conn, run).await?;
        let changed = stored.run.state != RunState::Halted || ids(&open) != ids(seen);
        if changed || evidence::any_break(conn, run).await? {
            return Ok(false);
        }
        batches::lock_all(conn, run).await?;
        run_on(conn, run, EndedBy::Itself).await?;
        here!("go_on.before_commit");
        Ok::<_, Error>(true)
    })
    .await?;
    here!("go_on.after_commit");
    Ok(goes_on)
}

async fn is_there(ctx: &Context, run: &Run, remedy: Remedy, since: SystemTime) -> Result<bool, Error> {
    match remedy {
        Remedy::Funds => funds(ctx, run).await,
        Remedy::Keys => keys(ctx, run).await,
        Remedy::Token => token(ctx, run).await,
        Remedy::DayLimit => Ok(limit_since(ctx, run, since).await? || is_past_day(ctx, since)),
        Remedy::Limit => limit_since(ctx, run, since).await,
        Remedy::KeyFiles => key_files(ctx, run).await,
    }
}

async fn funding_account(ctx: &Context, run: &Run) -> Result<FundingAccount, Error> {
    Ok(funding_accounts::of_run(&*ctx.conn().await?, &run.header).await?)
}

/// Whether what is still to be paid is there, with its fees, and would reach the payees undiminished. What is in flight may be
/// debited already, or never be: it is counted until it is decided.
async fn funds(ctx: &Context, run: &Run) -> Result<bool, Error> {
    let header = &run.header;
    let progress = batches::progress(&mut *ctx.conn().await?, header.run).await?;
    let open = [progress.pending, progress.processing, progress.in_doubt];
    let count = u32::try_from(open.iter().map(|tally| tally.payouts).sum::<u64>()).unwrap_or(u32::MAX);
    let units = open.iter().map(|tally| tally.units).sum();
    let quote = quote_run(ctx, header.funding_account, &header.asset, count, units).await?;
    Ok(!quote.fee_on_receipt
        && quote.funding_units >= quote.required_units
        && quote.fee_payer_balance_tinybars >= quote.expected_fees_tinybars)
}

/// Whether both keys, as they are used now, are those of their accounts, and nothing is open any more that was signed with
/// others. A key that is made of several cannot be told.
async fn keys(ctx: &Context, run: &Run) -> Result<bool, Error> {
    let progress = batches::progress(&mut *ctx.conn().await?, run.header.run).await?;
    if progress.processing.payouts + progress.in_doubt.payouts > 0 {
        return Ok(false);
    }
    let funding = funding_account(ctx, run).await?;
    for (account, reference) in
        [(funding.account, &funding.key_reference), (funding.fee_payer, &funding.fee_payer_key_reference)]
    {
        if !is_key_of(ctx, account, reference).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn is_key_of(ctx: &Context, account: AccountId, reference: &str) -> Result<bool, Error> {
    let Ok(key) = ctx.rail.keyring().key(reference) else { return Ok(false) };
    Ok(ctx.rail.signs_for(&key, account).await? == Some(true))
}

/// Whether the token could be sent to the funding account, and so moves.
async fn token(ctx: &Context, run: &Run) -> Result<bool, Error> {
    let account = funding_account(ctx, run).await?.account;
    let checks = check_recipients(ctx, Some(&run.header.asset), &[AccountRef::Id(account)]).await?;
    Ok(checks.iter().all(|check| check.problem.is_none()))
}

/// Whether the limit of a day is another one than it was then.
async fn limit_since(ctx: &Context, run: &Run, since: SystemTime) -> Result<bool, Error> {
    let header = &run.header;
    let set = limits::latest(&*ctx.conn().await?, header.funding_account, &header.asset).await?;
    Ok(set.is_none_or(|set| set.limits.per_day.is_none() || set.set_at > since))
}

/// Whether that day (UTC) is over.
fn is_past_day(ctx: &Context, since: SystemTime) -> bool {
    let day = |time| pg::time::to_ns(time).div_euclid(86_400_000_000_000);
    day(ctx.clock.now()) > day(since)
}

/// Whether both keys can be read.
async fn key_files(ctx: &Context, run: &Run) -> Result<bool, Error> {
    let funding = funding_account(ctx, run).await?;
    let references = [&funding.key_reference, &funding.fee_payer_key_reference];
    Ok(references.iter().all(|reference| ctx.rail.keyring().look(reference).is_ok()))
}
