//! `CancelRedemption`.

use auth::Actor;
use proto::distribution::v1::{CancelRedemptionRequest, CancelRedemptionResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::domain::kind::Duty;
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<CancelRedemptionRequest>,
) -> Result<CancelRedemptionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let reason = call::reason(&request.get_ref().reason).map_err(Error::from)?;
    let once = idempotency::once("CancelRedemption", &actor, &request, |distribution| {
        CancelRedemptionResponse { distribution: Some(convert::distribution(distribution)) }
    })
    .map_err(Error::from)?;
    Ok(app::cancel_distribution(app, &actor, Duty::Cashout, id, &reason, &once).await?)
}
