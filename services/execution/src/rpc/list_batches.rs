//! `ListBatches`.

use proto::execution::v1 as pb;
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use crate::app::{Context, read};
use crate::error::Error;
use crate::rpc::{convert, get_run};
use crate::store::batches;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListBatchesRequest>,
) -> Result<pb::ListBatchesResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(ctx: &Context, mut message: pb::ListBatchesRequest) -> Result<pb::ListBatchesResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let run = get_run::run_id(&message.run_id)?;
    let after = PageToken::decode::<u32>(&token, filters)?.unwrap_or_default();
    let mut conn = ctx.conn().await?;
    read::find_run(&mut conn, run).await?;
    let mut found = batches::list(&mut conn, run, after, size + 1).await?;
    let next = page::cut(&mut found, size).map(|batch| batch.number);
    let now = ctx.clock.now();
    let batches = found.iter().map(|batch| convert::batch(run, batch, now)).collect();
    Ok(pb::ListBatchesResponse { batches, next_page_token: PageToken::encode(next.as_ref(), filters) })
}
