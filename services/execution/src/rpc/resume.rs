//! `Resume`.

use auth::Actor;
use proto::execution::v1 as pb;
use proto::execution::v1::resume_request::Scope as Wanted;
use service_kit::idempotency;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::error::Error;
use crate::rpc::convert;
use crate::rpc::pause::scope_and_reason;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ResumeRequest>,
) -> Result<pb::ResumeResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("Resume", &actor, &request, |pause: &Option<_>| pb::ResumeResponse {
        pause: pause.as_ref().map(convert::pause),
    })
    .map_err(Error::from)?;
    let message = request.get_ref();
    let (run_id, everything) = match &message.scope {
        Some(Wanted::RunId(id)) => (Some(id.as_str()), false),
        Some(Wanted::Everything(())) => (None, true),
        None => (None, false),
    };
    let (scope, reason) = scope_and_reason(run_id, everything, &message.reason)?;
    Ok(app::pause::resume(ctx, &actor, scope, reason, &once).await?)
}
