//! `ListAlerts`.

use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::Context;
use crate::error::Error;
use crate::rpc::convert;
use crate::store::alerts::{self, Filter};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListAlertsRequest>,
) -> Result<pb::ListAlertsResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(ctx: &Context, mut message: pb::ListAlertsRequest) -> Result<pb::ListAlertsResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let mut violations = FieldViolations::new();
    let run = validate::parse_optional(&mut violations, "run_id", &message.run_id);
    violations.into_result()?;
    let filter = Filter { run: run.flatten(), include_ended: message.include_ended };
    let before = PageToken::decode(&token, filters)?.map(convert::before);
    let mut conn = ctx.conn().await?;
    let mut found = alerts::list(&mut conn, filter, before, size + 1).await?;
    let next = page::cut(&mut found, size).map(|alert| convert::newest(alert.raised_at, alert.id.as_uuid()));
    let alerts = found.iter().map(convert::alert).collect();
    Ok(pb::ListAlertsResponse { alerts, next_page_token: PageToken::encode(next.as_ref(), filters) })
}
