//! `UpdateDistribution`.

use auth::Actor;
use proto::distribution::v1::{UpdateDistributionRequest, UpdateDistributionResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{call, convert, draft};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<UpdateDistributionRequest>,
) -> Result<UpdateDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let message = request.get_ref();
    let id = call::distribution_id(&message.distribution_id).map_err(Error::from)?;
    let change = draft::read_change(message, app.network, app.clock.now());
    let version = message.version;
    let once = idempotency::once("UpdateDistribution", &actor, &request, |distribution| {
        UpdateDistributionResponse { distribution: Some(convert::distribution(distribution)) }
    })
    .map_err(Error::from)?;
    Ok(app::update_distribution(app, &actor, id, version, change, &once).await?)
}
