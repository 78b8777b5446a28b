//! `ApproveDistribution`.

use auth::Actor;
use proto::distribution::v1::{ApproveDistributionRequest, ApproveDistributionResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{approval_convert, call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ApproveDistributionRequest>,
) -> Result<ApproveDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let hash = approval_convert::hash(&request.get_ref().hash).map_err(Error::from)?;
    let once = idempotency::once("ApproveDistribution", &actor, &request, |distribution| {
        ApproveDistributionResponse { distribution: Some(convert::distribution(distribution)) }
    })
    .map_err(Error::from)?;
    Ok(app::approve_distribution(app, &actor, id, hash, &once).await?)
}
