//! One snapshot: read a stored state, then freeze it in one transaction.

use std::time::Duration;

use ids::SnapshotId;
use service_kit::Shutdown;
use tokio::time::{Instant, sleep};

use super::App;
use super::read_balances::{self, Located, Reading};
use super::work::{Stop, while_held};
use crate::domain::{Frozen, JobFailure};
use crate::store::jobs::Lease;
use crate::store::readings::Shelf;
use crate::store::{jobs, readings, snapshots};

/// How often the mirror node is looked at while it has not passed the record time.
const LOOK: Duration = Duration::from_millis(250);

/// Reads and freezes. A try that was cut off before is begun from nothing: its rows are another reading's.
pub(super) async fn run(app: &App, lease: &Lease, id: SnapshotId, shutdown: &Shutdown) -> Result<(), Stop> {
    let asset = app.asset(lease.asset).await?;
    let record_ns = super::get_snapshot(app, id).await?.record_ns;
    let reading = async {
        await_record_time(app, lease, record_ns).await?;
        let state = read_balances::locate(app, &asset.token_id, record_ns).await?;
        let known_ns = asset.last_success.as_ref().map(|success| success.consensus_ns);
        if known_ns.is_some_and(|known_ns| state.consensus_ns < known_ns && known_ns <= record_ns) {
            let cause =
                format!("a state of {known_ns:?} is known, the newest stored is of {}", state.consensus_ns);
            return Err(Stop::because(JobFailure::MIRROR_BEFORE_RECORD_TIME, cause));
        }
        check_age(app, &state, record_ns)?;
        let reading = read_balances::read(app, lease, Shelf::Snapshot, &state).await?;
        Ok((state, reading))
    };
    let (state, reading) = while_held(app, lease, shutdown, reading).await?;
    freeze(app, lease, id, &state, &reading).await
}

/// Only a mirror node that has passed the record time shows what was stored last before it: one that stalled shows balances
/// of any age as the newest. Blocks close every two seconds, so that a record time of now is waited for here, once; what takes
/// longer waits in the queue.
async fn await_record_time(app: &App, lease: &Lease, record_ns: i64) -> Result<(), Stop> {
    let patience = if lease.failures == 0 { app.pace.block_wait } else { Duration::ZERO };
    let until = Instant::now() + patience;
    while let Some(end_ns) = app.balances.still_at(record_ns).await? {
        if Instant::now() >= until {
            let cause = format!("the record time is {record_ns}, the newest block ends at {end_ns}");
            return Err(Stop::because(JobFailure::MIRROR_BEFORE_RECORD_TIME, cause));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Balances are stored a while after their time, and not at all where storing them stopped.
fn check_age(app: &App, state: &Located, record_ns: i64) -> Result<(), Stop> {
    let age = Duration::from_nanos(record_ns.saturating_sub(state.consensus_ns).max(0).unsigned_abs());
    if age <= app.pace.stored_age_max {
        return Ok(());
    }
    let cause =
        format!("the record time is {record_ns}, the newest stored state is of {}", state.consensus_ns);
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
            consensus_ns: state.consensus_ns,
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
    tracing::info!(snapshot = %id, consensus_ns = state.consensus_ns, holders = reading.tally.count, "snapshot ready");
    Ok(())
}
