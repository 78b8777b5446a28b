//! Table `instruction_load`: hand-overs under way. A load whose row is gone is named by its run, or never will be.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::RunId;
use pg::Prepare as _;
use uuid::Uuid;

use crate::store::StoreError;

/// Notes that instructions of `run` are about to be stored under `load`.
pub async fn begin(conn: &mut AsyncPgConnection, run: RunId, load: Uuid) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO instruction_load (load_id, run_id) VALUES ($1, $2)";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(load)
        .bind::<SqlUuid, _>(run.as_uuid())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends the hand-over whose run this transaction has made; false where it was forgotten before.
pub async fn end(conn: &mut AsyncPgConnection, load: Uuid) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM instruction_load WHERE load_id = $1";
    let ended = diesel::sql_query(SQL).bind::<SqlUuid, _>(load).prepared().execute(conn).await?;
    Ok(ended == 1)
}

/// Up to `limit` hand-overs that have been under way for longer than this, oldest first.
pub async fn older_than(
    conn: &mut AsyncPgConnection,
    age: Duration,
    limit: u32,
) -> Result<Vec<Uuid>, StoreError> {
    #[derive(QueryableByName)]
    struct LoadRow {
        #[diesel(sql_type = SqlUuid)]
        load_id: Uuid,
    }
    const SQL: &str = "SELECT load_id FROM instruction_load \
        WHERE begun_at < clock_timestamp() - $1 * interval '1 second' ORDER BY begun_at LIMIT $2";
    let rows: Vec<LoadRow> = diesel::sql_query(SQL)
        .bind::<BigInt, _>(age.as_secs().cast_signed())
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.load_id).collect())
}

/// Removes what a hand-over has stored, so that it can never end in a run; not where it is just ending in one.
pub async fn forget(conn: &mut AsyncPgConnection, load: Uuid) -> Result<(), StoreError> {
    diesel::sql_query("SELECT forget_load($1)").bind::<SqlUuid, _>(load).execute(conn).await?;
    Ok(())
}
