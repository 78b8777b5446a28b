//! Leases on batches: who may work on one, until when. The database's clock decides.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::RunId;
use pg::Prepare as _;

use crate::store::{AnswerRow, StoreError};

/// A batch that is due, locked by this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueBatch {
    /// Its run.
    pub run: RunId,
    /// Its number, from 1.
    pub number: u32,
    /// First payout.
    pub first_ordinal: u32,
    /// Number of payouts.
    pub size: u32,
    /// The slot of its run on which this transaction takes its lease.
    pub slot: u32,
    /// Epoch of that lease.
    pub epoch: i64,
    /// Attempts intended for it so far.
    pub attempts: u32,
    /// A pause holds the run, or a sweep: what is undecided is looked up, and nothing is intended or sent.
    pub paused: bool,
    /// Some of its payouts were adopted: others may never have had an attempt.
    pub adopted: bool,
}

/// What a transaction that takes a lease has planned beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Payouts that joined an attempt.
    pub payouts: u32,
    /// Their sum in smallest units.
    pub units: u128,
    /// Attempts.
    pub attempts: u32,
    /// Payouts that joined a later attempt than their first.
    pub retries: u32,
}

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Integer)]
    first_ordinal: i32,
    #[diesel(sql_type = Integer)]
    size: i32,
    #[diesel(sql_type = BigInt)]
    lease_epoch: i64,
    #[diesel(sql_type = Array<Integer>)]
    free: Vec<i32>,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Bool)]
    paused: bool,
    #[diesel(sql_type = Bool)]
    adopted: bool,
}

/// The batches of the run that have been due for longest, locked, one for each of these slots on which no lease is alive.
/// A batch whose lease has run out is due again. Batches that were begun come first: their attempts' windows are
/// open now, and a new batch can wait.
pub async fn lock_due(
    mut conn: &AsyncPgConnection,
    run: RunId,
    slots: &[u32],
) -> Result<Vec<DueBatch>, StoreError> {
    // Whether something holds the run is asked once: which cluster this is costs a read of a file.
    const SQL: &str = "WITH held AS MATERIALIZED (SELECT EXISTS (SELECT FROM run_pause WHERE run_id = $1) AS paused), \
        free AS MATERIALIZED (SELECT ARRAY(SELECT slot FROM unnest($2) AS own (slot) \
            WHERE NOT EXISTS (SELECT FROM batch taken WHERE taken.run_id = $1 AND taken.lease_slot = own.slot \
                AND taken.lease_until >= clock_timestamp())) AS slots) \
        SELECT number, first_ordinal, size, lease_epoch, attempts, adopted, (SELECT paused FROM held) AS paused, \
        (SELECT slots FROM free) AS free FROM batch \
        WHERE run_id = $1 AND state = 1 AND due_at <= clock_timestamp() \
        AND (processing + in_doubt > 0 OR NOT (SELECT paused FROM held)) \
        AND (lease_until IS NULL OR lease_until < clock_timestamp()) \
        ORDER BY (started_at IS NULL), due_at, number \
        LIMIT (SELECT cardinality(slots) FROM free) FOR UPDATE OF batch SKIP LOCKED";
    let rows: Vec<DueRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<Integer>, _>(slots.iter().map(|slot| slot.cast_signed()).collect::<Vec<_>>())
        .prepared()
        .load(&mut conn)
        .await?;
    let on_slot = |(place, row): (usize, DueRow)| {
        let number = row.number.cast_unsigned();
        let slot =
            row.free.get(place).ok_or_else(|| StoreError::inconsistent("batch", number, "lease_slot"))?;
        Ok(DueBatch {
            run,
            number,
            first_ordinal: row.first_ordinal.cast_unsigned(),
            size: row.size.cast_unsigned(),
            slot: slot.cast_unsigned(),
            epoch: row.lease_epoch + 1,
            attempts: row.attempts.cast_unsigned(),
            paused: row.paused,
            adopted: row.adopted,
        })
    };
    rows.into_iter().enumerate().map(on_slot).collect()
}

/// Takes the lease on a batch that this transaction has locked, and counts what was planned for it.
pub async fn take(
    mut conn: &AsyncPgConnection,
    batch: &DueBatch,
    lease: Duration,
    planned: Planned,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE batch SET lease_epoch = $3, lease_slot = $4, \
        lease_until = clock_timestamp() + $5 * interval '1 millisecond', \
        started_at = coalesce(started_at, clock_timestamp()), processing = processing + $6, \
        processing_units = processing_units + $7, attempts = attempts + $8, retries = retries + $9 \
        WHERE run_id = $1 AND number = $2";
    let updated = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.number.cast_signed())
        .bind::<BigInt, _>(batch.epoch)
        .bind::<Integer, _>(batch.slot.cast_signed())
        .bind::<BigInt, _>(milliseconds(lease))
        .bind::<Integer, _>(planned.payouts.cast_signed())
        .bind::<diesel::sql_types::Numeric, _>(pg::Numeric128(planned.units))
        .bind::<Integer, _>(planned.attempts.cast_signed())
        .bind::<Integer, _>(planned.retries.cast_signed())
        .prepared()
        .execute(&mut conn)
        .await?;
    if updated == 1 { Ok(()) } else { Err(StoreError::inconsistent("batch", batch.number, "number")) }
}

/// Lets the lease on a batch last for `lease` from now on, when it is still alive and ours. One that has run out stays so:
/// its slot may be another batch's by now.
pub async fn extend(
    mut conn: &AsyncPgConnection,
    batch: &DueBatch,
    lease: Duration,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE batch SET lease_until = clock_timestamp() + $4 * interval '1 millisecond' \
        WHERE run_id = $1 AND number = $2 AND lease_epoch = $3 AND lease_until >= clock_timestamp()";
    let updated = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.number.cast_signed())
        .bind::<BigInt, _>(batch.epoch)
        .bind::<BigInt, _>(milliseconds(lease))
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(updated == 1)
}

fn milliseconds(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX)
}

/// Locks a batch for a write of the worker that holds `epoch`; false when the lease is another's by now. A lease that
/// has run out and that nobody has taken is still the worker's: the epoch decides, not the time.
pub async fn lock_held(mut conn: &AsyncPgConnection, batch: &DueBatch) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT (lease_epoch = $3 AND lease_until IS NOT NULL) AS answer FROM batch \
        WHERE run_id = $1 AND number = $2 FOR UPDATE";
    let row: AnswerRow = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.number.cast_signed())
        .bind::<BigInt, _>(batch.epoch)
        .prepared()
        .get_result(&mut conn)
        .await?;
    Ok(row.answer)
}
