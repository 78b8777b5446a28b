//! `SyncHolders`.

use auth::Actor;
use prost::Message as _;
use proto::holder::v1::{SyncHoldersRequest, SyncHoldersResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<SyncHoldersRequest>,
) -> Result<SyncHoldersResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = call::once("SyncHolders", &actor, &request, |sync| {
        SyncHoldersResponse { sync: Some(convert::sync(sync)) }.encode_to_vec()
    })
    .map_err(Error::from)?;
    let id = convert::asset_id(&request.get_ref().asset_id)?;
    let answer = app::sync_holders(app, id, &once).await?;
    Ok(SyncHoldersResponse::decode(answer.as_slice()).map_err(Error::from)?)
}
