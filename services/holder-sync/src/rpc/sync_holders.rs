//! `SyncHolders`.

use auth::Actor;
use proto::holder::v1::{SyncHoldersRequest, SyncHoldersResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<SyncHoldersRequest>,
) -> Result<SyncHoldersResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("SyncHolders", &actor, &request, |sync| SyncHoldersResponse {
        sync: Some(convert::sync(sync)),
    })
    .map_err(Error::from)?;
    let id = convert::asset_id(&request.get_ref().asset_id)?;
    Ok(app::sync_holders(app, id, &once).await?)
}
