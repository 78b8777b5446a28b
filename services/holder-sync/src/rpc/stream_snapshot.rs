//! `StreamSnapshot`.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use proto::holder::v1::{StreamSnapshotRequest, StreamSnapshotResponse};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};

/// Holders in one message.
const CHUNK: u32 = 1000;

/// Reads a chunk when the caller is ready for it: neither a slow caller nor a large snapshot costs memory or a connection.
pub(super) async fn handle(
    app: &App,
    request: Request<StreamSnapshotRequest>,
) -> Result<BoxStream<'static, Result<StreamSnapshotResponse, Status>>, Status> {
    let id = convert::snapshot_id(&request.get_ref().snapshot_id)?;
    let frozen = app::stream_snapshot(app, id).await?;
    let app = app.clone();
    let chunks = stream::try_unfold(Some(0), move |from| {
        let app = app.clone();
        async move {
            let Some(from) = from else { return Ok(None) };
            let found = app::snapshot_holders(&app, &frozen, from, CHUNK).await?;
            let Some(last) = found.last() else { return Ok(None) };
            let next = (found.len() == CHUNK as usize).then_some(last.account.num + 1);
            let holders = found.iter().map(convert::snapshot_holder).collect();
            Ok(Some((StreamSnapshotResponse { holders }, next)))
        }
    });
    Ok(chunks.boxed())
}
