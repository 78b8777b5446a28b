//! Where a distribution stands: locked, decided on, written.
//!
//! Every change is made from the state that is locked, never from one read before, so that a person's action and the
//! job's never undo each other.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, Uuid};

use super::rows::known;
use super::schema::distribution_state;
use super::state_rows::{StateRow, state_name};
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
    /// Which version of the terms is in force.
    pub terms_version: u32,
    /// Execution has said something of its run.
    pub reported: bool,
}

/// What else changes with a state.
#[expect(
    clippy::option_option,
    reason = "in a changeset of Diesel none is unchanged, and none in some is null"
)]
#[derive(AsChangeset, Clone, Debug, Default)]
#[diesel(table_name = distribution_state)]
pub struct Besides {
    /// When it was executed, in nanoseconds since the epoch; unchanged when none.
    pub executed_ns: Option<i64>,
    /// Why it was cancelled; unchanged when none.
    pub cancel_reason: Option<String>,
    /// When the approval that is waited for or given ends, in nanoseconds since the epoch, or that there is none; unchanged
    /// when not said.
    pub approval_expires_ns: Option<Option<i64>>,
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
    let terms_version = u32::try_from(row.terms_version).ok();
    let terms_version = known(terms_version, "distribution_state", id.as_uuid(), "terms_version")?;
    let reported = row.report()?.is_some();
    Ok(Some(Locked { state: row.into_state()?, version, lease_epoch, terms_version, reported }))
}

/// Puts another version of the terms in force; call it with the row locked. Whoever works on the former one loses the
/// lease, so that nothing of it is written any more.
pub(crate) async fn set_terms_version(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    terms_version: u32,
) -> Result<(), StoreError> {
    let changed = sql_query(
        "UPDATE distribution_state
         SET terms_version = $1, misses = 0, lease_epoch = lease_epoch + 1, lease_until = NULL
         WHERE distribution_id = $2",
    )
    .bind::<Integer, _>(terms_version.cast_signed())
    .bind::<SqlUuid, _>(id.as_uuid())
    .execute(conn)
    .await?;
    Ok(exactly_one("distribution_state", changed)?)
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

/// Up to `limit` distributions whose approval is over and that wait to be approved or executed.
pub(crate) async fn approval_expired(
    conn: &mut AsyncPgConnection,
    now_ns: i64,
    limit: i64,
) -> Result<Vec<DistributionId>, StoreError> {
    // The states of the index.
    let waiting = ["PENDING_APPROVAL", "UPCOMING", "DUE", "REFUSED"];
    let ids: Vec<Uuid> = distribution_state::table
        .filter(distribution_state::approval_expires_ns.le(now_ns))
        .filter(distribution_state::state.eq_any(waiting))
        .order(distribution_state::approval_expires_ns)
        .limit(limit)
        .select(distribution_state::distribution_id)
        .load(conn)
        .await?;
    Ok(ids.into_iter().map(DistributionId::from_uuid).collect())
}
