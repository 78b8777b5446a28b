//! One snapshot: read a stored state, then freeze it in one transaction.

use std::time::Duration;

use ids::SnapshotId;
use service_kit::Shutdown;

use super::App;
use super::await_passed::await_passed;
use super::read_balances::{self, Located, Reading, Stored};
use super::work::{Stop, while_held};
use crate::domain::{Frozen, JobFailure};
use crate::store::jobs::Lease;
use crate::store::readings::Shelf;
use crate::store::{jobs, readings, snapshots};

/// Reads and freezes. A try that was cut off before is begun from nothing: its rows are another reading's.
pub(super) async fn run(app: &App, lease: &Lease, id: SnapshotId, shutdown: &Shutdown) -> Result<(), Stop> {
    let asset = app.asset(lease.asset).await?;
    let record_ns = super::get_snapshot(app, id).await?.record_ns;
    let reading = async {
        // No state is of later than the record time: what has passed the one has passed the other.
        await_passed(app, lease, record_ns).await?;
        let stored = read_balances::locate(app, &asset.token_id, record_ns).await?;
        let known_ns = asset.last_success.as_ref().map(|success| success.consensus_ns);
        if known_ns.is_some_and(|known_ns| stored.consensus_ns < known_ns && known_ns <= record_ns) {
            let cause =
                format!("a state of {known_ns:?} is known, the newest stored is of {}", stored.consensus_ns);
            return Err(Stop::because(JobFailure::MIRROR_NOT_PAST, cause));
        }
        check_age(app, stored, record_ns)?;
        let state = read_balances::describe(app, stored).await?;
        let reading = read_balances::read(app, lease, Shelf::Snapshot, &state).await?;
        Ok((state, reading))
    };
    let (state, reading) = while_held(app, lease, shutdown, reading).await?;
    freeze(app, lease, id, &state, &reading).await
}

/// Balances are stored a while after their time, and not at all where storing them stopped.
fn check_age(app: &App, stored: Stored, record_ns: i64) -> Result<(), Stop> {
    let age = Duration::from_nanos(record_ns.saturating_sub(stored.consensus_ns).max(0).unsigned_abs());
    if age <= app.pace.stored_age_max {
        return Ok(());
    }
    let cause =
        format!("the record time is {record_ns}, the newest stored state is of {}", stored.consensus_ns);
    Err(Stop::because(JobFailure::STORED_BALANCES_TOO_OLD, cause))
}

async fn freeze(
    app: &App,
    lease: &Lease,
    id: SnapshotId,
    state: &Located,
    reading: &Reading,
) -> Result<(), Stop> {
    let mut conn = app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        if !jobs::hold(conn, lease).await? {
            return Err(Stop::LeaseLost);
        }
        let stored = readings::tally(conn, Shelf::Snapshot, reading.id).await?;
        if stored != reading.tally {
            let cause = format!("read {:?}, stored {stored:?}", reading.tally);
            return Err(Stop::because(JobFailure::ROWS_LOST, cause));
        }
        let frozen = Frozen {
            consensus_ns: state.stored.consensus_ns,
            holder_count: stored.count,
            total_balance: stored.sum,
            total_supply: stored.sum,
            decimals: state.token.decimals,
            treasury_num: state.token.treasury_num,
            reading_id: reading.id,
        };
        snapshots::set_ready(conn, id, &frozen).await?;
        readings::keep(conn, reading.id).await?;
        Ok(jobs::remove(conn, lease).await?)
    })
    .await?;
    tracing::info!(snapshot = %id, consensus_ns = state.stored.consensus_ns, holders = reading.tally.count, "snapshot ready");
    Ok(())
}
