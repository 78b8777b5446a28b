//! Tables `attempt_event`, `break`, `doubt_proposal`: what was seen and said. All append-only.

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{Array, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AttemptId, RunId};
use pg::Prepare as _;

use crate::store::{AnswerRow, At, StoreError};

/// Something seen or done about an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The attempt.
    pub attempt: AttemptId,
    /// What sort: `PRECHECK`, `SEND_UNKNOWN`, `RECEIPT`, `MIRROR_RECORD`, `ABSENCE`, `SENTINEL`, `OPERATOR`, `SWEEP`, `BREAK`.
    pub kind: &'static str,
    /// What exactly, for people.
    pub detail: String,
}

/// Appends events.
pub async fn append(conn: &mut AsyncPgConnection, run: RunId, events: &[Event]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO attempt_event (run_id, attempt_id, kind, detail) \
        SELECT $1, attempt_id, kind, detail FROM unnest($2, $3, $4) AS new (attempt_id, kind, detail)";
    if events.is_empty() {
        return Ok(());
    }
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<SqlUuid>, _>(events.iter().map(|event| event.attempt.as_uuid()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(events.iter().map(|event| event.kind).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(events.iter().map(|event| event.detail.as_str()).collect::<Vec<_>>())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// An event as people see it.
#[derive(Clone, Debug, QueryableByName)]
pub struct StoredEvent {
    /// The attempt.
    #[diesel(sql_type = SqlUuid)]
    pub attempt_id: uuid::Uuid,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: At,
    /// What sort.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What exactly.
    #[diesel(sql_type = Text)]
    pub detail: String,
}

/// The latest 100 events of each of some attempts, oldest first.
pub async fn of_attempts(
    conn: &mut AsyncPgConnection,
    run: RunId,
    attempts: &[AttemptId],
) -> Result<Vec<StoredEvent>, StoreError> {
    const SQL: &str = "SELECT event.* FROM unnest($2) AS wanted (attempt_id), LATERAL (SELECT attempt_id, at, kind, \
        detail, event_id FROM attempt_event WHERE run_id = $1 AND attempt_id = wanted.attempt_id \
        ORDER BY event_id DESC LIMIT 100) AS event ORDER BY event.event_id";
    let rows = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<SqlUuid>, _>(attempts.iter().map(AttemptId::as_uuid).collect::<Vec<_>>())
        .prepared()
        .load(conn)
        .await?;
    Ok(rows)
}

/// Records that the rail shows what our record excludes.
pub async fn record_break(
    conn: &mut AsyncPgConnection,
    run: RunId,
    attempt: AttemptId,
    reason: &str,
    detail: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO break (run_id, attempt_id, reason, detail) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<SqlUuid, _>(attempt.as_uuid())
        .bind::<Text, _>(reason)
        .bind::<Text, _>(detail)
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether the rail has ever shown what our record of this run excludes.
pub async fn any_break(conn: &mut AsyncPgConnection, run: RunId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM break WHERE run_id = $1) AS answer";
    let row: AnswerRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().get_result(conn).await?;
    Ok(row.answer)
}

/// One person's latest word on a doubt.
#[derive(Clone, Debug, QueryableByName)]
pub struct Proposal {
    /// Who.
    #[diesel(sql_type = Text)]
    pub proposed_by: String,
    /// 1 paid, 2 unpaid.
    #[diesel(sql_type = SmallInt)]
    pub outcome: i16,
}

/// The latest word of each person on an attempt's doubt, by person.
pub async fn proposals(
    conn: &mut AsyncPgConnection,
    run: RunId,
    attempt: AttemptId,
) -> Result<Vec<Proposal>, StoreError> {
    const SQL: &str = "SELECT DISTINCT ON (proposed_by) proposed_by, outcome FROM doubt_proposal \
        WHERE run_id = $1 AND attempt_id = $2 ORDER BY proposed_by, proposal_id DESC";
    let rows = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<SqlUuid, _>(attempt.as_uuid())
        .prepared()
        .load(conn)
        .await?;
    Ok(rows)
}

/// Adds one person's word on a doubt; the words before it stay.
pub async fn propose(
    conn: &mut AsyncPgConnection,
    run: RunId,
    attempt: AttemptId,
    by: &str,
    outcome: i16,
    evidence: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO doubt_proposal (run_id, attempt_id, proposed_by, outcome, evidence) \
        VALUES ($1, $2, $3, $4, $5)";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<SqlUuid, _>(attempt.as_uuid())
        .bind::<Text, _>(by)
        .bind::<SmallInt, _>(outcome)
        .bind::<Text, _>(evidence)
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}
