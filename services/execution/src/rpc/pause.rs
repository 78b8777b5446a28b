//! `Pause`.

use auth::Actor;
use proto::execution::v1 as pb;
use proto::execution::v1::pause_request::Scope as Wanted;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::domain::pause::Scope;
use crate::error::Error;
use crate::rpc::{REASON_CHARS_MAX, convert};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::PauseRequest>,
) -> Result<pb::PauseResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("Pause", &actor, &request, |pause| pb::PauseResponse {
        pause: Some(convert::pause(pause)),
    })
    .map_err(Error::from)?;
    let message = request.get_ref();
    let (run_id, everything) = match &message.scope {
        Some(Wanted::RunId(id)) => (Some(id.as_str()), false),
        Some(Wanted::Everything(())) => (None, true),
        None => (None, false),
    };
    let (scope, reason) = scope_and_reason(run_id, everything, &message.reason)?;
    Ok(app::pause::pause(ctx, &actor, scope, reason, &once).await?)
}

/// What is paused or resumed, and why.
pub(super) fn scope_and_reason(
    run_id: Option<&str>,
    everything: bool,
    reason: &str,
) -> Result<(Scope, String), Error> {
    let mut violations = FieldViolations::new();
    let scope = match run_id {
        Some(id) => validate::parse(&mut violations, "run_id", id).map(Scope::Run),
        None if everything => Some(Scope::Everything),
        None => {
            violations.add("scope", validate::REQUIRED, "name a run, or everything");
            None
        }
    };
    let reason = validate::text(&mut violations, "reason", reason, REASON_CHARS_MAX);
    violations.into_result()?;
    Ok(scope.zip(reason).expect("what is missing was noted as a violation"))
}
