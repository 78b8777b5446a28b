//! One sync: read the newest stored state, then take it over in one transaction.

use ids::SyncId;
use pg::time::to_ns;
use service_kit::Shutdown;

use super::App;
use super::await_passed::await_passed;
use super::read_balances::{self, Located, Reading};
use super::work::{Stop, while_held};
use crate::domain::{JobFailure, LastSuccess, TrackedAsset};
use crate::store::jobs::Lease;
use crate::store::readings::Shelf;
use crate::store::{holders, jobs, readings, syncs, tracked_assets};

/// Reads and takes over. A state that is known already is not read again: it never changes.
pub(super) async fn run(app: &App, lease: &Lease, id: SyncId, shutdown: &Shutdown) -> Result<(), Stop> {
    let asset = app.asset(lease.asset).await?;
    syncs::set_running(&mut *app.conn().await?, id).await?;
    let (state, reading) = while_held(app, lease, shutdown, read(app, lease, &asset)).await?;
    record(app, lease, id, &asset, &state, reading).await
}

async fn read(app: &App, lease: &Lease, asset: &TrackedAsset) -> Result<(Located, Option<Reading>), Stop> {
    let stored = read_balances::locate(app, &asset.token_id, to_ns(app.clock.now())).await?;
    let known = asset.last_success.as_ref().map(|success| success.consensus_ns);
    if let Some(known) = known.filter(|known| *known > stored.consensus_ns) {
        let cause =
            format!("balances of {known} are known, the newest stored are of {}", stored.consensus_ns);
        return Err(Stop::because(JobFailure::MIRROR_BEHIND, cause));
    }
    await_passed(app, lease, stored.consensus_ns).await?;
    let state = read_balances::describe(app, stored).await?;
    if known == Some(stored.consensus_ns) {
        return Ok((state, None));
    }
    let reading = read_balances::read(app, lease, Shelf::Staged, &state).await?;
    Ok((state, Some(reading)))
}

/// One transaction under the job's lock. What it updates last others wait for least: a million holders take seconds.
async fn record(
    app: &App,
    lease: &Lease,
    id: SyncId,
    asset: &TrackedAsset,
    state: &Located,
    reading: Option<Reading>,
) -> Result<(), Stop> {
    let mut conn = app.conn().await?;
    let clock = &app.clock;
    pg::transaction(&mut conn, async |conn| {
        if !jobs::hold(conn, lease).await? {
            return Err(Stop::LeaseLost);
        }
        let last = asset.last_success.as_ref();
        let (mut holder_count, mut total_supply) =
            last.map_or((0, 0), |success| (success.holder_count, success.total_supply));
        let mut changed_count = 0;
        if let Some(reading) = reading {
            let stored = readings::tally(conn, Shelf::Staged, reading.id).await?;
            if stored != reading.tally {
                let cause = format!("read {:?}, stored {stored:?}", reading.tally);
                return Err(Stop::because(JobFailure::ROWS_LOST, cause));
            }
            changed_count =
                holders::take_over(conn, asset.id, reading.id, state.stored.consensus_ns, id).await?;
            (holder_count, total_supply) = (stored.count, stored.sum);
            readings::discard(conn, reading.id).await?;
        }
        let at = clock.now();
        let success = LastSuccess {
            at,
            consensus_ns: state.stored.consensus_ns,
            holder_count,
            total_supply,
            treasury_num: state.token.treasury_num,
        };
        tracked_assets::set_success(conn, asset.id, &success).await?;
        syncs::set_succeeded(conn, id, at, state.stored.consensus_ns, holder_count, changed_count).await?;
        Ok(jobs::remove(conn, lease).await?)
    })
    .await?;
    tracing::info!(sync = %id, asset = %asset.id, consensus_ns = state.stored.consensus_ns, "synced");
    Ok(())
}
