//! `UnpauseAsset`.

use auth::Actor;
use proto::asset::v1::{UnpauseAssetRequest, UnpauseAssetResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<UnpauseAssetRequest>,
) -> Result<UnpauseAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("UnpauseAsset", &actor, &request, |asset| UnpauseAssetResponse {
        asset: Some(convert::asset(asset)),
    })
    .map_err(Error::from)?;
    let message = request.get_ref();
    let (id, reason) = convert::asset_id_and_reason(&message.asset_id, &message.reason)?;
    let mut response = app::unpause_asset(app, &actor, id, reason, &once).await?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}
