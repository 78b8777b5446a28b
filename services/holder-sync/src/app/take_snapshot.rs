//! Asks for a snapshot.

use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{AssetId, SnapshotId};
use pg::idempotency::{Answer, Once};
use pg::time::{from_ns, to_ns};
use service_kit::error::Problem;

use super::App;
use crate::domain::{Snapshot, SnapshotProgress};
use crate::error::Error;
use crate::store::jobs::Work;
use crate::store::{jobs, snapshots, tracked_assets};

/// Which snapshot is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakeSnapshot {
    /// The asset.
    pub asset: AssetId,
    /// Balances at or before this time, nanoseconds since the epoch; now when absent.
    pub record_ns: Option<i64>,
    /// The caller's own id; minted here when absent.
    pub id: Option<SnapshotId>,
}

/// The snapshot, begun or as it is; one that failed is begun anew.
pub(crate) async fn take_snapshot<R: Answer>(
    app: &App,
    input: TakeSnapshot,
    once: &Once<Snapshot, R, Error>,
) -> Result<R, Error> {
    let now_ns = to_ns(app.clock.now());
    if input.record_ns.is_some_and(|record_ns| record_ns > now_ns) {
        return Err(Problem::field("record_time", "IN_THE_FUTURE", "now or a time in the past").into());
    }
    let ids = Arc::clone(&app.ids);
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                tracked_assets::find(conn, input.asset).await?.ok_or(Error::AssetNotFound(input.asset))?;
                let id = input.id.unwrap_or_else(|| SnapshotId::new(ids.as_ref()));
                begin_or_find(conn, &input, id, now_ns).await
            }
            .boxed()
        })
        .await?;
    app.work_waits.notify_one();
    Ok(answer)
}

async fn begin_or_find(
    conn: &mut AsyncPgConnection,
    input: &TakeSnapshot,
    id: SnapshotId,
    now_ns: i64,
) -> Result<Snapshot, Error> {
    let (asset_id, created_at) = (input.asset, from_ns(now_ns));
    let record_ns = input.record_ns.unwrap_or(now_ns);
    if snapshots::insert(conn, id, asset_id, record_ns, created_at).await? {
        jobs::enqueue(conn, Work::Snapshot(id), asset_id).await?;
        return Ok(Snapshot { id, asset_id, record_ns, created_at, progress: SnapshotProgress::Running });
    }
    let known = snapshots::find(conn, id).await?.ok_or(Error::SnapshotNotFound(id))?;
    let other_time = input.record_ns.is_some_and(|record_ns| record_ns != known.record_ns);
    if known.asset_id != asset_id || other_time {
        return Err(Error::SnapshotIdTaken(id));
    }
    if snapshots::restart(conn, id).await? {
        jobs::enqueue(conn, Work::Snapshot(id), asset_id).await?;
        return Ok(Snapshot { progress: SnapshotProgress::Running, ..known });
    }
    Ok(known)
}
