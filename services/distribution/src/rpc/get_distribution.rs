//! `GetDistribution`.

use auth::Actor;
use proto::distribution::v1::{GetDistributionRequest, GetDistributionResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<GetDistributionRequest>,
) -> Result<GetDistributionResponse, Status> {
    Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let found = app::get_distribution(app, id).await?;
    Ok(GetDistributionResponse { distribution: Some(convert::distribution(&found)) })
}
