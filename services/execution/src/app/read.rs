//! Reads that have a rule: what is shown together.

use std::time::SystemTime;

use diesel_async::AsyncPgConnection;
use ids::{FundingAccountId, PayoutId, RunId, WithdrawalId};

use crate::app::Context;
use crate::domain::pause::Pause;
use crate::domain::progress::Progress;
use crate::error::Error;
use crate::store::attempts::{self, StoredAttempt};
use crate::store::evidence::{self, StoredEvent};
use crate::store::payouts::{self, Filter, Payout};
use crate::store::runs::{self, StoredRun};
use crate::store::withdrawals::{self, Withdrawal};
use crate::store::{StoreError, batches, pauses};

/// A run as people see it.
#[derive(Clone, Debug)]
pub struct RunView {
    /// The run.
    pub stored: StoredRun,
    /// Where its payouts stand.
    pub progress: Progress,
    /// What holds it now.
    pub pauses: Vec<Pause>,
}

/// A run with where its payouts stand.
pub async fn run(ctx: &Context, id: RunId) -> Result<RunView, Error> {
    let mut conn = ctx.conn().await?;
    let stored = find_run(&mut conn, id).await?;
    view(&mut conn, stored).await
}

/// Up to `limit` runs, newest first, before the one given.
pub async fn runs(
    ctx: &Context,
    filter: runs::Filter,
    before: Option<(SystemTime, ids::Uuid)>,
    limit: u32,
) -> Result<Vec<RunView>, Error> {
    let mut conn = ctx.conn().await?;
    let mut views = Vec::new();
    for stored in runs::list(&mut conn, filter, before, limit).await? {
        views.push(view(&mut conn, stored).await?);
    }
    Ok(views)
}

/// A run with where its payouts stand, as a transaction sees it.
pub(super) async fn view(conn: &mut AsyncPgConnection, stored: StoredRun) -> Result<RunView, Error> {
    let id = stored.run.header.run;
    let progress = batches::progress(conn, id).await?;
    let pauses = if stored.run.state.has_ended() { Vec::new() } else { pauses::holding(conn, id).await? };
    Ok(RunView { stored, progress, pauses })
}

/// A run, or that there is none.
pub async fn find_run(conn: &mut AsyncPgConnection, id: RunId) -> Result<StoredRun, Error> {
    runs::find(conn, id).await?.ok_or(Error::RunNotFound(id))
}

/// A withdrawal as people see it.
#[derive(Clone, Debug)]
pub struct WithdrawalView {
    /// Who wanted it, and why.
    pub withdrawal: Withdrawal,
    /// Its run.
    pub run: RunView,
    /// Its one payout.
    pub payout: Payout,
}

/// A withdrawal with its run and its payout.
pub async fn withdrawal(ctx: &Context, id: WithdrawalId) -> Result<WithdrawalView, Error> {
    let mut conn = ctx.conn().await?;
    let withdrawal = withdrawals::find(&mut conn, id).await?.ok_or(Error::WithdrawalNotFound(id))?;
    withdrawal_view(&mut conn, withdrawal).await
}

/// Up to `limit` withdrawals, newest first, before the one given.
pub async fn withdrawals(
    ctx: &Context,
    funding: Option<FundingAccountId>,
    before: Option<(SystemTime, ids::Uuid)>,
    limit: u32,
) -> Result<Vec<WithdrawalView>, Error> {
    let mut conn = ctx.conn().await?;
    let mut views = Vec::new();
    for withdrawal in withdrawals::list(&mut conn, funding, before, limit).await? {
        views.push(withdrawal_view(&mut conn, withdrawal).await?);
    }
    Ok(views)
}

/// What belongs to a withdrawal.
pub(super) async fn withdrawal_view(
    conn: &mut AsyncPgConnection,
    withdrawal: Withdrawal,
) -> Result<WithdrawalView, Error> {
    let stored = find_run(conn, withdrawal.run).await?;
    let run = view(conn, stored).await?;
    let found = payouts::list(conn, &run.stored.run, Filter::default(), 0, 1).await?;
    let payout = found.into_iter().next();
    let payout = payout.ok_or_else(|| StoreError::inconsistent("withdrawal", withdrawal.run, "run_id"))?;
    Ok(WithdrawalView { withdrawal, run, payout })
}

/// A payout with its attempts and what was seen of them.
pub struct PayoutStory {
    /// The run it belongs to.
    pub run: StoredRun,
    /// The payout.
    pub payout: Payout,
    /// Its attempts, oldest first.
    pub attempts: Vec<StoredAttempt>,
    /// What was seen of them, oldest first.
    pub events: Vec<StoredEvent>,
}

/// One payout with all that happened to it.
pub async fn payout(ctx: &Context, id: PayoutId) -> Result<PayoutStory, Error> {
    let mut conn = ctx.conn().await?;
    let run = runs::find(&mut conn, id.run).await?.ok_or(Error::PayoutNotFound(id))?;
    let found = payouts::list(&mut conn, &run.run, Filter::default(), id.ordinal, 1).await?;
    let payout = found
        .into_iter()
        .next()
        .filter(|payout| payout.ordinal == id.ordinal)
        .ok_or(Error::PayoutNotFound(id))?;
    let batch_number = id.ordinal / run.run.header.batch_size + 1;
    let attempts = attempts::of_payout(&mut conn, id.run, batch_number, id.ordinal).await?;
    let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
    let events = evidence::of_attempts(&mut conn, id.run, &ids).await?;
    Ok(PayoutStory { run, payout, attempts, events })
}
