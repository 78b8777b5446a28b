//! `RetryDistribution`.

use auth::Actor;
use prost::Message as _;
use proto::distribution::v1::{RetryDistributionRequest, RetryDistributionResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App, Retried};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<RetryDistributionRequest>,
) -> Result<RetryDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let once = call::once("RetryDistribution", &actor, &request, |retried: &Retried| {
        let distribution = Some(convert::distribution(&retried.distribution));
        RetryDistributionResponse { distribution, retried: retried.payouts }.encode_to_vec()
    })
    .map_err(Error::from)?;
    let answer = app::retry_distribution(app, &actor, id, &once).await?;
    Ok(RetryDistributionResponse::decode(answer.as_slice()).map_err(Error::from)?)
}
