//! `CancelDistribution`.

use auth::Actor;
use proto::distribution::v1::{CancelDistributionRequest, CancelDistributionResponse};
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

pub(super) async fn handle(
    app: &App,
    request: Request<CancelDistributionRequest>,
) -> Result<CancelDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let reason = request.get_ref().reason.clone();
    if !reason.is_empty() {
        let mut violations = FieldViolations::new();
        validate::text(&mut violations, "reason", &reason, REASON_CHARS_MAX);
        violations.into_result().map_err(Error::from)?;
    }
    let once = idempotency::once("CancelDistribution", &actor, &request, |distribution| {
        CancelDistributionResponse { distribution: Some(convert::distribution(distribution)) }
    })
    .map_err(Error::from)?;
    Ok(app::cancel_distribution(app, &actor, id, &reason, &once).await?)
}
