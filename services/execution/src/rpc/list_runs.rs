//! `ListRuns`.

use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{Context, read};
use crate::error::Error;
use crate::rpc::convert;
use crate::store::runs::Filter;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListRunsRequest>,
) -> Result<pb::ListRunsResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(ctx: &Context, mut message: pb::ListRunsRequest) -> Result<pb::ListRunsResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let mut violations = FieldViolations::new();
    let distribution = validate::parse_optional(&mut violations, "distribution_id", &message.distribution_id);
    let state = validate::known(&mut violations, "state", message.state);
    violations.into_result()?;
    let (state, paused) = state.map(convert::wanted_run_state).unwrap_or_default();
    let filter = Filter { distribution: distribution.flatten(), state, paused };
    let before = PageToken::decode(&token, filters)?.map(convert::before);
    let mut found = read::runs(ctx, filter, before, size + 1).await?;
    let next = page::cut(&mut found, size)
        .map(|view| convert::newest(view.stored.created_at, view.stored.run.header.run.as_uuid()));
    let runs = found.iter().map(convert::run).collect();
    Ok(pb::ListRunsResponse { runs, next_page_token: PageToken::encode(next.as_ref(), filters) })
}
