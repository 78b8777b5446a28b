//! `SyncAsset`.

use auth::Actor;
use prost::Message as _;
use proto::asset::v1::{SyncAssetRequest, SyncAssetResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<SyncAssetRequest>,
) -> Result<SyncAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = call::once("SyncAsset", &actor, &request, |asset| {
        SyncAssetResponse { asset: Some(convert::asset(asset)) }.encode_to_vec()
    })
    .map_err(Error::from)?;
    let sync_key = call::key(&request).map_err(Error::from)?;
    let id = convert::asset_id(&request.get_ref().asset_id)?;
    let answer = app::sync_asset(app, &actor, id, &once, &sync_key).await?;
    let mut response = SyncAssetResponse::decode(answer.as_slice()).map_err(Error::from)?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}
