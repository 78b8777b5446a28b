//! What became of occurrences: written once.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::ScheduleId;

use super::StoreError;
use super::schedule_rows::{OccurrenceRow, column};
use super::schema::occurrence;
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
