//! `ListPauses`.

use std::time::{Duration, SystemTime};

use proto::execution::v1 as pb;
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use crate::app::Context;
use crate::domain::pause::Pause;
use crate::error::Error;
use crate::rpc::convert;
use crate::store::pauses;

/// Microseconds since the epoch, and the pause's id: the sort key of the last pause given.
type Cursor = (u64, u128);

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
    let before = PageToken::decode::<Cursor>(&token, filters)?.map(|(micros, id)| {
        (SystemTime::UNIX_EPOCH + Duration::from_micros(micros), ids::Uuid::from_u128(id))
    });
    let mut conn = ctx.conn().await?;
    let mut found = pauses::list(&mut conn, message.include_ended, before, size + 1).await?;
    let next = page::cut(&mut found, size).map(cursor);
    let pauses = found.iter().map(convert::pause).collect();
    Ok(pb::ListPausesResponse { pauses, next_page_token: PageToken::encode(next.as_ref(), filters) })
}

/// PostgreSQL keeps microseconds, so nothing is lost.
fn cursor(pause: &Pause) -> Cursor {
    let since = pause.paused.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (u64::try_from(since.as_micros()).unwrap_or(u64::MAX), pause.id.as_uuid().as_u128())
}
