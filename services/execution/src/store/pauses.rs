//! Tables `pause` and `asset_pause`: what people have stopped.
//!
//! A pause is a row under an exclusive lock; whoever intends or begins to send holds the same lock shared from before it
//! looks for pauses until its commit. So a transaction that saw no pause has ended before the pause returns.

use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, PauseId, RunId};
use pg::Prepare as _;
use uuid::Uuid;

use crate::domain::pause::{Pause, Scope, Word};
use crate::store::{AnswerRow, At, StoreError};

impl Scope {
    fn code(self) -> i16 {
        match self {
            Self::Everything => 1,
            Self::Asset(_) => 2,
            Self::Run(_) => 3,
        }
    }

    fn subject(self) -> Uuid {
        match self {
            Self::Everything => Uuid::nil(),
            Self::Asset(asset) => asset.as_uuid(),
            Self::Run(run) => run.as_uuid(),
        }
    }

    fn of(code: i16, subject: Uuid) -> Option<Self> {
        match code {
            1 => Some(Self::Everything),
            2 => Some(Self::Asset(AssetId::from_uuid(subject))),
            3 => Some(Self::Run(RunId::from_uuid(subject))),
            _ => None,
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    pause_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    scope: i16,
    #[diesel(sql_type = SqlUuid)]
    subject: Uuid,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    paused_by: String,
    #[diesel(sql_type = Timestamptz)]
    paused_at: At,
    #[diesel(sql_type = Nullable<Text>)]
    resumed_by: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    resume_reason: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    resumed_at: Option<At>,
}

impl TryFrom<Row> for Pause {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = PauseId::from_uuid(row.pause_id);
        let scope = Scope::of(row.scope, row.subject);
        // The table holds all three or none.
        let resumed = row.resumed_by.zip(row.resume_reason).zip(row.resumed_at);
        Ok(Self {
            id,
            scope: scope.ok_or_else(|| StoreError::inconsistent("pause", id, "scope"))?,
            paused: Word { by: row.paused_by, reason: row.reason, at: row.paused_at.0 },
            resumed: resumed.map(|((by, reason), at)| Word { by, reason, at: at.0 }),
        })
    }
}

/// Until this transaction ends, nobody intends or begins to send anything: waits for those who do.
pub async fn lock(conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
    // The shared side is in `runs::find_to_send` and `runs::find_to_send_on_slots`.
    const SQL: &str = "SELECT pg_advisory_xact_lock(hashtextextended('pause', -2))";
    diesel::sql_query(SQL).prepared().execute(conn).await?;
    Ok(())
}

/// The shared side alone: until this transaction ends no pause, no limit and no word on a sweep returns. Whoever also locks
/// the row of a run that others send from takes this first, as they do.
pub async fn lock_shared(conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
    const SQL: &str = "SELECT pg_advisory_xact_lock_shared(hashtextextended('pause', -2))";
    diesel::sql_query(SQL).prepared().execute(conn).await?;
    Ok(())
}

/// Stops something, unless it is stopped; returns the pause that holds it. The caller holds the lock.
pub async fn begin(
    conn: &mut AsyncPgConnection,
    id: PauseId,
    scope: Scope,
    by: &str,
    reason: &str,
) -> Result<Pause, StoreError> {
    const INSERT: &str = "INSERT INTO pause (pause_id, scope, subject, reason, paused_by) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    const FIND: &str = "SELECT * FROM pause WHERE subject = $1 AND resumed_at IS NULL";
    diesel::sql_query(INSERT)
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<SmallInt, _>(scope.code())
        .bind::<SqlUuid, _>(scope.subject())
        .bind::<Text, _>(reason)
        .bind::<Text, _>(by)
        .prepared()
        .execute(conn)
        .await?;
    let row: Row =
        diesel::sql_query(FIND).bind::<SqlUuid, _>(scope.subject()).prepared().get_result(conn).await?;
    row.try_into()
}

/// Ends the pause of something, if there is one.
pub async fn end(
    conn: &mut AsyncPgConnection,
    scope: Scope,
    by: &str,
    reason: &str,
) -> Result<Option<Pause>, StoreError> {
    const SQL: &str = "UPDATE pause SET resumed_by = $2, resume_reason = $3, resumed_at = now() \
        WHERE subject = $1 AND resumed_at IS NULL RETURNING *";
    let row: Option<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(scope.subject())
        .bind::<Text, _>(by)
        .bind::<Text, _>(reason)
        .prepared()
        .get_result(conn)
        .await
        .optional()?;
    row.map(Pause::try_from).transpose()
}

/// Notes the version of the asset service's word on an asset; false when as new a one is known.
pub async fn note_version(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    version: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO asset_pause (asset_id, version) VALUES ($1, $2) \
        ON CONFLICT (asset_id) DO UPDATE SET version = excluded.version WHERE asset_pause.version < excluded.version";
    let noted = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(asset.as_uuid())
        .bind::<BigInt, _>(version)
        .prepared()
        .execute(conn)
        .await?;
    Ok(noted == 1)
}

/// Whether a pause holds a run, or a sweep that is wanted. Asked after this transaction has taken the lock, so that it sees every pause that has
/// returned.
pub async fn holds(mut conn: &AsyncPgConnection, run: RunId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM run_pause WHERE run_id = $1) AS answer";
    let row: AnswerRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().get_result(&mut conn).await?;
    Ok(row.answer)
}

/// Whether a person has paused everything.
pub async fn everything(conn: &mut AsyncPgConnection) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pause WHERE scope = 1 AND resumed_at IS NULL) AS answer";
    let row: AnswerRow = diesel::sql_query(SQL).prepared().get_result(conn).await?;
    Ok(row.answer)
}

/// The pauses that hold a run now, oldest first.
pub async fn holding(conn: &mut AsyncPgConnection, run: RunId) -> Result<Vec<Pause>, StoreError> {
    const SQL: &str = "SELECT * FROM run_pause WHERE run_id = $1 ORDER BY paused_at, pause_id";
    let rows: Vec<Row> =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().load(conn).await?;
    rows.into_iter().map(Pause::try_from).collect()
}

/// Up to `limit` pauses, newest first, before the one given.
pub async fn list(
    conn: &mut AsyncPgConnection,
    include_ended: bool,
    before: Option<(std::time::SystemTime, Uuid)>,
    limit: u32,
) -> Result<Vec<Pause>, StoreError> {
    const SQL: &str = "SELECT * FROM pause WHERE ($1 OR resumed_at IS NULL) \
        AND ($2 IS NULL OR (paused_at, pause_id) < ($2, $3)) ORDER BY paused_at DESC, pause_id DESC LIMIT $4";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<Bool, _>(include_ended)
        .bind::<Nullable<Timestamptz>, _>(before.map(|(at, _)| At(at)))
        .bind::<Nullable<SqlUuid>, _>(before.map(|(_, id)| id))
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(Pause::try_from).collect()
}
