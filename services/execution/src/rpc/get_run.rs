//! `GetRun`.

use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
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
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "run_id", text);
    violations.into_result()?;
    Ok(id.expect("what is missing was noted as a violation"))
}

/// A run as it is sent.
pub(super) async fn run(ctx: &Context, id: ids::RunId) -> Result<pb::Run, Error> {
    Ok(convert::run(&read::run(ctx, id).await?))
}
