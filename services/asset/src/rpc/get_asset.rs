//! `GetAsset`.

use auth::Actor;
use proto::asset::v1::{GetAssetRequest, GetAssetResponse};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};

pub(super) async fn handle(app: &App, request: Request<GetAssetRequest>) -> Result<GetAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = convert::asset_id(&request.get_ref().asset_id)?;
    let mut asset = convert::asset(&app::get_asset(app, id).await?);
    convert::with_sync(app, &actor, [&mut asset]).await;
    Ok(GetAssetResponse { asset: Some(asset) })
}
