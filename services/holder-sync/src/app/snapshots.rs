//! Reads of snapshots.

use ids::{AssetId, SnapshotId};

use super::App;
use crate::domain::{Frozen, Snapshot, SnapshotHolder, SnapshotProgress};
use crate::error::Error;
use crate::store::snapshots;

/// One snapshot.
pub(crate) async fn get_snapshot(app: &App, id: SnapshotId) -> Result<Snapshot, Error> {
    snapshots::find(&mut *app.conn().await?, id).await?.ok_or(Error::SnapshotNotFound(id))
}

/// Up to `limit` snapshots of an asset, newest first, after `after`.
pub(crate) async fn list_snapshots(
    app: &App,
    asset: AssetId,
    after: Option<SnapshotId>,
    limit: u32,
) -> Result<Vec<Snapshot>, Error> {
    app.asset(asset).await?;
    Ok(snapshots::list(&mut *app.conn().await?, asset, after, limit).await?)
}

/// What a snapshot is made of, if it is ready to be streamed.
pub(crate) async fn stream_snapshot(app: &App, id: SnapshotId) -> Result<Frozen, Error> {
    match get_snapshot(app, id).await?.progress {
        SnapshotProgress::Ready(frozen) => Ok(frozen),
        SnapshotProgress::Running | SnapshotProgress::Failed { .. } => Err(Error::SnapshotNotReady(id)),
    }
}

/// Up to `limit` holders of a frozen snapshot by account number, from number `from` on.
pub(crate) async fn snapshot_holders(
    app: &App,
    frozen: &Frozen,
    from: u64,
    limit: u32,
) -> Result<Vec<SnapshotHolder>, Error> {
    Ok(snapshots::holders(&mut *app.conn().await?, frozen, from, limit).await?)
}
