//! Schedules: what was decided, with where they stand.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, FundingAccountId, ScheduleId, Uuid};
use money::AssetCode;

use super::schedule_rows::{HolderDecisionRow, OccurrenceRow, ScheduleRow, StandingRow, VersionRow};
use super::schema::{occurrence, schedule, schedule_holder_decision, schedule_state, schedule_version};
use super::{StoreError, amount_terms, exactly_one};
use crate::domain::schedule::{Plan, Recorded, Schedule, Stand, Standing};

type WholeRow = (ScheduleRow, StandingRow, VersionRow);

/// Which schedules a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only of this asset.
    pub asset: Option<AssetId>,
    /// Only those that stand so.
    pub stand: Option<Stand>,
}

/// The last schedule of a page: when it was created, and the number of its id.
pub(crate) type Cursor = (i64, u128);

/// Where a schedule stands from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    /// Which version counts.
    pub version: u32,
    /// Where it stands.
    pub standing: &'a Standing,
    /// The number of the series up to which nothing is open.
    pub settled: u64,
    /// When the job looks at it, in nanoseconds since the epoch; of an active one.
    pub wake_ns: i64,
}

impl Change<'_> {
    fn row(&self) -> StandingRow {
        let wake_ns = (*self.standing == Standing::Active).then_some(self.wake_ns);
        StandingRow::of(self.version, self.standing, self.settled, wake_ns)
    }
}

/// Schedules with where they stand and the version that counts.
macro_rules! whole_rows {
    () => {
        schedule::table
            .inner_join(schedule_state::table)
            .inner_join(
                schedule_version::table.on(schedule_version::schedule_id
                    .eq(schedule::id)
                    .and(schedule_version::version.eq(schedule_state::version))),
            )
            .select((ScheduleRow::as_select(), StandingRow::as_select(), VersionRow::as_select()))
    };
}
/// Stores a new schedule; the job sees it at `wake_ns`.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    new: &Schedule,
    wake_ns: i64,
) -> Result<(), StoreError> {
    let row = ScheduleRow {
        id: new.id.as_uuid(),
        asset_id: new.asset().as_uuid(),
        created_by: new.created_by.clone(),
        created_ns: new.created_ns,
    };
    diesel::insert_into(schedule::table).values(row).execute(conn).await?;
    insert_plan(conn, new.id, &new.plan).await?;
    let change = Change { version: new.plan.version, standing: &new.standing, settled: new.settled, wake_ns };
    diesel::insert_into(schedule_state::table)
        .values((schedule_state::schedule_id.eq(new.id.as_uuid()), change.row()))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores what was decided anew; [`set`] makes it count.
pub(crate) async fn insert_plan(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
    plan: &Plan,
) -> Result<(), StoreError> {
    diesel::insert_into(schedule_version::table).values(VersionRow::of(id, plan)).execute(conn).await?;
    let decisions = HolderDecisionRow::all(id, plan);
    diesel::insert_into(schedule_holder_decision::table).values(decisions).execute(conn).await?;
    let version = (id.as_uuid(), plan.version.cast_signed());
    amount_terms::insert(conn, version, &plan.template.terms().source).await
}

/// Writes where a schedule stands; call it with the schedule locked. Rounds that failed are forgotten.
pub(crate) async fn set(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    let changed = diesel::update(schedule_state::table.find(id.as_uuid()))
        .set((
            change.row(),
            schedule_state::misses.eq(0),
            schedule_state::retry_at.eq(sql::<Nullable<Timestamptz>>("NULL")),
        ))
        .execute(conn)
        .await?;
    Ok(exactly_one("schedule_state", changed)?)
}

/// One schedule.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
) -> Result<Option<Schedule>, StoreError> {
    let rows: Vec<WholeRow> = whole_rows!().filter(schedule::id.eq(id.as_uuid())).load(conn).await?;
    Ok(with_details(conn, rows).await?.pop())
}

/// The same, locked until the transaction ends.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
) -> Result<Option<Schedule>, StoreError> {
    let locking = schedule_state::table.find(id.as_uuid()).select(schedule_state::schedule_id).for_update();
    let locked: Option<Uuid> = locking.first(conn).await.optional()?;
    if locked.is_some() { find(conn, id).await } else { Ok(None) }
}

/// The same for the job: none also when somebody else has it locked.
pub(crate) async fn try_lock(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
) -> Result<Option<Schedule>, StoreError> {
    let locking = schedule_state::table.find(id.as_uuid()).select(schedule_state::schedule_id).for_update();
    let locked: Option<Uuid> = locking.skip_locked().first(conn).await.optional()?;
    if locked.is_some() { find(conn, id).await } else { Ok(None) }
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    schedule_id: Uuid,
}

/// Up to `limit` active schedules that the job has to look at, longest due first; not those left alone after a failure.
pub(crate) async fn due(
    conn: &mut AsyncPgConnection,
    now_ns: i64,
    limit: i64,
) -> Result<Vec<ScheduleId>, StoreError> {
    let rows: Vec<Due> = sql_query(
        "SELECT schedule_id FROM schedule_state
         WHERE wake_ns <= $1 AND (retry_at IS NULL OR retry_at <= now())
         ORDER BY wake_ns LIMIT $2",
    )
    .bind::<BigInt, _>(now_ns)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| ScheduleId::from_uuid(row.schedule_id)).collect())
}

/// Leaves a schedule alone for a while after a round of it failed: `first`, doubled with each failure in a row up to `max`.
pub(crate) async fn postpone(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
    first: Duration,
    max: Duration,
) -> Result<(), StoreError> {
    let millis = |wait: Duration| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    sql_query(
        "UPDATE schedule_state
         SET misses = misses + 1,
             retry_at = now() + least($1 * 2 ^ least(misses, 30), $2) * interval '1 millisecond'
         WHERE schedule_id = $3",
    )
    .bind::<BigInt, _>(millis(first))
    .bind::<BigInt, _>(millis(max))
    .bind::<SqlUuid, _>(id.as_uuid())
    .execute(conn)
    .await?;
    Ok(())
}

/// Up to `limit` schedules, newest first, after the cursor.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Schedule>, StoreError> {
    let mut query = whole_rows!()
        .order((schedule::created_ns.desc(), schedule::id.desc()))
        .limit(limit.into())
        .into_boxed();
    if let Some(asset) = filter.asset {
        query = query.filter(schedule::asset_id.eq(asset.as_uuid()));
    }
    if let Some(stand) = filter.stand {
        query = query.filter(schedule_state::state.eq(stand.as_str()));
    }
    if let Some((created_ns, id)) = after {
        let same_time = schedule::created_ns.eq(created_ns).and(schedule::id.lt(Uuid::from_u128(id)));
        query = query.filter(schedule::created_ns.lt(created_ns).or(same_time));
    }
    let rows: Vec<WholeRow> = query.load(conn).await?;
    with_details(conn, rows).await
}

/// Up to `limit` active schedules, oldest first, that take this token from this account.
pub(crate) async fn paid_from(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    token: &AssetCode,
    limit: u32,
) -> Result<Vec<Schedule>, StoreError> {
    let rows: Vec<WholeRow> = whole_rows!()
        .filter(schedule_state::state.eq(Stand::Active.as_str()))
        .filter(schedule_version::funding_account_id.eq(funding.as_uuid()))
        .filter(schedule_version::payment_token.eq(token.as_str()))
        .order((schedule::created_ns, schedule::id))
        .limit(limit.into())
        .load(conn)
        .await?;
    with_details(conn, rows).await
}

async fn with_details(
    conn: &mut AsyncPgConnection,
    rows: Vec<WholeRow>,
) -> Result<Vec<Schedule>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|(whole, _, _)| whole.id).collect();
    // Of another schedule's version they are left out below.
    let versions: Vec<i32> = rows.iter().map(|(_, _, version)| version.number()).collect();
    let decisions: Vec<HolderDecisionRow> = schedule_holder_decision::table
        .filter(schedule_holder_decision::schedule_id.eq_any(&ids))
        .filter(schedule_holder_decision::version.eq_any(versions))
        .select(HolderDecisionRow::as_select())
        .load(conn)
        .await?;
    let in_force: Vec<(Uuid, i32)> =
        rows.iter().map(|(whole, _, version)| (whole.id, version.number())).collect();
    let mut amounts = amount_terms::load(conn, &in_force).await?;
    let mut fired = last_fired(conn, &ids).await?;
    let skipped = skipped_ahead(conn, &ids).await?;
    let whole = |(whole, standing, version): WholeRow| {
        let id = whole.id;
        let (standing, settled) = standing.into_standing(id)?;
        let of_this = |row: &&HolderDecisionRow| row.schedule_id == id && row.version == version.number();
        let decided = decisions.iter().filter(of_this).cloned().collect();
        let said = amounts.remove(&(id, version.number())).unwrap_or_default();
        let ahead = skipped.iter().filter(|(of, _)| *of == id);
        Ok(Schedule {
            id: ScheduleId::from_uuid(id),
            created_by: whole.created_by,
            created_ns: whole.created_ns,
            plan: version.into_plan(AssetId::from_uuid(whole.asset_id), decided, said)?,
            standing,
            settled,
            skipped: ahead.map(|(_, number)| number.cast_unsigned()).collect(),
            last_fired: fired.extract_if(.., |(of, _)| *of == id).next().map(|(_, last)| last),
        })
    };
    rows.into_iter().map(whole).collect()
}

/// The last occurrence of each schedule that fired.
async fn last_fired(conn: &mut AsyncPgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, Recorded)>, StoreError> {
    let rows: Vec<OccurrenceRow> = occurrence::table
        .filter(occurrence::schedule_id.eq_any(ids).and(occurrence::distribution_id.is_not_null()))
        .distinct_on(occurrence::schedule_id)
        .order((occurrence::schedule_id, occurrence::series.desc(), occurrence::number.desc()))
        .select(OccurrenceRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(|row| Ok((row.schedule_id, row.into_recorded()?))).collect()
}

#[derive(QueryableByName)]
struct Ahead {
    #[diesel(sql_type = SqlUuid)]
    schedule_id: Uuid,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The numbers of each schedule's series that are decided though nothing below them has to be.
async fn skipped_ahead(conn: &mut AsyncPgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let rows: Vec<Ahead> = sql_query(
        "SELECT schedule_id, number
         FROM schedule_state JOIN schedule_version USING (schedule_id, version) JOIN occurrence USING (schedule_id, series)
         WHERE schedule_id = ANY($1) AND number > settled",
    )
    .bind::<diesel::sql_types::Array<SqlUuid>, _>(ids)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.schedule_id, row.number)).collect())
}
