//! `ListRuns`.

use std::time::{Duration, SystemTime};

use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{Context, read};
use crate::error::Error;
use crate::rpc::convert;
use crate::store::runs::{Filter, StoredRun};

/// Microseconds since the epoch, and the run's id: the sort key of the last run given.
type Cursor = (u64, u128);

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
    violations.into_result()?;
    let (state, paused) = convert::wanted_run_state(message.state());
    let filter = Filter { distribution: distribution.flatten(), state, paused };
    let before = PageToken::decode::<Cursor>(&token, filters)?.map(|(micros, id)| {
        (SystemTime::UNIX_EPOCH + Duration::from_micros(micros), ids::Uuid::from_u128(id))
    });
    let mut found = read::runs(ctx, filter, before, size + 1).await?;
    let next = page::cut(&mut found, size).map(|view| cursor(&view.stored));
    let runs = found.iter().map(convert::run).collect();
    Ok(pb::ListRunsResponse { runs, next_page_token: PageToken::encode(next.as_ref(), filters) })
}

/// PostgreSQL keeps microseconds, so nothing is lost.
fn cursor(stored: &StoredRun) -> Cursor {
    let since = stored.created_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (u64::try_from(since.as_micros()).unwrap_or(u64::MAX), stored.run.header.run.as_uuid().as_u128())
}
