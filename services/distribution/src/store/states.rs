//! Where a distribution stands: locked, decided on, written.
//!
//! Every change is made from the state that is locked, never from one read before, so that a person's action and the
//! job's never undo each other.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::DistributionId;

use super::rows::{StateRow, state_name};
use super::schema::distribution_state;
use super::{StoreError, exactly_one};
use crate::domain::distribution::RunReport;
use crate::domain::state::State;

/// A state whose row is locked until the transaction ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    /// Where the distribution stands.
    pub state: State,
    /// Of which change.
    pub version: i64,
    /// Of which lease; a write of an older one must not happen.
    pub lease_epoch: i64,
}

/// What else changes with a state.
#[derive(AsChangeset, Clone, Debug, Default)]
#[diesel(table_name = distribution_state)]
pub struct Besides {
    /// When it was executed, in nanoseconds since the epoch; unchanged when none.
    pub executed_ns: Option<i64>,
    /// Why it was cancelled; unchanged when none.
    pub cancel_reason: Option<String>,
}

/// Locks where a distribution stands; none when there is no such distribution.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
) -> Result<Option<Locked>, StoreError> {
    let row: Option<(StateRow, i64, i64)> = distribution_state::table
        .find(id.as_uuid())
        .select((StateRow::as_select(), distribution_state::version, distribution_state::lease_epoch))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let Some((row, version, lease_epoch)) = row else { return Ok(None) };
    Ok(Some(Locked { state: row.into_state()?, version, lease_epoch }))
}

/// Writes a state; call it with the row locked. It wakes the job. Returns the new version.
pub(crate) async fn set(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    state: &State,
    besides: &Besides,
) -> Result<i64, StoreError> {
    let failure = state.failure();
    // Also for a state that rests: the job finds it resting and lets it be.
    let wake_at = diesel::dsl::now.into_sql::<Timestamptz>().nullable();
    let versions: Vec<i64> = diesel::update(distribution_state::table.find(id.as_uuid()))
        .set((
            distribution_state::state.eq(state_name(state)),
            distribution_state::version.eq(distribution_state::version + 1),
            distribution_state::failure_reason.eq(failure.map(|failure| failure.reason.as_str())),
            distribution_state::failure_class.eq(failure.map(|failure| failure.class.as_str())),
            distribution_state::failure_hint.eq(failure.map(|failure| failure.hint.as_str())),
            distribution_state::ended_ns.eq(state.ended_ns()),
            distribution_state::wake_at.eq(wake_at),
            besides,
        ))
        .returning(distribution_state::version)
        .get_results(conn)
        .await?;
    exactly_one("distribution_state", versions.len())?;
    Ok(versions[0])
}

/// Writes what execution says of the run; call it with the row locked. Returns the version, new when anything changed.
pub(crate) async fn set_report(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    report: &RunReport,
) -> Result<Option<i64>, StoreError> {
    let changed = distribution_state::run_progress.is_distinct_from(&report.progress);
    let failed = i64::try_from(report.failed_payouts).unwrap_or(i64::MAX);
    let version = diesel::update(distribution_state::table.find(id.as_uuid()).filter(changed))
        .set((
            distribution_state::run_progress.eq(&report.progress),
            distribution_state::run_failed.eq(failed),
            distribution_state::version.eq(distribution_state::version + 1),
        ))
        .returning(distribution_state::version)
        .get_result(conn)
        .await
        .optional()?;
    Ok(version)
}

/// Makes the job look at a distribution that rests, after a while; whoever looks at it now looks once more.
pub(crate) async fn wake(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    after: Duration,
) -> Result<(), StoreError> {
    let after_ms = i32::try_from(after.as_millis()).unwrap_or(i32::MAX);
    let wake_at = sql::<Nullable<Timestamptz>>("now() + ")
        .bind::<Integer, _>(after_ms)
        .sql(" * interval '1 millisecond'");
    diesel::update(distribution_state::table.find(id.as_uuid()))
        .set((
            distribution_state::wake_at.eq(wake_at),
            distribution_state::version.eq(distribution_state::version + 1),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes the job look at a distribution that has ended, if it has: payouts of it may have been superseded.
pub(crate) async fn wake_ended(conn: &mut AsyncPgConnection, id: DistributionId) -> Result<(), StoreError> {
    const ENDED: [&str; 2] = ["RUN_FAILED", "CANCELLED"];
    let now = diesel::dsl::now.into_sql::<Timestamptz>().nullable();
    diesel::update(distribution_state::table.find(id.as_uuid()))
        .filter(distribution_state::state.eq_any(ENDED))
        .set((
            distribution_state::wake_at.eq(now),
            distribution_state::version.eq(distribution_state::version + 1),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// The version of a distribution, to see cheaply whether it changed; none when there is no such distribution.
pub(crate) async fn version(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
) -> Result<Option<i64>, StoreError> {
    let version =
        distribution_state::table.find(id.as_uuid()).select(distribution_state::version).first(conn).await;
    Ok(version.optional()?)
}
