//! `GetSyncStatus`.

use proto::holder::v1::{GetSyncStatusRequest, GetSyncStatusResponse};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};

pub(super) async fn handle(
    app: &App,
    request: Request<GetSyncStatusRequest>,
) -> Result<GetSyncStatusResponse, Status> {
    let id = convert::asset_id(&request.get_ref().asset_id)?;
    let status = app::get_sync_status(app, id).await?;
    Ok(GetSyncStatusResponse { status: Some(convert::status(&status)) })
}
