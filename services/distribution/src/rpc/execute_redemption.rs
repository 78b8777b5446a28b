//! `ExecuteRedemption`.

use auth::Actor;
use proto::distribution::v1::{ExecuteRedemptionRequest, ExecuteRedemptionResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::domain::kind::Duty;
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ExecuteRedemptionRequest>,
) -> Result<ExecuteRedemptionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let once = idempotency::once("ExecuteRedemption", &actor, &request, |distribution| {
        ExecuteRedemptionResponse { distribution: Some(convert::distribution(distribution)) }
    })
    .map_err(Error::from)?;
    Ok(app::execute_distribution(app, &actor, Duty::Cashout, id, &once).await?)
}
