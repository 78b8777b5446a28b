//! `ListSnapshots`.

use proto::holder::v1::{ListSnapshotsRequest, ListSnapshotsResponse};
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ListSnapshotsRequest>,
) -> Result<ListSnapshotsResponse, Status> {
    let message = request.into_inner();
    let asset = convert::asset_id(&message.asset_id)?;
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filters = Filters::of_bytes(format!("ListSnapshots {asset}").as_bytes());
    let after = match PageToken::decode::<String>(&message.page_token, filters).map_err(Error::from)? {
        Some(id) => Some(convert::snapshot_id(&id)?),
        None => None,
    };
    let mut found = app::list_snapshots(app, asset, after, size + 1).await?;
    let last = page::cut(&mut found, size).map(|snapshot| snapshot.id.to_string());
    Ok(ListSnapshotsResponse {
        snapshots: found.iter().map(convert::snapshot).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}
