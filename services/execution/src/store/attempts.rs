//! Tables `attempt`, `live_attempt`, `rail_effect`: what was intended, which attempt of a payout counts, and what the
//! rail did.

use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Integer, Nullable, Numeric, SmallInt, Text, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hedera::transfer::SignedCopy;
use ids::{AttemptId, RunId};
use pg::{Numeric128, Prepare as _};
use std::time::SystemTime;
use uuid::Uuid;

use crate::domain::attempt::{Attempt, Cause};
use crate::domain::payout::AttemptState;
use crate::domain::plan::Due;
use crate::domain::retry::Tries;
use crate::store::{At, StoreError, claims::DueBatch};

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(sql_type = SqlUuid)]
    attempt_id: Uuid,
    #[diesel(sql_type = Array<Integer>)]
    ordinals: Vec<i32>,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
    #[diesel(sql_type = Integer)]
    tries: i32,
    #[diesel(sql_type = Integer)]
    recipient_tries: i32,
    #[diesel(sql_type = Text)]
    payer: String,
    #[diesel(sql_type = BigInt)]
    valid_start_ns: i64,
    #[diesel(sql_type = BigInt)]
    window_end_ns: i64,
    #[diesel(sql_type = Array<Text>)]
    nodes: Vec<String>,
    #[diesel(sql_type = Array<Binary>)]
    copies: Vec<Vec<u8>>,
    #[diesel(sql_type = Array<Binary>)]
    hashes: Vec<Vec<u8>>,
    #[diesel(sql_type = Integer)]
    send_begins: i32,
}

impl TryFrom<OpenRow> for Attempt {
    type Error = StoreError;

    fn try_from(row: OpenRow) -> Result<Self, StoreError> {
        let id = AttemptId::from_uuid(row.attempt_id);
        let wrong = |column| StoreError::inconsistent("attempt", id, column);
        let payer = row.payer.parse().map_err(|_| wrong("payer"))?;
        let copies = row.nodes.iter().zip(row.copies).zip(row.hashes).map(|((node, bytes), hash)| {
            let node = node.parse().map_err(|_| wrong("nodes"))?;
            Ok(SignedCopy { node, bytes, hash: hash.try_into().map_err(|_| wrong("hashes"))? })
        });
        Ok(Self {
            id,
            ordinals: row.ordinals.into_iter().map(i32::cast_unsigned).collect(),
            units: row.units.0,
            tries: tries(row.tries, row.recipient_tries),
            transaction: hedera::TransactionId::new(payer, row.valid_start_ns),
            window_end_ns: row.window_end_ns,
            copies: copies.collect::<Result<_, StoreError>>()?,
            send_begins: row.send_begins.cast_unsigned(),
        })
    }
}

/// The undecided attempts of a batch.
pub async fn undecided(conn: &mut AsyncPgConnection, batch: &DueBatch) -> Result<Vec<Attempt>, StoreError> {
    const SQL: &str = "SELECT attempt_id, ordinals, units, tries, recipient_tries, payer, valid_start_ns, window_end_ns, \
        nodes, copies, hashes, send_begins FROM attempt WHERE run_id = $1 AND batch_number = $2 AND state <= 2 ORDER BY attempt_id";
    let rows: Vec<OpenRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.number.cast_signed())
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(Attempt::try_from).collect()
}

fn tries(retryable: i32, recipient: i32) -> Tries {
    Tries { retryable: retryable.cast_unsigned(), recipient: recipient.cast_unsigned() }
}

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = SqlUuid)]
    attempt_id: Uuid,
    #[diesel(sql_type = Bool)]
    chosen: bool,
    #[diesel(sql_type = Array<Integer>)]
    ordinals: Vec<i32>,
    #[diesel(sql_type = Bool)]
    next_split: bool,
    #[diesel(sql_type = Integer)]
    next_tries: i32,
    #[diesel(sql_type = Integer)]
    next_recipient_tries: i32,
}

/// The dead attempts of a batch of which payouts are due again, with these: all that an attempt has left, or those that
/// somebody chose of it. What has shown an effect is never due, whatever its row says.
pub async fn due(conn: &mut AsyncPgConnection, batch: &DueBatch) -> Result<Vec<Due>, StoreError> {
    const SQL: &str = "SELECT attempt_id, false AS chosen, \
        ARRAY(SELECT ordinal FROM unnest(ordinals) AS own (ordinal) WHERE ordinal <> ALL (parted)) AS ordinals, \
        next_split, next_tries, next_recipient_tries FROM attempt \
        WHERE run_id = $1 AND batch_number = $2 AND state = 4 AND next_at <= clock_timestamp() \
        AND NOT EXISTS (SELECT FROM rail_effect AS seen WHERE seen.attempt_id = attempt.attempt_id) \
        UNION ALL SELECT attempt_id, true, array_agg(ordinal ORDER BY ordinal), false, 0, 0 FROM chosen_payout \
        WHERE run_id = $1 AND batch_number = $2 AND next_at <= clock_timestamp() \
        AND NOT EXISTS (SELECT FROM rail_effect AS seen WHERE seen.attempt_id = chosen_payout.attempt_id) \
        GROUP BY attempt_id \
        ORDER BY attempt_id, chosen";
    let rows: Vec<DueRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.number.cast_signed())
        .prepared()
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Due {
            attempt: AttemptId::from_uuid(row.attempt_id),
            chosen: row.chosen,
            ordinals: row.ordinals.into_iter().map(i32::cast_unsigned).collect(),
            tries: tries(row.next_tries, row.next_recipient_tries),
            split: row.next_split,
        })
        .collect())
}

/// The payouts of a batch that never had an attempt.
pub async fn never_intended(conn: &mut AsyncPgConnection, batch: &DueBatch) -> Result<Vec<u32>, StoreError> {
    #[derive(QueryableByName)]
    struct OrdinalRow {
        #[diesel(sql_type = Integer)]
        ordinal: i32,
    }
    const SQL: &str = "SELECT ordinal FROM generate_series($2, $2 + $3 - 1) AS wanted (ordinal) WHERE NOT EXISTS \
        (SELECT FROM live_attempt WHERE live_attempt.run_id = $1 AND live_attempt.ordinal = wanted.ordinal) ORDER BY ordinal";
    let rows: Vec<OrdinalRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.first_ordinal.cast_signed())
        .bind::<Integer, _>(batch.size.cast_signed())
        .prepared()
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.ordinal.cast_unsigned()).collect())
}

/// Commits attempts, each with its batch, to the database as intended and begun to be sent, with the exact bytes. All have as
/// many copies.
pub async fn insert(
    mut conn: &AsyncPgConnection,
    run: RunId,
    attempts: &[(&DueBatch, &Attempt)],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO attempt (run_id, attempt_id, batch_number, ordinals, units, payer, valid_start_ns, \
        window_end_ns, nodes, copies, hashes, tries, recipient_tries, send_begins) \
        SELECT $1, attempt_id, batch_number, ($4)[until - size + 1 : until], units, payer, start_ns, \
        end_ns, ($10)[(place - 1) * $13 + 1 : place * $13], ($11)[(place - 1) * $13 + 1 : place * $13], \
        ($12)[(place - 1) * $13 + 1 : place * $13], tries, recipient_tries, 1 \
        FROM unnest($2, $3, $5, $15, $6, $7, $8, $9, $14, $16) WITH ORDINALITY \
            AS new (batch_number, attempt_id, size, until, units, payer, start_ns, end_ns, tries, recipient_tries, place)";
    if attempts.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i32> = attempts.iter().map(|(batch, _)| batch.number.cast_signed()).collect();
    let attempts: Vec<&Attempt> = attempts.iter().map(|(_, attempt)| *attempt).collect();
    let copies = attempts.iter().flat_map(|attempt| &attempt.copies);
    let copies_each = attempts.iter().map(|attempt| attempt.copies.len()).max().unwrap_or_default();
    let int = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    let ordinals = attempts.iter().flat_map(|attempt| &attempt.ordinals);
    // Where each attempt's payouts end among those of all.
    let until = attempts.iter().scan(0, |until, attempt| {
        *until += attempt.ordinals.len();
        Some(int(*until))
    });
    let payer = |attempt: &Attempt| attempt.transaction.payer().to_string();
    let inserted = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<Integer>, _>(numbers)
        .bind::<Array<SqlUuid>, _>(attempts.iter().map(|attempt| attempt.id.as_uuid()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(ordinals.map(|ordinal| ordinal.cast_signed()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(
            attempts.iter().map(|attempt| int(attempt.ordinals.len())).collect::<Vec<_>>(),
        )
        .bind::<Array<Numeric>, _>(
            attempts.iter().map(|attempt| Numeric128(attempt.units)).collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(attempts.iter().copied().map(payer).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(attempts.iter().map(|a| a.transaction.valid_start_ns()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(attempts.iter().map(|attempt| attempt.window_end_ns).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(copies.clone().map(|copy| copy.node.to_string()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(copies.clone().map(|copy| copy.bytes.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(copies.map(|copy| copy.hash.as_slice()).collect::<Vec<_>>())
        .bind::<Integer, _>(int(copies_each))
        .bind::<Array<Integer>, _>(
            attempts.iter().map(|attempt| attempt.tries.retryable.cast_signed()).collect::<Vec<_>>(),
        )
        .bind::<Array<Integer>, _>(until.collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(
            attempts.iter().map(|attempt| attempt.tries.recipient.cast_signed()).collect::<Vec<_>>(),
        )
        .prepared()
        .execute(&mut conn)
        .await?;
    if inserted == attempts.len() {
        Ok(())
    } else {
        Err(StoreError::inconsistent("attempt", run, "attempt_id"))
    }
}

/// Makes `attempts` the live ones of payouts that never had one. The primary key refuses a second.
pub async fn insert_live(
    mut conn: &AsyncPgConnection,
    run: RunId,
    attempts: &[&Attempt],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO live_attempt (run_id, ordinal, attempt_id) \
        SELECT $1, ordinal, attempt_id FROM unnest($2, $3) AS new (ordinal, attempt_id)";
    let (ordinals, owners) = by_ordinal(attempts);
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<Integer>, _>(ordinals)
        .bind::<Array<SqlUuid>, _>(owners)
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(())
}

fn by_ordinal(attempts: &[&Attempt]) -> (Vec<i32>, Vec<Uuid>) {
    attempts
        .iter()
        .flat_map(|attempt| {
            attempt.ordinals.iter().map(|ordinal| (ordinal.cast_signed(), attempt.id.as_uuid()))
        })
        .unzip()
}

/// Moves the live attempts of payouts of a dead one to `successors`: the compare-and-set that a retry is. False when
/// another has moved them.
pub async fn replace(
    mut conn: &AsyncPgConnection,
    batch: &DueBatch,
    dead: &Due,
    successors: &[&Attempt],
) -> Result<bool, StoreError> {
    const MOVE: &str = "UPDATE live_attempt SET attempt_id = new.attempt_id \
        FROM unnest($3, $4) AS new (ordinal, attempt_id) \
        WHERE live_attempt.run_id = $1 AND live_attempt.ordinal BETWEEN $5 AND $6 \
        AND live_attempt.ordinal = new.ordinal AND live_attempt.attempt_id = $2";
    let marked =
        if dead.chosen { leave_chosen(conn, batch, dead).await? } else { leave_whole(conn, dead).await? };
    let (ordinals, owners) = by_ordinal(successors);
    let expected = ordinals.len();
    // Bounds the reading to the batch, whatever the plan.
    let (first, last) = (ordinals.iter().min().copied(), ordinals.iter().max().copied());
    let moved = diesel::sql_query(MOVE)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<SqlUuid, _>(dead.attempt.as_uuid())
        .bind::<Array<Integer>, _>(ordinals)
        .bind::<Array<SqlUuid>, _>(owners)
        .bind::<Integer, _>(first.unwrap_or_default())
        .bind::<Integer, _>(last.unwrap_or_default())
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(marked && moved == expected)
}

/// All that a dead attempt has left, in a new one: notes it, once.
async fn leave_whole(mut conn: &AsyncPgConnection, dead: &Due) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE attempt SET replaced = true, next_at = NULL WHERE attempt_id = $1 AND state = 4 \
        AND next_at IS NOT NULL AND cardinality(ordinals) - cardinality(parted) = $2";
    let left = i32::try_from(dead.ordinals.len()).unwrap_or(i32::MAX);
    let noted = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(dead.attempt.as_uuid())
        .bind::<Integer, _>(left)
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(noted == 1)
}

/// Those that were chosen of a dead attempt, in a new one: notes it, once each.
async fn leave_chosen(
    mut conn: &AsyncPgConnection,
    batch: &DueBatch,
    dead: &Due,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE chosen_payout SET next_at = NULL \
        WHERE run_id = $1 AND batch_number = $2 AND attempt_id = $3 AND ordinal = ANY ($4) AND next_at IS NOT NULL";
    let noted = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.number.cast_signed())
        .bind::<SqlUuid, _>(dead.attempt.as_uuid())
        .bind::<Array<Integer>, _>(
            dead.ordinals.iter().map(|ordinal| ordinal.cast_signed()).collect::<Vec<_>>(),
        )
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(noted == dead.ordinals.len())
}

/// An attempt's id.
#[derive(QueryableByName)]
pub(super) struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) attempt_id: Uuid,
}

/// Notes that sending begins once more, for those of `attempts` that are undecided; returns these.
pub async fn begin_send(
    conn: &mut AsyncPgConnection,
    batch: &DueBatch,
    attempts: &[AttemptId],
) -> Result<Vec<AttemptId>, StoreError> {
    const SQL: &str = "UPDATE attempt SET send_begins = send_begins + 1 \
        WHERE run_id = $1 AND batch_number = $2 AND attempt_id = ANY($3) AND state <= 2 RETURNING attempt_id";
    let rows: Vec<IdRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(batch.run.as_uuid())
        .bind::<Integer, _>(batch.number.cast_signed())
        .bind::<Array<SqlUuid>, _>(attempts.iter().map(AttemptId::as_uuid).collect::<Vec<_>>())
        .prepared()
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| AttemptId::from_uuid(row.attempt_id)).collect())
}

/// An attempt as people see it.
#[derive(Clone, Debug)]
pub struct StoredAttempt {
    /// Its id.
    pub id: AttemptId,
    /// Its run.
    pub run: RunId,
    /// Its batch.
    pub batch_number: u32,
    /// Its payouts.
    pub ordinals: Vec<u32>,
    /// The rail's id of its transaction.
    pub transaction: hedera::TransactionId,
    /// Until when the rail takes it.
    pub window_end_ns: i64,
    /// SHA-384 of each copy.
    pub hashes: Vec<Vec<u8>>,
    /// How often sending was begun.
    pub send_begins: u32,
    /// How far it is.
    pub state: AttemptState,
    /// Why it is dead or in doubt.
    pub cause: Option<Cause>,
    /// What showed that it is over.
    pub proof: Option<String>,
    /// When the rail had it, where known.
    pub consensus_ns: Option<i64>,
    /// When it was intended.
    pub created_at: SystemTime,
    /// When it was decided.
    pub decided_at: Option<SystemTime>,
}

#[derive(QueryableByName)]
struct StoredRow {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    attempt_id: Uuid,
    #[diesel(sql_type = Integer)]
    batch_number: i32,
    #[diesel(sql_type = Array<Integer>)]
    ordinals: Vec<i32>,
    #[diesel(sql_type = Text)]
    payer: String,
    #[diesel(sql_type = BigInt)]
    valid_start_ns: i64,
    #[diesel(sql_type = BigInt)]
    window_end_ns: i64,
    #[diesel(sql_type = Array<Binary>)]
    hashes: Vec<Vec<u8>>,
    #[diesel(sql_type = Integer)]
    send_begins: i32,
    #[diesel(sql_type = SmallInt)]
    state: i16,
    #[diesel(sql_type = Nullable<Text>)]
    failure_reason: Option<String>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    failure_class: Option<i16>,
    #[diesel(sql_type = Nullable<Text>)]
    proof: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    consensus_ns: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    created_at: At,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    decided_at: Option<At>,
}

impl TryFrom<StoredRow> for StoredAttempt {
    type Error = StoreError;

    fn try_from(row: StoredRow) -> Result<Self, StoreError> {
        let id = AttemptId::from_uuid(row.attempt_id);
        let wrong = |column| StoreError::inconsistent("attempt", id, column);
        let payer = row.payer.parse().map_err(|_| wrong("payer"))?;
        Ok(Self {
            id,
            run: RunId::from_uuid(row.run_id),
            batch_number: row.batch_number.cast_unsigned(),
            ordinals: row.ordinals.into_iter().map(i32::cast_unsigned).collect(),
            transaction: hedera::TransactionId::new(payer, row.valid_start_ns),
            window_end_ns: row.window_end_ns,
            hashes: row.hashes,
            send_begins: row.send_begins.cast_unsigned(),
            state: AttemptState::from_code(row.state).ok_or_else(|| wrong("state"))?,
            cause: crate::store::payouts::cause(row.failure_reason, row.failure_class)
                .map_err(|()| wrong("failure_class"))?,
            proof: row.proof,
            consensus_ns: row.consensus_ns,
            created_at: row.created_at.0,
            decided_at: row.decided_at.map(|at| at.0),
        })
    }
}

/// All attempts of one payout, oldest first.
pub async fn of_payout(
    conn: &mut AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    ordinal: u32,
) -> Result<Vec<StoredAttempt>, StoreError> {
    const SQL: &str = "SELECT * FROM attempt WHERE run_id = $1 AND batch_number = $2 AND $3 = ANY(ordinals) \
        ORDER BY created_at, attempt_id";
    let rows: Vec<StoredRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Integer, _>(ordinal.cast_signed())
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(StoredAttempt::try_from).collect()
}

/// One attempt by its id.
pub async fn find(
    conn: &mut AsyncPgConnection,
    run: RunId,
    id: AttemptId,
) -> Result<Option<StoredAttempt>, StoreError> {
    by_id(conn, run, id, "").await
}

/// One attempt by its id, locked until this transaction ends.
pub async fn find_for_update(
    conn: &mut AsyncPgConnection,
    run: RunId,
    id: AttemptId,
) -> Result<Option<StoredAttempt>, StoreError> {
    by_id(conn, run, id, "FOR UPDATE").await
}

async fn by_id(
    conn: &mut AsyncPgConnection,
    run: RunId,
    id: AttemptId,
    lock: &'static str,
) -> Result<Option<StoredAttempt>, StoreError> {
    let row: Option<StoredRow> =
        diesel::sql_query(format!("SELECT * FROM attempt WHERE attempt_id = $1 {lock}"))
            .bind::<SqlUuid, _>(id.as_uuid())
            .get_result(conn)
            .await
            .optional()?;
    row.filter(|row| row.run_id == run.as_uuid()).map(StoredAttempt::try_from).transpose()
}
