//! Table `batch`: where a range of payouts stands. Its counts are derived from its attempts, here and nowhere else.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Numeric, SmallInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::RunId;
use pg::{Numeric128, Prepare as _};

use crate::domain::progress::{Progress, Tally};
use crate::domain::run::Header;
use crate::store::{AnswerRow, At, StoreError};

/// Cuts a run into batches, all due at once.
pub async fn insert_all(
    conn: &mut AsyncPgConnection,
    header: &Header,
    load: uuid::Uuid,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO batch (run_id, number, first_ordinal, size, units, due_at) \
        SELECT $1, ordinal / $3 + 1, min(ordinal), count(*)::integer, sum(units), clock_timestamp() \
        FROM instruction WHERE run_id = $1 AND load_id = $2 GROUP BY ordinal / $3";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(header.run.as_uuid())
        .bind::<SqlUuid, _>(load)
        .bind::<Integer, _>(header.batch_size.cast_signed())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Which batches are counted anew, and what becomes of their lease.
#[derive(Clone, Copy, Debug)]
pub enum Recount {
    /// One, whose lease ends with it; it is looked at again after `poll` while something of it is undecided.
    Release {
        /// The batch.
        number: u32,
        /// When to look again.
        poll: Duration,
    },
    /// One, whose lease stays.
    One(u32),
    /// All of the run, whose leases stay.
    All,
}

/// The counts of a batch follow from its attempts that nothing has replaced, less the payouts that have left them, from
/// the payouts that others replace, and from the state of its run; what is due when follows from the counts. `counted` is the batch again: a LATERAL cannot see the table that is updated. The caller has locked the batches, or holds the run alone.
const RECOUNT: &str = "UPDATE batch SET \
    processing = new.processing, processing_units = new.processing_units, \
    in_doubt = new.in_doubt, in_doubt_units = new.in_doubt_units, \
    paid = new.paid, paid_units = new.paid_units, failed = new.failed, failed_units = new.failed_units, \
    superseded = new.superseded, superseded_units = new.superseded_units, \
    cancelled = CASE WHEN run.state IN (3, 6) THEN batch.size - new.busy ELSE 0 END, \
    cancelled_units = CASE WHEN run.state IN (3, 6) THEN batch.units - new.busy_units ELSE 0 END, \
    state = CASE WHEN new.done THEN 2 ELSE 1 END, \
    ended_at = CASE WHEN new.done THEN coalesce(batch.ended_at, clock_timestamp()) END, \
    due_at = CASE WHEN new.done THEN NULL \
        WHEN new.processing + new.in_doubt > 0 THEN \
            least(clock_timestamp() + $2 * interval '1 millisecond', CASE WHEN run.state = 1 THEN new.next_at END) \
        WHEN run.state = 1 THEN coalesce(new.next_at, clock_timestamp()) END, \
    lease_until = CASE WHEN NOT $3 THEN batch.lease_until END, \
    lease_slot = CASE WHEN NOT $3 THEN batch.lease_slot END \
    FROM run, batch AS counted, LATERAL (SELECT *, processing + in_doubt + paid + failed + superseded AS busy, \
            processing_units + in_doubt_units + paid_units + failed_units + superseded_units AS busy_units, \
            processing + in_doubt = 0 AND (paid + failed + superseded = counted.size OR run.state IN (3, 6)) AS done, \
            least(attempt_at, chosen_at) AS next_at \
        FROM (SELECT \
            coalesce(sum(cardinality(ordinals)) FILTER (WHERE state = 1), 0)::integer AS processing, \
            coalesce(sum(units) FILTER (WHERE state = 1), 0) AS processing_units, \
            coalesce(sum(cardinality(ordinals)) FILTER (WHERE state = 2), 0)::integer AS in_doubt, \
            coalesce(sum(units) FILTER (WHERE state = 2), 0) AS in_doubt_units, \
            coalesce(sum(cardinality(ordinals) - cardinality(parted)) FILTER (WHERE state = 3), 0)::integer AS paid, \
            coalesce(sum(units - parted_units) FILTER (WHERE state = 3), 0) AS paid_units, \
            coalesce(sum(cardinality(ordinals) - cardinality(parted)) FILTER (WHERE state = 4 AND next_at IS NULL), 0)::integer \
                AS failed, \
            coalesce(sum(units - parted_units) FILTER (WHERE state = 4 AND next_at IS NULL), 0) AS failed_units, \
            min(next_at) AS attempt_at \
            FROM attempt WHERE attempt.run_id = counted.run_id AND attempt.batch_number = counted.number AND NOT replaced \
        ) AS sums, (SELECT min(next_at) AS chosen_at FROM chosen_payout AS chosen \
            WHERE chosen.run_id = counted.run_id AND chosen.batch_number = counted.number \
        ) AS chosen, (SELECT count(*)::integer AS superseded, coalesce(sum(units), 0) AS superseded_units \
            FROM superseded_payout AS gone WHERE gone.run_id = counted.run_id AND gone.batch_number = counted.number \
        ) AS gone) AS new \
    WHERE batch.run_id = $1 AND run.run_id = $1 AND counted.run_id = $1 AND counted.number = batch.number \
        AND batch.number BETWEEN $4 AND $5 AND counted.number BETWEEN $4 AND $5";

/// Counts batches anew from their attempts.
pub async fn recount(mut conn: &AsyncPgConnection, run: RunId, which: Recount) -> Result<(), StoreError> {
    let (numbers, poll, release) = match which {
        Recount::Release { number, poll } => ((number, number), poll, true),
        Recount::One(number) => ((number, number), Duration::ZERO, false),
        Recount::All => ((1, i32::MAX.cast_unsigned()), Duration::ZERO, false),
    };
    diesel::sql_query(RECOUNT)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<BigInt, _>(i64::try_from(poll.as_millis()).unwrap_or(i64::MAX))
        .bind::<Bool, _>(release)
        .bind::<Integer, _>(numbers.0.cast_signed())
        .bind::<Integer, _>(numbers.1.cast_signed())
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Locks one batch for a write that no lease stands behind.
pub async fn lock(conn: &mut AsyncPgConnection, run: RunId, number: u32) -> Result<(), StoreError> {
    const SQL: &str = "SELECT FROM batch WHERE run_id = $1 AND number = $2 FOR UPDATE";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(number.cast_signed())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks some batches of a run in their order, for a write that no lease stands behind.
pub async fn lock_these(
    conn: &mut AsyncPgConnection,
    run: RunId,
    numbers: &BTreeSet<u32>,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT FROM batch WHERE run_id = $1 AND number = ANY ($2) ORDER BY number FOR UPDATE";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<Integer>, _>(numbers.iter().map(|number| number.cast_signed()).collect::<Vec<_>>())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks all batches of a run in their order.
pub async fn lock_all(conn: &mut AsyncPgConnection, run: RunId) -> Result<(), StoreError> {
    const SQL: &str = "SELECT FROM batch WHERE run_id = $1 ORDER BY number FOR UPDATE";
    diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().execute(conn).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct ProgressRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
    #[diesel(sql_type = BigInt)]
    processing: i64,
    #[diesel(sql_type = Numeric)]
    processing_units: Numeric128,
    #[diesel(sql_type = BigInt)]
    in_doubt: i64,
    #[diesel(sql_type = Numeric)]
    in_doubt_units: Numeric128,
    #[diesel(sql_type = BigInt)]
    paid: i64,
    #[diesel(sql_type = Numeric)]
    paid_units: Numeric128,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = Numeric)]
    failed_units: Numeric128,
    #[diesel(sql_type = BigInt)]
    cancelled: i64,
    #[diesel(sql_type = Numeric)]
    cancelled_units: Numeric128,
    #[diesel(sql_type = BigInt)]
    superseded: i64,
    #[diesel(sql_type = Numeric)]
    superseded_units: Numeric128,
    #[diesel(sql_type = Integer)]
    current_batch: i32,
    #[diesel(sql_type = BigInt)]
    batches_done: i64,
    #[diesel(sql_type = BigInt)]
    batches_total: i64,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
    #[diesel(sql_type = BigInt)]
    retries: i64,
    #[diesel(sql_type = BigInt)]
    worked_ms: i64,
}

/// Where a run's payouts stand: one consistent reading of its batches.
pub async fn progress(conn: &mut AsyncPgConnection, run: RunId) -> Result<Progress, StoreError> {
    const SQL: &str = "SELECT coalesce(sum(size), 0) AS size, coalesce(sum(units), 0) AS units, \
        coalesce(sum(processing), 0) AS processing, coalesce(sum(processing_units), 0) AS processing_units, \
        coalesce(sum(in_doubt), 0) AS in_doubt, coalesce(sum(in_doubt_units), 0) AS in_doubt_units, \
        coalesce(sum(paid), 0) AS paid, coalesce(sum(paid_units), 0) AS paid_units, \
        coalesce(sum(failed), 0) AS failed, coalesce(sum(failed_units), 0) AS failed_units, \
        coalesce(sum(cancelled), 0) AS cancelled, coalesce(sum(cancelled_units), 0) AS cancelled_units, \
        coalesce(sum(superseded), 0) AS superseded, coalesce(sum(superseded_units), 0) AS superseded_units, \
        coalesce((array_agg(number ORDER BY started_at DESC NULLS LAST, number DESC) FILTER (WHERE started_at IS NOT NULL))[1], 0) \
            AS current_batch, \
        count(*) FILTER (WHERE state = 2) AS batches_done, count(*) AS batches_total, \
        coalesce(sum(attempts), 0) AS attempts, coalesce(sum(retries), 0) AS retries, \
        coalesce(1000 * extract(epoch FROM CASE WHEN bool_and(state = 2) THEN max(ended_at) ELSE clock_timestamp() END \
            - min(started_at)), 0)::bigint AS worked_ms \
        FROM batch WHERE run_id = $1";
    let row: ProgressRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().get_result(conn).await?;
    Ok(Progress::from(row))
}

impl From<ProgressRow> for Progress {
    fn from(row: ProgressRow) -> Self {
        let tally =
            |payouts: i64, units: Numeric128| Tally { payouts: payouts.cast_unsigned(), units: units.0 };
        let small = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        let decided = row.processing + row.in_doubt + row.paid + row.failed + row.cancelled + row.superseded;
        let decided_units = row.processing_units.0
            + row.in_doubt_units.0
            + row.paid_units.0
            + row.failed_units.0
            + row.cancelled_units.0
            + row.superseded_units.0;
        Self {
            // The table's CHECKs keep both differences at zero or above.
            pending: tally(row.size - decided, Numeric128(row.units.0.saturating_sub(decided_units))),
            processing: tally(row.processing, row.processing_units),
            in_doubt: tally(row.in_doubt, row.in_doubt_units),
            paid: tally(row.paid, row.paid_units),
            failed: tally(row.failed, row.failed_units),
            cancelled: tally(row.cancelled, row.cancelled_units),
            superseded: tally(row.superseded, row.superseded_units),
            current_batch: row.current_batch.cast_unsigned(),
            batches_done: small(row.batches_done),
            batches_total: small(row.batches_total),
            attempts: row.attempts.cast_unsigned(),
            retries: row.retries.cast_unsigned(),
            worked: Duration::from_millis(row.worked_ms.max(0).cast_unsigned()),
        }
    }
}

/// A batch as people see it.
#[derive(Clone, Debug)]
pub struct StoredBatch {
    /// Its number, from 1.
    pub number: u32,
    /// First payout.
    pub first_ordinal: u32,
    /// Number of payouts.
    pub size: u32,
    /// Nothing is left to do.
    pub done: bool,
    /// A worker has it.
    pub leased: bool,
    /// When it is due.
    pub due_at: Option<SystemTime>,
    /// When a worker first took it.
    pub started_at: Option<SystemTime>,
    /// When nothing was left to do.
    pub ended_at: Option<SystemTime>,
    /// Paid payouts.
    pub paid: u32,
    /// Failed payouts.
    pub failed: u32,
    /// Payouts in doubt.
    pub in_doubt: u32,
    /// Payouts that others replace.
    pub superseded: u32,
}

#[derive(QueryableByName)]
struct BatchRow {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Integer)]
    first_ordinal: i32,
    #[diesel(sql_type = Integer)]
    size: i32,
    #[diesel(sql_type = SmallInt)]
    state: i16,
    #[diesel(sql_type = Bool)]
    leased: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_at: Option<At>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    started_at: Option<At>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ended_at: Option<At>,
    #[diesel(sql_type = Integer)]
    paid: i32,
    #[diesel(sql_type = Integer)]
    failed: i32,
    #[diesel(sql_type = Integer)]
    in_doubt: i32,
    #[diesel(sql_type = Integer)]
    superseded: i32,
}

/// Up to `limit` batches of a run by number, after the one given.
pub async fn list(
    conn: &mut AsyncPgConnection,
    run: RunId,
    after: u32,
    limit: u32,
) -> Result<Vec<StoredBatch>, StoreError> {
    const SQL: &str = "SELECT number, first_ordinal, size, state, coalesce(lease_until >= clock_timestamp(), false) \
        AS leased, due_at, started_at, ended_at, paid, failed, in_doubt, superseded FROM batch \
        WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    let rows: Vec<BatchRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(after.cast_signed())
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| StoredBatch {
            number: row.number.cast_unsigned(),
            first_ordinal: row.first_ordinal.cast_unsigned(),
            size: row.size.cast_unsigned(),
            done: row.state == 2,
            leased: row.leased,
            due_at: row.due_at.map(|at| at.0),
            started_at: row.started_at.map(|at| at.0),
            ended_at: row.ended_at.map(|at| at.0),
            paid: row.paid.cast_unsigned(),
            failed: row.failed.cast_unsigned(),
            in_doubt: row.in_doubt.cast_unsigned(),
            superseded: row.superseded.cast_unsigned(),
        })
        .collect())
}

/// Whether a batch of the run has something left to do. Asked after every batch, so it looks at open ones only.
pub async fn any_open(conn: &mut AsyncPgConnection, run: RunId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM batch WHERE run_id = $1 AND state = 1) AS answer";
    let row: AnswerRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().get_result(conn).await?;
    Ok(row.answer)
}

/// Whether a payout of the run has failed.
pub async fn any_failed(conn: &mut AsyncPgConnection, run: RunId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM batch WHERE run_id = $1 AND failed > 0) AS answer";
    let row: AnswerRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().get_result(conn).await?;
    Ok(row.answer)
}
