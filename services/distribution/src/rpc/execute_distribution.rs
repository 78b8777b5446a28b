//! `ExecuteDistribution`.

use auth::Actor;
use prost::Message as _;
use proto::distribution::v1::{ExecuteDistributionRequest, ExecuteDistributionResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ExecuteDistributionRequest>,
) -> Result<ExecuteDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let once = call::once("ExecuteDistribution", &actor, &request, |distribution| {
        ExecuteDistributionResponse { distribution: Some(convert::distribution(distribution)) }
            .encode_to_vec()
    })
    .map_err(Error::from)?;
    let answer = app::execute_distribution(app, &actor, id, &once).await?;
    Ok(ExecuteDistributionResponse::decode(answer.as_slice()).map_err(Error::from)?)
}
