//! Attempts that nobody knows the outcome of, with the time their window closes.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AttemptId, RunId};
use pg::Prepare as _;
use uuid::Uuid;

use crate::store::StoreError;

/// An attempt in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Which.
    pub attempt: AttemptId,
    /// The rail's id of its transaction.
    pub transaction: hedera::TransactionId,
    /// Until when the rail can take it, nanoseconds since the epoch.
    pub window_end_ns: i64,
    /// How many payouts wait for it.
    pub payouts: u32,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    attempt_id: Uuid,
    #[diesel(sql_type = Text)]
    payer: String,
    #[diesel(sql_type = BigInt)]
    valid_start_ns: i64,
    #[diesel(sql_type = BigInt)]
    window_end_ns: i64,
    #[diesel(sql_type = Integer)]
    payouts: i32,
}

/// Up to `limit` attempts of a run in doubt.
pub async fn list(conn: &mut AsyncPgConnection, run: RunId, limit: u32) -> Result<Vec<Doubt>, StoreError> {
    const SQL: &str = "SELECT attempt_id, payer, valid_start_ns, window_end_ns, cardinality(ordinals) AS payouts \
        FROM attempt WHERE run_id = $1 AND state = 2 ORDER BY batch_number, attempt_id LIMIT $2";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    let doubt = |row: Row| {
        let attempt = AttemptId::from_uuid(row.attempt_id);
        let payer = row.payer.parse().map_err(|_| StoreError::inconsistent("attempt", attempt, "payer"))?;
        Ok(Doubt {
            attempt,
            transaction: hedera::TransactionId::new(payer, row.valid_start_ns),
            window_end_ns: row.window_end_ns,
            payouts: row.payouts.cast_unsigned(),
        })
    };
    rows.into_iter().map(doubt).collect()
}
