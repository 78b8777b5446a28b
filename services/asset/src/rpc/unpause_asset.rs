//! `UnpauseAsset`.

use auth::Actor;
use prost::Message as _;
use proto::asset::v1::{UnpauseAssetRequest, UnpauseAssetResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<UnpauseAssetRequest>,
) -> Result<UnpauseAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = call::once("UnpauseAsset", &actor, &request, |asset| {
        UnpauseAssetResponse { asset: Some(convert::asset(asset)) }.encode_to_vec()
    })
    .map_err(Error::from)?;
    let id = convert::asset_id(&request.get_ref().asset_id)?;
    let answer = app::unpause_asset(app, id, &once).await?;
    let mut response = UnpauseAssetResponse::decode(answer.as_slice()).map_err(Error::from)?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}
