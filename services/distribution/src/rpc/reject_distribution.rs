//! `RejectDistribution`.

use auth::Actor;
use proto::distribution::v1::{RejectDistributionRequest, RejectDistributionResponse};
use service_kit::error::{FieldViolations, Problem};
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::{approval_convert, call, convert};
use crate::app::{self, App};
use crate::error::Error;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 2_000;

pub(super) async fn handle(
    app: &App,
    request: Request<RejectDistributionRequest>,
) -> Result<RejectDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let (hash, reason) = read(request.get_ref()).map_err(Error::from)?;
    let once = idempotency::once("RejectDistribution", &actor, &request, |distribution| {
        RejectDistributionResponse { distribution: Some(convert::distribution(distribution)) }
    })
    .map_err(Error::from)?;
    Ok(app::reject_distribution(app, &actor, id, hash, reason, &once).await?)
}

fn read(message: &RejectDistributionRequest) -> Result<([u8; 32], String), Problem> {
    let mut violations = FieldViolations::new();
    let hash = approval_convert::read_hash(&mut violations, &message.hash);
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    violations.into_result()?;
    Ok((hash, reason.unwrap_or_default()))
}
