//! `RetryDistribution`.

use auth::Actor;
use proto::distribution::v1::{RetryDistributionRequest, RetryDistributionResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App, Retried};
use crate::domain::kind::Duty;
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<RetryDistributionRequest>,
) -> Result<RetryDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let payouts = call::payout_ids(&request.get_ref().payout_ids).map_err(Error::from)?;
    let once = idempotency::once("RetryDistribution", &actor, &request, |retried: &Retried| {
        let distribution = Some(convert::distribution(&retried.distribution));
        RetryDistributionResponse { distribution, retried: retried.payouts }
    })
    .map_err(Error::from)?;
    if payouts.is_empty() {
        return Ok(app::retry_distribution(app, &actor, Duty::Payout, id, &once).await?);
    }
    let key = idempotency::key(request.metadata()).map_err(Error::from)?;
    Ok(app::retry_payouts(app, &actor, Duty::Payout, id, &payouts, &key, &once).await?)
}
