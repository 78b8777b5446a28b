//! Table `chosen_payout`: failed payouts that somebody chose to go again, without the others of their dead attempt.
//!
//! A chosen payout leaves its attempt's common fate ([`choose`]); a worker then moves it to a new attempt, by the same
//! compare-and-set as all others.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use pg::Prepare as _;

use crate::domain::payout::{AttemptState, PayoutStatus, status};
use crate::domain::run::Run;
use crate::store::StoreError;

#[derive(QueryableByName)]
struct StatusRow {
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Nullable<SmallInt>)]
    state: Option<i16>,
    #[diesel(sql_type = Bool)]
    again: bool,
    #[diesel(sql_type = Bool)]
    superseded: bool,
}

/// Where these payouts of a run stand, in their order; ordinals that the run does not have are left out. What has shown an
/// effect is paid, whatever its attempt's row says.
pub async fn statuses(
    conn: &mut AsyncPgConnection,
    run: &Run,
    ordinals: &[u32],
) -> Result<Vec<(u32, PayoutStatus)>, StoreError> {
    const SQL: &str = "SELECT i.ordinal, l.successor_run_id IS NOT NULL AS superseded, \
        CASE WHEN EXISTS (SELECT FROM rail_effect AS seen WHERE seen.attempt_id = a.attempt_id) THEN 3::smallint \
            ELSE a.state END AS state, \
        CASE WHEN c.ordinal IS NULL THEN a.next_at ELSE c.next_at END IS NOT NULL AS again \
        FROM unnest($3) AS wanted (ordinal) \
        JOIN instruction i ON i.run_id = $1 AND i.load_id = $2 AND i.ordinal = wanted.ordinal \
        LEFT JOIN live_attempt l ON l.run_id = $1 AND l.ordinal = wanted.ordinal \
        LEFT JOIN attempt a ON a.attempt_id = l.attempt_id \
        LEFT JOIN chosen_payout c ON c.run_id = $1 AND c.batch_number = a.batch_number \
            AND c.attempt_id = a.attempt_id AND c.ordinal = wanted.ordinal \
        ORDER BY i.ordinal";
    let rows: Vec<StatusRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.header.run.as_uuid())
        .bind::<SqlUuid, _>(run.load_id)
        .bind::<Array<Integer>, _>(signed(ordinals))
        .prepared()
        .load(conn)
        .await?;
    let stands = |row: StatusRow| {
        let wrong = || StoreError::inconsistent("attempt", row.ordinal, "state");
        let live = row.state.map(|code| AttemptState::from_code(code).ok_or_else(wrong)).transpose()?;
        let stands = status(live, row.again, run.state);
        let stands = if row.superseded { PayoutStatus::Superseded } else { stands };
        Ok((row.ordinal.cast_unsigned(), stands))
    };
    rows.into_iter().map(stands).collect()
}

/// Lets failed payouts go again, due at once; returns how many were. What is not failed, or is no longer its attempt's, stays
/// as it is.
pub async fn choose(conn: &mut AsyncPgConnection, run: &Run, ordinals: &[u32]) -> Result<u64, StoreError> {
    const SQL: &str = "WITH chosen AS (\
            SELECT a.attempt_id, array_agg(i.ordinal) AS ordinals, sum(i.units) AS units FROM unnest($3) AS wanted (ordinal) \
            JOIN live_attempt l ON l.run_id = $1 AND l.ordinal = wanted.ordinal \
            JOIN attempt a ON a.attempt_id = l.attempt_id \
            JOIN instruction i ON i.run_id = $1 AND i.load_id = $2 AND i.ordinal = wanted.ordinal \
            GROUP BY a.attempt_id), \
        parted AS (UPDATE attempt SET parted = attempt.parted || chosen.ordinals, \
                parted_units = attempt.parted_units + chosen.units \
            FROM chosen WHERE attempt.attempt_id = chosen.attempt_id AND attempt.state = 4 AND attempt.next_at IS NULL \
            AND NOT attempt.replaced AND NOT attempt.parted && chosen.ordinals \
            AND NOT EXISTS (SELECT FROM rail_effect AS seen WHERE seen.attempt_id = attempt.attempt_id) \
            RETURNING attempt.batch_number, attempt.attempt_id, chosen.ordinals), \
        again AS (INSERT INTO chosen_payout (run_id, batch_number, attempt_id, ordinal, next_at) \
            SELECT $1, batch_number, attempt_id, ordinal, clock_timestamp() FROM parted, unnest(ordinals) AS own (ordinal) \
            RETURNING ordinal) \
        SELECT count(*) AS payouts FROM again";
    let row: CountRow = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.header.run.as_uuid())
        .bind::<SqlUuid, _>(run.load_id)
        .bind::<Array<Integer>, _>(signed(ordinals))
        .prepared()
        .get_result(conn)
        .await?;
    Ok(row.payouts.cast_unsigned())
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    payouts: i64,
}

fn signed(ordinals: &[u32]) -> Vec<i32> {
    ordinals.iter().map(|ordinal| ordinal.cast_signed()).collect()
}
