//! Reads that have a rule: what is shown together.

use diesel_async::AsyncPgConnection;
use ids::{PayoutId, RunId};

use crate::app::Context;
use crate::domain::progress::Progress;
use crate::error::Error;
use crate::store::attempts::{self, StoredAttempt};
use crate::store::batches;
use crate::store::evidence::{self, StoredEvent};
use crate::store::payouts::{self, Filter, Payout};
use crate::store::runs::{self, StoredRun};

/// A run with where its payouts stand.
pub async fn run(ctx: &Context, id: RunId) -> Result<(StoredRun, Progress), Error> {
    let mut conn = ctx.conn().await?;
    let run = find_run(&mut conn, id).await?;
    let progress = batches::progress(&mut conn, id).await?;
    Ok((run, progress))
}

/// A run, or that there is none.
pub async fn find_run(conn: &mut AsyncPgConnection, id: RunId) -> Result<StoredRun, Error> {
    runs::find(conn, id).await?.ok_or(Error::RunNotFound(id))
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
