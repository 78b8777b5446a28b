//! `GetSnapshot`.

use proto::holder::v1::{GetSnapshotRequest, GetSnapshotResponse};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};

pub(super) async fn handle(
    app: &App,
    request: Request<GetSnapshotRequest>,
) -> Result<GetSnapshotResponse, Status> {
    let id = convert::snapshot_id(&request.get_ref().snapshot_id)?;
    let snapshot = app::get_snapshot(app, id).await?;
    Ok(GetSnapshotResponse { snapshot: Some(convert::snapshot(&snapshot)) })
}
