//! `StreamPayouts`.

use std::sync::Arc;

use futures::stream;
use proto::execution::v1 as pb;
use tonic::{Request, Status};

use crate::app::{Context, read};
use crate::error::Error;
use crate::rpc::{Outgoing, convert, get_run};
use crate::store::payouts::{self, Filter};
use crate::store::runs::StoredRun;

const CHUNK: u32 = 1000;

pub(super) async fn handle(
    ctx: &Arc<Context>,
    request: Request<pb::StreamPayoutsRequest>,
) -> Result<Outgoing<pb::StreamPayoutsResponse>, Status> {
    let id = get_run::run_id(&request.get_ref().run_id)?;
    let stored = {
        let mut conn = ctx.conn().await?;
        read::find_run(&mut conn, id).await?
    };
    // Each chunk is read when the one before was taken: memory stays flat, and no connection waits for a slow reader.
    let chunks = stream::try_unfold((Arc::clone(ctx), stored, Some(0)), |(ctx, stored, from)| async move {
        let Some(from) = from else { return Ok(None) };
        let (chunk, next) = chunk(&ctx, &stored, from).await?;
        Ok(chunk.map(|chunk| (chunk, (ctx, stored, next))))
    });
    Ok(Box::pin(chunks))
}

async fn chunk(
    ctx: &Context,
    stored: &StoredRun,
    from: u32,
) -> Result<(Option<pb::StreamPayoutsResponse>, Option<u32>), Error> {
    let mut conn = ctx.conn().await?;
    let found = payouts::list(&mut conn, &stored.run, Filter::default(), from, CHUNK).await?;
    let Some(last) = found.last() else { return Ok((None, None)) };
    let next = last.ordinal + 1;
    let payouts = found.iter().map(|payout| convert::payout(stored, payout)).collect();
    Ok((Some(pb::StreamPayoutsResponse { payouts }), Some(next)))
}
