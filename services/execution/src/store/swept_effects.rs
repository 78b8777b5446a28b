//! Tables `swept_effect` and `acknowledged_run`: payments of ours on the rail that the database did not know when a sweep
//! found them, and the forgotten runs that somebody has accounted for.

use std::time::SystemTime;

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Integer, Nullable, Numeric, SmallInt, Text, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hedera::AccountId;
use ids::{AttemptId, RunId};
use pg::{Numeric128, Prepare as _};
use uuid::Uuid;

use crate::domain::adoption::Effect;
use crate::domain::memo::Place;
use crate::store::{At, StoreError};

/// What became of a payment that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in our record now, as what paid its payouts.
    Adopted,
    /// Its run is not here; it is adopted when that is handed over again.
    Waiting,
    /// Our record excludes it.
    Break,
}

impl Outcome {
    /// The number in the table.
    pub fn code(self) -> i16 {
        match self {
            Self::Adopted => 1,
            Self::Waiting => 2,
            Self::Break => 3,
        }
    }

    fn from_code(code: i16) -> Option<Self> {
        [Self::Adopted, Self::Waiting, Self::Break].into_iter().find(|outcome| outcome.code() == code)
    }
}

/// A payment that was found, and what became of it.
#[derive(Clone, Debug)]
pub struct SweptEffect {
    /// The payment.
    pub effect: Effect,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, for people.
    pub detail: String,
    /// When it was found.
    pub seen_at: SystemTime,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    effect_id: String,
    #[diesel(sql_type = SqlUuid)]
    attempt_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    run_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    first_ordinal: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    size: Option<i32>,
    #[diesel(sql_type = Text)]
    payer: String,
    #[diesel(sql_type = BigInt)]
    valid_start_ns: i64,
    #[diesel(sql_type = BigInt)]
    consensus_ns: i64,
    #[diesel(sql_type = Text)]
    node: String,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    asset: String,
    #[diesel(sql_type = Array<BigInt>)]
    accounts: Vec<i64>,
    #[diesel(sql_type = Array<Numeric>)]
    units: Vec<Numeric128>,
    #[diesel(sql_type = SmallInt)]
    outcome: i16,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Timestamptz)]
    seen_at: At,
}

impl TryFrom<Row> for SweptEffect {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::inconsistent("swept_effect", &row.effect_id, column);
        let payer = row.payer.parse().map_err(|_| wrong("payer"))?;
        let place = row.run_id.zip(row.first_ordinal).zip(row.size).map(|((run, first), size)| Place {
            run: RunId::from_uuid(run),
            first: first.cast_unsigned(),
            size: size.cast_unsigned(),
        });
        let gains = row.accounts.iter().map(|account| account.cast_unsigned());
        let effect = Effect {
            attempt: AttemptId::from_uuid(row.attempt_id),
            place,
            transaction: hedera::TransactionId::new(payer, row.valid_start_ns),
            consensus_ns: row.consensus_ns,
            node: row.node.parse().map_err(|_| wrong("node"))?,
            hash: row.hash,
            asset: row.asset.parse().map_err(|_| wrong("asset"))?,
            gains: gains.zip(row.units.iter().map(|units| units.0)).collect(),
        };
        let outcome = Outcome::from_code(row.outcome).ok_or_else(|| wrong("outcome"))?;
        Ok(Self { effect, outcome, detail: row.detail, seen_at: row.seen_at.0 })
    }
}

/// Writes down what became of a payment: as found by a sweep, or anew. A break stays one, whatever is found later.
pub async fn record(
    conn: &mut AsyncPgConnection,
    number: u32,
    effect: &Effect,
    outcome: Outcome,
    detail: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO swept_effect (effect_id, number, attempt_id, run_id, first_ordinal, size, payer, \
        valid_start_ns, consensus_ns, node, hash, asset, accounts, units, outcome, detail) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
        ON CONFLICT (effect_id) DO UPDATE SET outcome = excluded.outcome, detail = excluded.detail \
        WHERE swept_effect.outcome <> 3";
    let accounts: Vec<i64> = effect.gains.iter().map(|(account, _)| account.cast_signed()).collect();
    let units: Vec<Numeric128> = effect.gains.iter().map(|(_, units)| Numeric128(*units)).collect();
    diesel::sql_query(SQL)
        .bind::<Text, _>(effect.transaction.to_string())
        .bind::<Integer, _>(number.cast_signed())
        .bind::<SqlUuid, _>(effect.attempt.as_uuid())
        .bind::<Nullable<SqlUuid>, _>(effect.place.map(|place| place.run.as_uuid()))
        .bind::<Nullable<Integer>, _>(effect.place.map(|place| place.first.cast_signed()))
        .bind::<Nullable<Integer>, _>(effect.place.map(|place| place.size.cast_signed()))
        .bind::<Text, _>(effect.transaction.payer().to_string())
        .bind::<BigInt, _>(effect.transaction.valid_start_ns())
        .bind::<BigInt, _>(effect.consensus_ns)
        .bind::<Text, _>(effect.node.to_string())
        .bind::<Binary, _>(effect.hash.as_slice())
        .bind::<Text, _>(effect.asset.as_str())
        .bind::<Array<BigInt>, _>(accounts)
        .bind::<Array<Numeric>, _>(units)
        .bind::<SmallInt, _>(outcome.code())
        .bind::<Text, _>(detail)
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Up to `limit` payments that wait for a run, by their payouts, with the sweep that found each.
pub async fn waiting(
    conn: &mut AsyncPgConnection,
    run: RunId,
    limit: u32,
) -> Result<Vec<SweptEffect>, StoreError> {
    const SQL: &str =
        "SELECT * FROM swept_effect WHERE run_id = $1 AND outcome = 2 ORDER BY first_ordinal LIMIT $2";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(SweptEffect::try_from).collect()
}

/// Payments that wait for one run.
#[derive(Clone, Copy, Debug)]
pub struct Forgotten {
    /// The run, which is not here.
    pub run: RunId,
    /// How many transactions.
    pub payments: u64,
    /// How many payouts they paid.
    pub payouts: u64,
}

/// The runs that payments by this fee payer wait for and nobody has acknowledged, up to `limit` of them.
pub async fn forgotten(
    conn: &mut AsyncPgConnection,
    payer: AccountId,
    limit: u32,
) -> Result<Vec<Forgotten>, StoreError> {
    #[derive(QueryableByName)]
    struct ForgottenRow {
        #[diesel(sql_type = SqlUuid)]
        run_id: Uuid,
        #[diesel(sql_type = BigInt)]
        payments: i64,
        #[diesel(sql_type = BigInt)]
        payouts: i64,
    }
    const SQL: &str = "SELECT run_id, count(*) AS payments, sum(size) AS payouts FROM swept_effect AS swept \
        WHERE payer = $1 AND outcome = 2 AND NOT EXISTS (SELECT FROM acknowledged_run AS told \
            WHERE told.run_id = swept.run_id AND told.acknowledged_at >= swept.seen_at) \
        GROUP BY run_id ORDER BY run_id LIMIT $2";
    let rows: Vec<ForgottenRow> = diesel::sql_query(SQL)
        .bind::<Text, _>(payer.to_string())
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    let forgotten = |row: ForgottenRow| Forgotten {
        run: RunId::from_uuid(row.run_id),
        payments: row.payments.cast_unsigned(),
        payouts: row.payouts.cast_unsigned(),
    };
    Ok(rows.into_iter().map(forgotten).collect())
}

/// Notes that somebody has accounted for the payments which wait for a run now; how many they are. With none, nothing is
/// noted. The caller holds the lock of the run's id.
pub async fn acknowledge(
    conn: &mut AsyncPgConnection,
    run: RunId,
    by: &str,
    reason: &str,
) -> Result<u64, StoreError> {
    #[derive(QueryableByName)]
    struct CountRow {
        #[diesel(sql_type = BigInt)]
        payments: i64,
    }
    const SQL: &str = "WITH waiting AS (SELECT count(*) AS payments FROM swept_effect WHERE run_id = $1 AND outcome = 2), \
        told AS (INSERT INTO acknowledged_run (run_id, acknowledged_by, reason) \
            SELECT $1, $2, $3 FROM waiting WHERE payments > 0) \
        SELECT payments FROM waiting";
    let row: CountRow = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Text, _>(by)
        .bind::<Text, _>(reason)
        .prepared()
        .get_result(conn)
        .await?;
    Ok(row.payments.cast_unsigned())
}

/// Those of `attempts` that our record knows, or that were found before.
pub async fn known(
    conn: &mut AsyncPgConnection,
    attempts: &[AttemptId],
) -> Result<Vec<AttemptId>, StoreError> {
    #[derive(QueryableByName)]
    struct IdRow {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    const SQL: &str = "SELECT id FROM unnest($1) AS asked (id) \
        WHERE EXISTS (SELECT FROM attempt WHERE attempt.attempt_id = id) \
        OR EXISTS (SELECT FROM swept_effect WHERE swept_effect.attempt_id = id)";
    let rows: Vec<IdRow> = diesel::sql_query(SQL)
        .bind::<Array<SqlUuid>, _>(attempts.iter().map(AttemptId::as_uuid).collect::<Vec<_>>())
        .prepared()
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| AttemptId::from_uuid(row.id)).collect())
}

/// How many payments were adopted, wait for their run, and are breaks.
pub async fn tally(conn: &mut AsyncPgConnection, number: u32) -> Result<[u64; 3], StoreError> {
    #[derive(QueryableByName)]
    struct TallyRow {
        #[diesel(sql_type = BigInt)]
        adopted: i64,
        #[diesel(sql_type = BigInt)]
        waiting: i64,
        #[diesel(sql_type = BigInt)]
        breaks: i64,
    }
    const SQL: &str = "SELECT count(*) FILTER (WHERE outcome = 1) AS adopted, \
        count(*) FILTER (WHERE outcome = 2) AS waiting, count(*) FILTER (WHERE outcome = 3) AS breaks \
        FROM swept_effect WHERE number = $1";
    let row: TallyRow =
        diesel::sql_query(SQL).bind::<Integer, _>(number.cast_signed()).prepared().get_result(conn).await?;
    Ok([row.adopted, row.waiting, row.breaks].map(i64::cast_unsigned))
}

/// Up to `limit` payments by the rail's id, after the one given; only those that are neither adopted nor acknowledged
/// where `open`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    open: bool,
    after: &str,
    limit: u32,
) -> Result<Vec<SweptEffect>, StoreError> {
    const SQL: &str = "SELECT * FROM swept_effect AS swept WHERE effect_id > $1 AND (NOT $2 OR outcome = 3 \
            OR outcome = 2 AND NOT EXISTS (SELECT FROM acknowledged_run AS told \
                WHERE told.run_id = swept.run_id AND told.acknowledged_at >= swept.seen_at)) \
        ORDER BY effect_id LIMIT $3";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<Text, _>(after)
        .bind::<Bool, _>(open)
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(SweptEffect::try_from).collect()
}
