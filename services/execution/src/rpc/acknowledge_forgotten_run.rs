//! `AcknowledgeForgottenRun`.

use auth::Actor;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::{Context, sweep};
use crate::error::Error;
use crate::rpc::REASON_CHARS_MAX;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::AcknowledgeForgottenRunRequest>,
) -> Result<pb::AcknowledgeForgottenRunResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("AcknowledgeForgottenRun", &actor, &request, |payments| {
        pb::AcknowledgeForgottenRunResponse { payments: *payments }
    })
    .map_err(Error::from)?;
    let message = request.get_ref();
    let mut violations = FieldViolations::new();
    let run = validate::parse(&mut violations, "run_id", &message.run_id);
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    violations.into_result().map_err(Error::from)?;
    let which = run.zip(reason).expect("what is missing was noted as a violation");
    Ok(sweep::acknowledge(ctx, &actor, which, &once).await?)
}
