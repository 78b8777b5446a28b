//! Table `run`: what was declared, and how far it is.

use std::time::{Duration, SystemTime};

use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hedera::status::Class;
use ids::{AssetId, DistributionId, FundingAccountId, RunId};
use pg::{Numeric128, Prepare as _};
use uuid::Uuid;

use crate::domain::attempt::Cause;
use crate::domain::retry::RetryPolicy;
use crate::domain::run::{Header, Run, RunState};
use crate::store::schema::run;
use crate::store::{AnswerRow, At, StoreError};

/// A run with the times of its row.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// The run.
    pub run: Run,
    /// When all instructions were there.
    pub created_at: SystemTime,
    /// When it ended.
    pub ended_at: Option<SystemTime>,
    /// Who cancelled it.
    pub cancellation: Option<Cancellation>,
    /// Tells a repeated start from another one with the same id.
    pub header_hash: Vec<u8>,
}

/// Who cancelled a run, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// Who.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = run, check_for_backend(diesel::pg::Pg))]
struct Row {
    run_id: Uuid,
    asset_id: Option<Uuid>,
    load_id: Uuid,
    header_hash: Vec<u8>,
    distribution_id: Option<Uuid>,
    funding_account_id: Uuid,
    asset: String,
    decimals: i16,
    count: i32,
    total_units: Numeric128,
    entitlement_root: Vec<u8>,
    batch_size: i32,
    parallelism: i32,
    max_attempts: i32,
    backoff_base_ms: i64,
    backoff_cap_ms: i64,
    backoff_factor_hundredths: i32,
    backoff_jitter_percent: i32,
    recipient_max_attempts: i32,
    supersedes_run_id: Option<Uuid>,
    state: i16,
    halt_reason: Option<String>,
    halt_class: Option<i16>,
    cancelled_by: Option<String>,
    cancel_reason: Option<String>,
    created_at: At,
    ended_at: Option<At>,
}

impl TryFrom<Row> for StoredRun {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = RunId::from_uuid(row.run_id);
        let wrong = |column| StoreError::inconsistent("run", id, column);
        let halt = match (row.halt_reason, row.halt_class) {
            (Some(reason), Some(class)) => {
                Some(Cause { reason, class: class_from_code(class).ok_or_else(|| wrong("halt_class"))? })
            }
            _ => None,
        };
        let header = Header {
            run: id,
            held_asset: row.asset_id.map(AssetId::from_uuid),
            distribution: row.distribution_id.map(DistributionId::from_uuid),
            funding_account: FundingAccountId::from_uuid(row.funding_account_id),
            asset: row.asset.parse().map_err(|_| wrong("asset"))?,
            decimals: u8::try_from(row.decimals).map_err(|_| wrong("decimals"))?,
            count: row.count.cast_unsigned(),
            total_units: row.total_units.0,
            entitlement_root: row.entitlement_root.try_into().map_err(|_| wrong("entitlement_root"))?,
            batch_size: row.batch_size.cast_unsigned(),
            parallelism: row.parallelism.cast_unsigned(),
            retry: RetryPolicy {
                max_attempts: row.max_attempts.cast_unsigned(),
                base: Duration::from_millis(row.backoff_base_ms.cast_unsigned()),
                cap: Duration::from_millis(row.backoff_cap_ms.cast_unsigned()),
                factor_hundredths: row.backoff_factor_hundredths.cast_unsigned(),
                jitter_percent: row.backoff_jitter_percent.cast_unsigned(),
                recipient_max_attempts: row.recipient_max_attempts.cast_unsigned(),
            },
            supersedes: row.supersedes_run_id.map(RunId::from_uuid),
        };
        let state = RunState::from_code(row.state).ok_or_else(|| wrong("state"))?;
        let run = Run { header, load_id: row.load_id, state, halt };
        Ok(Self {
            run,
            created_at: row.created_at.0,
            ended_at: row.ended_at.map(|at| at.0),
            cancellation: row
                .cancelled_by
                .map(|by| Cancellation { by, reason: row.cancel_reason.unwrap_or_default() }),
            header_hash: row.header_hash,
        })
    }
}

/// The number of a failure class in our tables; it is that of `bursar.type.v1.FailureClass`.
pub fn class_code(class: Class) -> i16 {
    match class {
        Class::Retryable => 1,
        Class::Recipient => 2,
        Class::Operator => 3,
        Class::Compliance => 4,
        Class::Bug => 5,
    }
}

/// The failure class with this number.
pub fn class_from_code(code: i16) -> Option<Class> {
    [Class::Retryable, Class::Recipient, Class::Operator, Class::Compliance, Class::Bug]
        .into_iter()
        .find(|class| class_code(*class) == code)
}

/// Makes a run payable together with its batches; false when its id is there already.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    header: &Header,
    header_hash: &[u8; 32],
    load: Uuid,
) -> Result<bool, StoreError> {
    let inserted = diesel::insert_into(run::table)
        .values((
            run::run_id.eq(header.run.as_uuid()),
            run::asset_id.eq(header.held_asset.map(|asset| asset.as_uuid())),
            run::load_id.eq(load),
            run::header_hash.eq(header_hash.as_slice()),
            run::distribution_id.eq(header.distribution.map(|distribution| distribution.as_uuid())),
            run::funding_account_id.eq(header.funding_account.as_uuid()),
            run::asset.eq(header.asset.as_str()),
            run::decimals.eq(i16::from(header.decimals)),
            run::count.eq(header.count.cast_signed()),
            run::total_units.eq(Numeric128(header.total_units)),
            run::entitlement_root.eq(header.entitlement_root.as_slice()),
            run::batch_size.eq(header.batch_size.cast_signed()),
            run::parallelism.eq(header.parallelism.cast_signed()),
            run::max_attempts.eq(header.retry.max_attempts.cast_signed()),
            run::backoff_base_ms.eq(millis(header.retry.base)),
            run::backoff_cap_ms.eq(millis(header.retry.cap)),
            run::backoff_factor_hundredths.eq(header.retry.factor_hundredths.cast_signed()),
            run::backoff_jitter_percent.eq(header.retry.jitter_percent.cast_signed()),
            run::recipient_max_attempts.eq(header.retry.recipient_max_attempts.cast_signed()),
            run::supersedes_run_id.eq(header.supersedes.map(|run| run.as_uuid())),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// One run by its id.
pub async fn find(conn: &mut AsyncPgConnection, id: RunId) -> Result<Option<StoredRun>, StoreError> {
    let row = run::table.find(id.as_uuid()).select(Row::as_select()).first(conn).await.optional()?;
    row.map(StoredRun::try_from).transpose()
}

/// One run, shared: until this transaction ends nobody halts, cancels or ends it.
pub async fn find_for_share(
    conn: &mut AsyncPgConnection,
    id: RunId,
) -> Result<Option<StoredRun>, StoreError> {
    let row =
        run::table.find(id.as_uuid()).select(Row::as_select()).for_share().first(conn).await.optional()?;
    row.map(StoredRun::try_from).transpose()
}

/// The same, and until this transaction ends no pause returns: what it intends or begins to send comes before every
/// pause that it does not see.
pub async fn find_to_send(conn: &mut AsyncPgConnection, id: RunId) -> Result<Option<StoredRun>, StoreError> {
    const SQL: &str = "SELECT run.*, pg_advisory_xact_lock_shared(hashtextextended('pause', -2)) \
        FROM run WHERE run_id = $1 FOR SHARE";
    let row: Option<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(id.as_uuid())
        .prepared()
        .get_result(conn)
        .await
        .optional()?;
    row.map(StoredRun::try_from).transpose()
}

#[derive(QueryableByName)]
struct OnSlots {
    #[diesel(embed)]
    run: Row,
    #[diesel(sql_type = Array<Integer>)]
    slots: Vec<i32>,
}

/// The same, if this transaction also gets any of the run's `slots`, for which it does not wait, and with those that it gets:
/// until it ends, nobody else has them. Slots bound how many batches of a run are worked on at the same time.
pub async fn find_to_send_on_slots(
    conn: &mut AsyncPgConnection,
    id: RunId,
    slots: &[u32],
) -> Result<Option<(StoredRun, Vec<u32>)>, StoreError> {
    // Who gets none does not wait for a pause either: all workers would, with a connection each.
    const SQL: &str = "WITH got AS MATERIALIZED (SELECT ARRAY(SELECT slot FROM unnest($2) AS wanted (slot) \
            WHERE pg_try_advisory_xact_lock(hashtextextended($1::text, slot))) AS slots) \
        SELECT run.*, pg_advisory_xact_lock_shared(hashtextextended('pause', -2)), (SELECT slots FROM got) AS slots \
        FROM run WHERE run_id = $1 AND (SELECT cardinality(slots) FROM got) > 0 FOR SHARE OF run";
    let row: Option<OnSlots> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<Array<Integer>, _>(slots.iter().map(|slot| slot.cast_signed()).collect::<Vec<_>>())
        .prepared()
        .get_result(conn)
        .await
        .optional()?;
    let Some(OnSlots { run, slots }) = row else { return Ok(None) };
    Ok(Some((run.try_into()?, slots.into_iter().map(i32::cast_unsigned).collect())))
}

/// One run, alone: until this transaction ends nobody intends or begins to send anything of it.
pub async fn find_for_update(
    conn: &mut AsyncPgConnection,
    id: RunId,
) -> Result<Option<StoredRun>, StoreError> {
    let row =
        run::table.find(id.as_uuid()).select(Row::as_select()).for_update().first(conn).await.optional()?;
    row.map(StoredRun::try_from).transpose()
}

/// Sets the state of a run that this transaction has locked.
pub async fn set_state(
    conn: &mut AsyncPgConnection,
    id: RunId,
    state: RunState,
    halt: Option<&Cause>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE run SET state = $2, halt_reason = $3, halt_class = $4, \
        ended_at = CASE WHEN $5 THEN coalesce(ended_at, clock_timestamp()) END WHERE run_id = $1";
    let updated = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<SmallInt, _>(state.code())
        .bind::<Nullable<Text>, _>(halt.map(|cause| cause.reason.as_str()))
        .bind::<Nullable<SmallInt>, _>(halt.map(|cause| class_code(cause.class)))
        .bind::<Bool, _>(state.has_ended())
        .prepared()
        .execute(conn)
        .await?;
    if updated == 1 { Ok(()) } else { Err(StoreError::inconsistent("run", id, "run_id")) }
}

/// Up to `limit` halted runs by id, after the one given.
pub async fn halted(
    conn: &mut AsyncPgConnection,
    after: Option<RunId>,
    limit: u32,
) -> Result<Vec<StoredRun>, StoreError> {
    const SQL: &str =
        "SELECT * FROM run WHERE state = 2 AND ($1 IS NULL OR run_id > $1) ORDER BY run_id LIMIT $2";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<Nullable<SqlUuid>, _>(after.map(|run| run.as_uuid()))
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    rows.into_iter().map(StoredRun::try_from).collect()
}

#[derive(QueryableByName)]
struct Halted {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
}

/// Halts every running run whose fees this account pays; which they are, with those that were halted already.
pub async fn halt_of_fee_payer(
    conn: &mut AsyncPgConnection,
    payer: hedera::AccountId,
    cause: &Cause,
) -> Result<Vec<RunId>, StoreError> {
    const SQL: &str = "UPDATE run SET state = 2, halt_reason = coalesce(halt_reason, $2), \
        halt_class = coalesce(halt_class, $3) WHERE state <= 2 \
        AND funding_account_id IN (SELECT funding_account_id FROM funding_account WHERE fee_payer_account = $1) \
        RETURNING run_id";
    let halted: Vec<Halted> = diesel::sql_query(SQL)
        .bind::<Text, _>(payer.to_string())
        .bind::<Text, _>(&cause.reason)
        .bind::<SmallInt, _>(class_code(cause.class))
        .prepared()
        .load(conn)
        .await?;
    Ok(halted.into_iter().map(|halted| RunId::from_uuid(halted.run_id)).collect())
}

/// Notes who cancelled a run that this transaction has locked, and why.
pub async fn note_cancel(
    conn: &mut AsyncPgConnection,
    id: RunId,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    diesel::update(run::table.find(id.as_uuid()))
        .set((run::cancelled_by.eq(by), run::cancel_reason.eq(reason)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Which runs a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only of this distribution.
    pub distribution: Option<DistributionId>,
    /// Only in this state.
    pub state: Option<RunState>,
    /// Only those that a pause holds, or only those that none does.
    pub paused: Option<bool>,
}

/// Up to `limit` runs, newest first, before the run given.
pub async fn list(
    conn: &mut AsyncPgConnection,
    filter: Filter,
    before: Option<(SystemTime, Uuid)>,
    limit: u32,
) -> Result<Vec<StoredRun>, StoreError> {
    const SQL: &str = "SELECT * FROM run WHERE ($1 IS NULL OR distribution_id = $1) AND ($2 IS NULL OR state = $2) \
        AND ($3 IS NULL OR (created_at, run_id) < ($3, $4)) \
        AND ($6 IS NULL OR $6 = EXISTS (SELECT FROM run_pause WHERE run_pause.run_id = run.run_id)) \
        ORDER BY created_at DESC, run_id DESC LIMIT $5";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<Nullable<SqlUuid>, _>(filter.distribution.map(|id| id.as_uuid()))
        .bind::<Nullable<SmallInt>, _>(filter.state.map(RunState::code))
        .bind::<Nullable<Timestamptz>, _>(before.map(|(at, _)| At(at)))
        .bind::<Nullable<SqlUuid>, _>(before.map(|(_, id)| id))
        .bind::<BigInt, _>(i64::from(limit))
        .bind::<Nullable<Bool>, _>(filter.paused)
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(StoredRun::try_from).collect()
}

#[derive(QueryableByName)]
struct ActiveRow {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Integer)]
    parallelism: i32,
    #[diesel(sql_type = Integer)]
    batch_size: i32,
}

/// A run that workers look at.
#[derive(Clone, Copy, Debug)]
pub struct Active {
    /// Its id.
    pub id: RunId,
    /// Batches worked on at the same time.
    pub parallelism: u32,
    /// Payouts per batch.
    pub batch_size: u32,
}

/// Up to `limit` runs that have not ended and have a batch that is due, oldest first. Of a paused run only batches with
/// something to look up are due.
pub async fn with_due_batches(conn: &mut AsyncPgConnection, limit: u32) -> Result<Vec<Active>, StoreError> {
    const SQL: &str = "SELECT run_id, parallelism, batch_size FROM run WHERE state <= 3 AND EXISTS (SELECT FROM batch \
        WHERE batch.run_id = run.run_id AND batch.state = 1 AND batch.due_at <= clock_timestamp() \
        AND (batch.processing + batch.in_doubt > 0 OR NOT EXISTS (SELECT FROM run_pause WHERE run_pause.run_id = run.run_id))) \
        ORDER BY created_at LIMIT $1";
    let rows: Vec<ActiveRow> =
        diesel::sql_query(SQL).bind::<BigInt, _>(i64::from(limit)).prepared().load(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| Active {
            id: RunId::from_uuid(row.run_id),
            parallelism: row.parallelism.cast_unsigned(),
            batch_size: row.batch_size.cast_unsigned(),
        })
        .collect())
}

/// Up to `limit` runs that have not ended although none of their batches is open.
pub async fn without_open_batches(
    conn: &mut AsyncPgConnection,
    limit: u32,
) -> Result<Vec<RunId>, StoreError> {
    const SQL: &str = "SELECT run_id, parallelism, batch_size FROM run WHERE state <= 3 AND NOT EXISTS (SELECT FROM batch \
        WHERE batch.run_id = run.run_id AND batch.state = 1) ORDER BY created_at LIMIT $1";
    let rows: Vec<ActiveRow> =
        diesel::sql_query(SQL).bind::<BigInt, _>(i64::from(limit)).prepared().load(conn).await?;
    Ok(rows.into_iter().map(|row| RunId::from_uuid(row.run_id)).collect())
}

/// What tells one header from another: SHA-256 over its canonical encoding.
pub fn same_header(stored: &StoredRun, header_hash: &[u8; 32]) -> bool {
    stored.header_hash == header_hash
}

/// Until this transaction ends, nobody else starts or cancels a run with this id, be it there or not.
pub async fn lock_id(conn: &mut AsyncPgConnection, id: RunId) -> Result<(), StoreError> {
    // Slots of a run are 0 and above in the same space of locks.
    const SQL: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, -1))";
    diesel::sql_query(SQL).bind::<SqlUuid, _>(id.as_uuid()).prepared().execute(conn).await?;
    Ok(())
}

/// Notes that a run which is not here is never to come.
pub async fn bury(conn: &mut AsyncPgConnection, id: RunId, by: &str, reason: &str) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO cancelled_run (run_id, cancelled_by, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<Text, _>(by)
        .bind::<Text, _>(reason)
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a run was cancelled before it came.
pub async fn is_buried(conn: &mut AsyncPgConnection, id: RunId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM cancelled_run WHERE run_id = $1) AS answer";
    let row: AnswerRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(id.as_uuid()).prepared().get_result(conn).await?;
    Ok(row.answer)
}

/// Halts every running run whose fees this account pays, that is not older than `since_ns` and that no attempt was ever
/// made for; which they were.
pub async fn halt_unbegun_of_fee_payer(
    conn: &mut AsyncPgConnection,
    payer: hedera::AccountId,
    since_ns: i64,
    cause: &Cause,
) -> Result<Vec<RunId>, StoreError> {
    const SQL: &str = "UPDATE run SET state = 2, halt_reason = $2, halt_class = $3 WHERE state = 1 \
        AND funding_account_id IN (SELECT funding_account_id FROM funding_account WHERE fee_payer_account = $1) \
        AND created_at >= to_timestamp($4 / 1000000000) \
        AND NOT EXISTS (SELECT FROM attempt WHERE attempt.run_id = run.run_id) RETURNING run_id";
    let halted: Vec<Halted> = diesel::sql_query(SQL)
        .bind::<Text, _>(payer.to_string())
        .bind::<Text, _>(&cause.reason)
        .bind::<SmallInt, _>(class_code(cause.class))
        .bind::<BigInt, _>(since_ns)
        .prepared()
        .load(conn)
        .await?;
    Ok(halted.into_iter().map(|halted| RunId::from_uuid(halted.run_id)).collect())
}
