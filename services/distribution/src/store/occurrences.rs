//! What became of occurrences: written once.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::ScheduleId;
use jiff::civil::DateTime;

use super::schedule_rows::{OccurrenceRow, column};
use super::schema::occurrence;
use super::{Inconsistent, StoreError};
use crate::domain::schedule::Recorded;

/// The last occurrence of a page: its series and its number.
pub(crate) type Cursor = (u32, u64);

/// Decides occurrences; call it with the schedule locked. The primary key refuses what is decided already.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
    decided: &[Recorded],
) -> Result<(), StoreError> {
    let rows: Vec<OccurrenceRow> = decided.iter().map(|one| OccurrenceRow::of(id, one)).collect();
    diesel::insert_into(occurrence::table).values(rows).execute(conn).await?;
    Ok(())
}

/// One that is decided.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
    series: u32,
    number: u64,
) -> Result<Option<Recorded>, StoreError> {
    let row = occurrence::table
        .find((id.as_uuid(), series.cast_signed(), column(number)))
        .select(OccurrenceRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(OccurrenceRow::into_recorded).transpose()?)
}

#[derive(QueryableByName)]
struct Latest {
    #[diesel(sql_type = Nullable<Text>)]
    nominal: Option<String>,
}

/// The latest nominal time of those that are decided, of whatever series; a person's skip of one that was still to come
/// when its series ended, or is at `now`, has decided nothing.
pub(crate) async fn latest_nominal(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
    now_ns: i64,
) -> Result<Option<DateTime>, StoreError> {
    let latest: Latest = sql_query(
        "SELECT max(nominal) AS nominal FROM occurrence decided
         WHERE schedule_id = $1 AND (skip_cause IS DISTINCT FROM 'PERSON' OR due_ns <= coalesce(
             (SELECT min(later.decided_ns) FROM schedule_version later
              WHERE later.schedule_id = $1 AND later.series > decided.series), $2))",
    )
    .bind::<SqlUuid, _>(id.as_uuid())
    .bind::<BigInt, _>(now_ns)
    .get_result(conn)
    .await?;
    let wrong = |_| Inconsistent { table: "occurrence", row: id.to_string(), column: "nominal" };
    Ok(latest.nominal.map(|nominal| nominal.parse().map_err(wrong)).transpose()?)
}

/// Up to `limit` that are decided, latest first, after the cursor.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    id: ScheduleId,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let mut query = occurrence::table
        .filter(occurrence::schedule_id.eq(id.as_uuid()))
        .order((occurrence::series.desc(), occurrence::number.desc()))
        .limit(limit.into())
        .select(OccurrenceRow::as_select())
        .into_boxed();
    if let Some((series, number)) = after {
        let series = series.cast_signed();
        let earlier = occurrence::series.eq(series).and(occurrence::number.lt(column(number)));
        query = query.filter(occurrence::series.lt(series).or(earlier));
    }
    let rows: Vec<OccurrenceRow> = query.load(conn).await?;
    rows.into_iter().map(|row| Ok(row.into_recorded()?)).collect()
}
