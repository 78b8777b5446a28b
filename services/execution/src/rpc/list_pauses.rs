//! `ListPauses`.

use proto::execution::v1 as pb;
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use crate::app::Context;
use crate::error::Error;
use crate::rpc::convert;
use crate::store::pauses;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListPausesRequest>,
) -> Result<pb::ListPausesResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(ctx: &Context, mut message: pb::ListPausesRequest) -> Result<pb::ListPausesResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let before = PageToken::decode(&token, filters)?.map(convert::before);
    let mut conn = ctx.conn().await?;
    let mut found = pauses::list(&mut conn, message.include_ended, before, size + 1).await?;
    let next = page::cut(&mut found, size).map(|pause| convert::newest(pause.paused.at, pause.id.as_uuid()));
    let pauses = found.iter().map(convert::pause).collect();
    Ok(pb::ListPausesResponse { pauses, next_page_token: PageToken::encode(next.as_ref(), filters) })
}
