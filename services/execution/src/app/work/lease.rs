//! Keeping leases for as long as a visit takes.
//!
//! A mirror node that answers slowly, or only after several tries, makes a visit longer than any lease that is short enough
//! to be of use. If another worker took the batch meanwhile it would fare alike, and nobody would ever record anything.

use std::pin::pin;

use tokio::time::sleep;

use crate::app::Context;
use crate::error::Error;
use crate::store::claims::{self, DueBatch};

/// Does `work` while the leases on these batches are extended beside it. It is done to its end also when they are lost:
/// what it hears of its own transactions nobody else may hear.
pub(super) async fn while_extended<T>(
    ctx: &Context,
    batches: Vec<DueBatch>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => done,
        () = extend(ctx, batches) => work.await,
    }
}

/// Extends the leases until none is left that can be.
async fn extend(ctx: &Context, mut held: Vec<DueBatch>) {
    let lease = ctx.tuning.lease();
    while !held.is_empty() {
        sleep(lease / 3).await;
        match extended(ctx, &held).await {
            Ok(still) => held = still,
            Err(error) => tracing::warn!(%error, "leases cannot be extended; trying again"),
        }
    }
}

/// Those of the batches whose leases are alive, now for longer. Each by itself: one whose row is locked keeps no lock of
/// another.
async fn extended(ctx: &Context, held: &[DueBatch]) -> Result<Vec<DueBatch>, Error> {
    let conn = ctx.conn().await?;
    let mut still = Vec::with_capacity(held.len());
    for batch in held {
        if claims::extend(&conn, batch, ctx.tuning.lease()).await? {
            still.push(*batch);
        }
    }
    Ok(still)
}
