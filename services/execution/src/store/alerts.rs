//! Table `alert`: what operators have to end.

use std::time::SystemTime;

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AlertId, DistributionId, RunId};
use pg::Prepare as _;
use uuid::Uuid;

use crate::domain::alert::Alert;
use crate::domain::attempt::Cause;
use crate::store::runs::{class_code, class_from_code};
use crate::store::{At, StoreError};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    alert_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    distribution_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = SmallInt)]
    class: i16,
    #[diesel(sql_type = Text)]
    hint: String,
    #[diesel(sql_type = Timestamptz)]
    raised_at: At,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ended_at: Option<At>,
    #[diesel(sql_type = Bool)]
    ended_by_itself: bool,
}

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(embed)]
    alert: Row,
    #[diesel(sql_type = BigInt)]
    times: i64,
}

/// What makes a run go on, or ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// Somebody retries or cancels it.
    Person,
    /// What was wrong was seen to be so no more.
    Itself,
}

impl TryFrom<Row> for Alert {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = AlertId::from_uuid(row.alert_id);
        let class =
            class_from_code(row.class).ok_or_else(|| StoreError::inconsistent("alert", id, "class"))?;
        Ok(Self {
            id,
            run: RunId::from_uuid(row.run_id),
            distribution: row.distribution_id.map(DistributionId::from_uuid),
            cause: Cause { reason: row.reason, class },
            hint: row.hint,
            raised_at: row.raised_at.0,
            ended_at: row.ended_at.map(|at| at.0),
            ended_by_itself: row.ended_by_itself,
        })
    }
}

/// Raises an alert, unless one is open for the same reason; false then.
pub async fn raise(
    conn: &mut AsyncPgConnection,
    id: AlertId,
    run: RunId,
    cause: &Cause,
) -> Result<bool, StoreError> {
    raise_with_hint(conn, id, run, cause, cause.hint()).await
}

/// The same, where there is more to say than of the cause alone.
pub async fn raise_with_hint(
    conn: &mut AsyncPgConnection,
    id: AlertId,
    run: RunId,
    cause: &Cause,
    hint: &str,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO alert (alert_id, run_id, reason, class, hint) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    let raised = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Text, _>(&cause.reason)
        .bind::<SmallInt, _>(class_code(cause.class))
        .bind::<Text, _>(hint)
        .prepared()
        .execute(conn)
        .await?;
    Ok(raised == 1)
}

/// Ends all open alerts of a run that this transaction has locked.
pub async fn end_all(conn: &mut AsyncPgConnection, run: RunId, ended_by: EndedBy) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE alert SET ended_at = clock_timestamp(), ended_by_itself = $2 \
        WHERE run_id = $1 AND ended_at IS NULL";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Bool, _>(ended_by == EndedBy::Itself)
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// An open alert, with how often its run has gone on by itself after the same cause.
#[derive(Clone, Debug)]
pub struct OpenAlert {
    /// The alert.
    pub alert: Alert,
    /// So often.
    pub times: u32,
}

/// All open alerts of a run: one for each of the network's reasons at most.
pub async fn open(conn: &mut AsyncPgConnection, run: RunId) -> Result<Vec<OpenAlert>, StoreError> {
    const SQL: &str = "SELECT alert.*, run.distribution_id, \
        (SELECT count(*) FROM alert AS earlier WHERE earlier.run_id = $1 AND earlier.reason = alert.reason \
            AND earlier.ended_by_itself) AS times \
        FROM alert JOIN run USING (run_id) WHERE run_id = $1 AND alert.ended_at IS NULL ORDER BY alert_id";
    let rows: Vec<OpenRow> =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().load(conn).await?;
    let open = |row: OpenRow| {
        let times = u32::try_from(row.times).unwrap_or(u32::MAX);
        Ok(OpenAlert { alert: row.alert.try_into()?, times })
    };
    rows.into_iter().map(open).collect()
}

/// Which alerts a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only of this run.
    pub run: Option<RunId>,
    /// Also those that have ended.
    pub include_ended: bool,
}

/// Up to `limit` alerts, newest first, before the one given.
pub async fn list(
    conn: &mut AsyncPgConnection,
    filter: Filter,
    before: Option<(SystemTime, Uuid)>,
    limit: u32,
) -> Result<Vec<Alert>, StoreError> {
    const SQL: &str = "SELECT alert.*, run.distribution_id FROM alert JOIN run USING (run_id) \
        WHERE ($1 IS NULL OR run_id = $1) AND ($2 OR alert.ended_at IS NULL) \
        AND ($3 IS NULL OR (raised_at, alert_id) < ($3, $4)) ORDER BY raised_at DESC, alert_id DESC LIMIT $5";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<Nullable<SqlUuid>, _>(filter.run.map(|run| run.as_uuid()))
        .bind::<Bool, _>(filter.include_ended)
        .bind::<Nullable<Timestamptz>, _>(before.map(|(at, _)| At(at)))
        .bind::<Nullable<SqlUuid>, _>(before.map(|(_, id)| id))
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(Alert::try_from).collect()
}
