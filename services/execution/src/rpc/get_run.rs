//! `GetRun`.

use proto::execution::v1 as pb;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{Context, read};
use crate::error::Error;
use crate::rpc::convert;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::GetRunRequest>,
) -> Result<pb::GetRunResponse, Status> {
    let id = run_id(&request.get_ref().run_id)?;
    Ok(pb::GetRunResponse { run: Some(run(ctx, id).await?) })
}

/// The field `run_id` of a request.
pub(super) fn run_id(text: &str) -> Result<ids::RunId, Error> {
    Ok(validate::only("run_id", text)?)
}

/// A run as it is sent.
pub(super) async fn run(ctx: &Context, id: ids::RunId) -> Result<pb::Run, Error> {
    Ok(convert::run(&read::run(ctx, id).await?))
}
