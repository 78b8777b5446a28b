//! Table `instruction`: who is to be paid what. Immutable; written by COPY under a load id nobody reads until the run
//! names it.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Numeric, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::RunId;
use pg::{CopyIn, Numeric128, PgError, Prepare as _};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::store::StoreError;

/// One payee and what to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Position in the run.
    pub ordinal: u32,
    /// Hedera account number.
    pub account: u64,
    /// What to pay, in smallest units.
    pub units: u128,
    /// The payout it replaces, by its position in the run that its own run supersedes.
    pub supersedes: Option<u32>,
}

/// Instructions being written.
pub struct Load {
    copy: CopyIn,
    run: Uuid,
    under: Uuid,
}

impl Load {
    /// Starts writing `run`'s instructions under `load`, on a connection of its own.
    pub async fn begin(url: &str, run: RunId, load: Uuid) -> Result<Self, PgError> {
        let columns = [
            ("run_id", Type::UUID),
            ("load_id", Type::UUID),
            ("ordinal", Type::INT4),
            ("account", Type::INT8),
            ("units", Type::NUMERIC),
            ("supersedes", Type::INT4),
        ];
        let copy = CopyIn::begin(url, "instruction", &columns).await?;
        Ok(Self { copy, run: run.as_uuid(), under: load })
    }

    /// Writes one.
    pub async fn push(&mut self, instruction: Instruction) -> Result<(), PgError> {
        let ordinal = instruction.ordinal.cast_signed();
        let account = instruction.account.cast_signed();
        let units = Numeric128(instruction.units);
        let supersedes = instruction.supersedes.map(u32::cast_signed);
        self.copy.row(&[&self.run, &self.under, &ordinal, &account, &units, &supersedes]).await
    }

    /// Stores them all; without it none is stored.
    pub async fn finish(self) -> Result<u64, PgError> {
        self.copy.finish().await
    }
}

/// Writes one alone, in a transaction of the caller's.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    run: RunId,
    load: Uuid,
    instruction: Instruction,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO instruction (run_id, load_id, ordinal, account, units) VALUES ($1, $2, $3, $4, $5)";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<SqlUuid, _>(load)
        .bind::<Integer, _>(instruction.ordinal.cast_signed())
        .bind::<BigInt, _>(instruction.account.cast_signed())
        .bind::<Numeric, _>(Numeric128(instruction.units))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = BigInt)]
    account: i64,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
    #[diesel(sql_type = Nullable<Integer>)]
    supersedes: Option<i32>,
}

/// The instructions of `size` ordinals from `first`, by ordinal.
pub async fn range(
    conn: &mut AsyncPgConnection,
    run: RunId,
    load: Uuid,
    first: u32,
    size: u32,
) -> Result<Vec<Instruction>, StoreError> {
    const SQL: &str = "SELECT ordinal, account, units, supersedes FROM instruction \
        WHERE run_id = $1 AND load_id = $2 AND ordinal >= $3 AND ordinal < $4 ORDER BY ordinal";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<SqlUuid, _>(load)
        .bind::<Integer, _>(first.cast_signed())
        .bind::<Integer, _>((first + size).cast_signed())
        .prepared()
        .load(conn)
        .await?;
    let whole = rows.len() == usize::try_from(size).unwrap_or(usize::MAX);
    if !whole {
        return Err(StoreError::inconsistent("instruction", format!("{run} from {first}"), "ordinal"));
    }
    Ok(rows
        .into_iter()
        .map(|row| Instruction {
            ordinal: row.ordinal.cast_unsigned(),
            account: row.account.cast_unsigned(),
            units: row.units.0,
            supersedes: row.supersedes.map(i32::cast_unsigned),
        })
        .collect())
}
