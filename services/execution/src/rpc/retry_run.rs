//! `RetryRun`.

use proto::execution::v1 as pb;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::rpc::get_run;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::RetryRunRequest>,
) -> Result<pb::RetryRunResponse, Status> {
    let id = get_run::run_id(&request.get_ref().run_id)?;
    let retried = app::retry_run::retry_run(ctx, id).await?;
    Ok(pb::RetryRunResponse { run: Some(get_run::run(ctx, id).await?), retried })
}
