//! Payouts that payouts of another run replace: decided in `live_attempt`, counted by `superseded_payout`.
//!
//! The caller has locked the old run alone, and all of its batches: nobody intends, decides or retries meanwhile.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::RunId;
use uuid::Uuid;

use crate::domain::run::{Run, RunState};
use crate::store::StoreError;

/// The new run, by its instructions that count.
#[derive(Clone, Copy, Debug)]
pub struct Successor {
    /// Its id.
    pub run: RunId,
    /// Names its instructions.
    pub load: Uuid,
}

/// Gives each payout of `old` that an instruction of `new` names this one successor; returns how many it could. The
/// compare-and-set of a supersession: from an attempt that is dead, has shown no effect and is not to be tried again, or from
/// none in a run that is cancelled.
pub async fn supersede(conn: &mut AsyncPgConnection, old: &Run, new: Successor) -> Result<u64, StoreError> {
    const MOVE: &str = "WITH named AS (SELECT DISTINCT ON (supersedes) ordinal, supersedes FROM instruction \
            WHERE run_id = $3 AND load_id = $4 ORDER BY supersedes, ordinal), \
        moved AS (UPDATE live_attempt AS live SET attempt_id = NULL, successor_run_id = $3, successor_ordinal = named.ordinal \
            FROM named, attempt AS dead \
            WHERE live.run_id = $1 AND live.ordinal = named.supersedes AND dead.attempt_id = live.attempt_id \
            AND NOT EXISTS (SELECT FROM rail_effect AS seen WHERE seen.attempt_id = dead.attempt_id) \
            AND dead.state = 4 AND ($2 OR (CASE WHEN live.ordinal = ANY (dead.parted) THEN (SELECT c.next_at FROM chosen_payout c \
                WHERE c.run_id = $1 AND c.batch_number = dead.batch_number AND c.attempt_id = dead.attempt_id \
                AND c.ordinal = live.ordinal) ELSE dead.next_at END) IS NULL) \
            RETURNING live.ordinal, dead.attempt_id), \
        left_by AS (SELECT moved.attempt_id, array_agg(moved.ordinal) AS ordinals, sum(own.units) AS units \
            FROM moved JOIN attempt USING (attempt_id) \
            JOIN instruction own ON own.run_id = $1 AND own.load_id = $5 AND own.ordinal = moved.ordinal \
            WHERE moved.ordinal <> ALL (attempt.parted) GROUP BY moved.attempt_id), \
        parted AS (UPDATE attempt SET parted = attempt.parted || left_by.ordinals, \
                parted_units = attempt.parted_units + left_by.units \
            FROM left_by WHERE attempt.attempt_id = left_by.attempt_id), \
        never AS (INSERT INTO live_attempt (run_id, ordinal, successor_run_id, successor_ordinal) \
            SELECT $1, own.ordinal, $3, named.ordinal FROM named \
            JOIN instruction own ON own.run_id = $1 AND own.load_id = $5 AND own.ordinal = named.supersedes \
            WHERE $2 AND NOT EXISTS (SELECT FROM live_attempt live WHERE live.run_id = $1 AND live.ordinal = own.ordinal) \
            RETURNING ordinal), \
        gone AS (INSERT INTO superseded_payout (run_id, batch_number, ordinal, units) \
            SELECT $1, own.ordinal / $6 + 1, own.ordinal, own.units \
            FROM (SELECT ordinal FROM moved UNION ALL SELECT ordinal FROM never) AS all_of_them \
            JOIN instruction own ON own.run_id = $1 AND own.load_id = $5 AND own.ordinal = all_of_them.ordinal \
            RETURNING ordinal) \
        SELECT count(*) AS payouts FROM gone";
    pg::join_sets(conn).await?;
    let row: CountRow = diesel::sql_query(MOVE)
        .bind::<SqlUuid, _>(old.header.run.as_uuid())
        .bind::<Bool, _>(old.state == RunState::Cancelled)
        .bind::<SqlUuid, _>(new.run.as_uuid())
        .bind::<SqlUuid, _>(new.load)
        .bind::<SqlUuid, _>(old.load_id)
        .bind::<Integer, _>(old.header.batch_size.cast_signed())
        .get_result(conn)
        .await?;
    pg::look_up(conn).await?;
    Ok(row.payouts.cast_unsigned())
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    payouts: i64,
}

#[derive(QueryableByName)]
struct OrdinalRow {
    #[diesel(sql_type = Integer)]
    ordinal: i32,
}

/// Up to `limit` of the payouts that `new` names and that it has not become the successor of, by ordinal.
pub async fn not_replaced(
    conn: &mut AsyncPgConnection,
    old: RunId,
    new: Successor,
    limit: u32,
) -> Result<Vec<u32>, StoreError> {
    const SQL: &str = "SELECT named.supersedes AS ordinal FROM instruction named \
        LEFT JOIN live_attempt live ON live.run_id = $1 AND live.ordinal = named.supersedes \
            AND live.successor_run_id = $2 AND live.successor_ordinal = named.ordinal \
        WHERE named.run_id = $2 AND named.load_id = $3 AND live.ordinal IS NULL ORDER BY 1 LIMIT $4";
    let rows: Vec<OrdinalRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(old.as_uuid())
        .bind::<SqlUuid, _>(new.run.as_uuid())
        .bind::<SqlUuid, _>(new.load)
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.ordinal.cast_unsigned()).collect())
}
