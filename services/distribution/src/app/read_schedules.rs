//! Reads of schedules.

use diesel_async::AsyncPgConnection;
use ids::ScheduleId;
use schedule::{Occurrence, ScheduleError};

use super::App;
use crate::domain::schedule::{Recorded, Schedule};
use crate::error::Error;
use crate::store::schedules::{self, Cursor, Filter};
use crate::store::{StoreError, occurrences};

/// One schedule.
pub(crate) async fn get_schedule(app: &App, id: ScheduleId) -> Result<Schedule, Error> {
    in_transaction(&mut *app.conn().await?, id).await
}

/// One schedule, as a transaction sees it.
pub(super) async fn in_transaction(conn: &mut AsyncPgConnection, id: ScheduleId) -> Result<Schedule, Error> {
    found(id, schedules::find(conn, id).await)
}

/// One schedule, locked until the transaction ends.
pub(super) async fn locked(conn: &mut AsyncPgConnection, id: ScheduleId) -> Result<Schedule, Error> {
    found(id, schedules::lock(conn, id).await)
}

fn found(id: ScheduleId, found: Result<Option<Schedule>, StoreError>) -> Result<Schedule, Error> {
    found?.ok_or(Error::ScheduleNotFound(id))
}

/// Up to `limit` schedules, newest first.
pub(crate) async fn list_schedules(
    app: &App,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Schedule>, Error> {
    Ok(schedules::list(&mut *app.conn().await?, filter, after, limit).await?)
}

/// Up to `limit` occurrences that are decided, latest first.
pub(crate) async fn list_recorded(
    app: &App,
    id: ScheduleId,
    after: Option<occurrences::Cursor>,
    limit: u32,
) -> Result<Vec<Recorded>, Error> {
    get_schedule(app, id).await?;
    Ok(occurrences::list(&mut *app.conn().await?, id, after, limit).await?)
}

/// The schedule, and up to `limit` occurrences above the number `after` that are to come or were skipped ahead.
pub(crate) async fn list_upcoming(
    app: &App,
    id: ScheduleId,
    after: u64,
    limit: usize,
) -> Result<(Schedule, Vec<Occurrence>), Error> {
    let schedule = get_schedule(app, id).await?;
    match schedule.upcoming(after, limit) {
        Ok(coming) => Ok((schedule, coming)),
        // `problem` of the schedule says so.
        Err(ScheduleError::NotCovered(_)) => Ok((schedule, Vec::new())),
        Err(source) => Err(Error::Rule { id, source }),
    }
}
