//! `SyncAsset`.

use auth::Actor;
use proto::asset::v1::{SyncAssetRequest, SyncAssetResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<SyncAssetRequest>,
) -> Result<SyncAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("SyncAsset", &actor, &request, |asset| SyncAssetResponse {
        asset: Some(convert::asset(asset)),
    })
    .map_err(Error::from)?;
    // The holder service is told under the call's own key. The caller's keys there are kept per method, so only its own
    // direct `SyncHolders` under the same key could meet it.
    let sync_key = idempotency::key(request.metadata()).map_err(Error::from)?;
    let id = convert::asset_id(&request.get_ref().asset_id)?;
    let mut response = app::sync_asset(app, &actor, id, &once, &sync_key).await?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}
