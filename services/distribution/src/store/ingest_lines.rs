//! Lines of a file between its upload and the decision: written in bulk, sifted against each other and against what was
//! accepted before, and made a list, all without being held in memory.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Numeric, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, IngestFileId};
use pg::{CopyIn, Numeric128};
use tokio_postgres::types::Type;

use super::schema::{ingest_line, ingest_upload};
use super::{Inconsistent, StoreError, rows};
use crate::domain::account::Account;
use crate::domain::ingest::Email;

const COLUMNS: [(&str, Type); 8] = [
    ("file_id", Type::UUID),
    ("line", Type::INT4),
    ("account", Type::INT8),
    ("units", Type::NUMERIC),
    ("reference", Type::TEXT),
    ("note", Type::TEXT),
    ("email", Type::TEXT),
    ("name", Type::TEXT),
];

/// Whom a line pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payee {
    /// An account.
    Account(Account),
    /// Somebody who is held.
    Email(Email),
}

/// A line whose payee is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredLine {
    /// Its number in the file.
    pub line: u32,
    /// Who is paid.
    pub payee: Payee,
    /// How much, in smallest units.
    pub units: u128,
    /// What the sender calls the payment.
    pub reference: String,
    /// What the sender says of it.
    pub note: String,
}

/// A line that was right by itself and is not beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clash {
    /// Its number.
    pub line: u32,
    /// The first line with the same reference, when that is another one.
    pub same_reference: Option<u32>,
    /// The first line with the same account or address, when that is another one.
    pub same_recipient: Option<u32>,
    /// Its reference was accepted before.
    pub accepted_before: bool,
}

/// Begins an upload, and clears away what others left that were cut off: none takes an hour.
pub(crate) async fn begin(conn: &mut AsyncPgConnection, file: IngestFileId) -> Result<(), StoreError> {
    sql_query(
        "WITH dead AS (DELETE FROM ingest_upload WHERE begun_at < now() - interval '1 hour' RETURNING file_id)
         DELETE FROM ingest_line line USING dead WHERE line.file_id = dead.file_id",
    )
    .execute(conn)
    .await?;
    let new = ingest_upload::file_id.eq(file.as_uuid());
    diesel::insert_into(ingest_upload::table).values(new).execute(conn).await?;
    Ok(())
}

/// Ends an upload, in the transaction that decides on it; false when somebody has cleared it away, with lines of it.
pub(crate) async fn end(conn: &mut AsyncPgConnection, file: IngestFileId) -> Result<bool, StoreError> {
    let ended = diesel::delete(ingest_upload::table.find(file.as_uuid())).execute(conn).await?;
    Ok(ended == 1)
}

/// Stores some lines of a file, as one statement on a connection of its own.
pub(crate) async fn write(url: &str, file: IngestFileId, lines: &[StoredLine]) -> Result<(), StoreError> {
    let mut copy = CopyIn::begin(url, "ingest_line", &COLUMNS).await?;
    let file = file.as_uuid();
    for line in lines {
        let (number, units) = (line.line.cast_signed(), Numeric128(line.units));
        let (account, email) = match &line.payee {
            Payee::Account(account) => (Some(rows::number(*account)), None),
            Payee::Email(email) => (None, Some(email)),
        };
        let (address, name) =
            (email.map(|email| &email.address), email.and_then(|email| email.name.as_ref()));
        copy.row(&[&file, &number, &account, &units, &line.reference, &line.note, &address, &name]).await?;
    }
    copy.finish().await?;
    Ok(())
}

#[derive(QueryableByName)]
struct ClashRow {
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    same_reference: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    same_recipient: Option<i32>,
    #[diesel(sql_type = Bool)]
    accepted_before: bool,
    #[diesel(sql_type = BigInt)]
    clashes: i64,
    #[diesel(sql_type = BigInt)]
    errors: i64,
}

/// Lines that clash with others, as far as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clashes {
    /// How many there are.
    pub lines: u32,
    /// How much is wrong with them.
    pub errors: u64,
    /// The first of them.
    pub first: Vec<Clash>,
}

const SIFT: &str = "WITH judged AS (
        SELECT line.line,
               nullif(min(line.line) OVER (PARTITION BY line.reference), line.line) AS same_reference,
               nullif(min(line.line) OVER (PARTITION BY line.account, lower(line.email)), line.line) AS same_recipient,
               known.reference IS NOT NULL AS accepted_before
        FROM ingest_line line LEFT JOIN accepted_reference known ON known.reference = line.reference
        WHERE line.file_id = $1),
    clash AS (
        SELECT * FROM judged
        WHERE same_reference IS NOT NULL OR same_recipient IS NOT NULL OR accepted_before),
    gone AS (DELETE FROM ingest_line line USING clash WHERE line.file_id = $1 AND line.line = clash.line)
    SELECT *, count(*) OVER () AS clashes,
           count(*) FILTER (WHERE same_reference IS NOT NULL OR accepted_before) OVER ()
               + count(same_recipient) OVER () AS errors
    FROM clash ORDER BY line LIMIT $2";

/// Takes out the lines that clash, and gives the first `kept_max` of them. Call it with [`pg::join_sets`].
pub(crate) async fn sift(
    conn: &mut AsyncPgConnection,
    file: IngestFileId,
    kept_max: usize,
) -> Result<Clashes, StoreError> {
    // One at least: each row tells how many there are.
    let limit = i64::try_from(kept_max.max(1)).unwrap_or(i64::MAX);
    let rows: Vec<ClashRow> =
        sql_query(SIFT).bind::<SqlUuid, _>(file.as_uuid()).bind::<BigInt, _>(limit).load(conn).await?;
    let [first, ..] = rows.as_slice() else { return Ok(Clashes::default()) };
    let row = file.to_string();
    let wrong = || Inconsistent { table: "ingest_line", row: row.clone(), column: "line" };
    Ok(Clashes {
        lines: u32::try_from(first.clashes).map_err(|_| wrong())?,
        errors: u64::try_from(first.errors).map_err(|_| wrong())?,
        first: rows.iter().map(ClashRow::clash).collect(),
    })
}

impl ClashRow {
    fn clash(&self) -> Clash {
        Clash {
            line: self.line.cast_unsigned(),
            same_reference: self.same_reference.map(i32::cast_unsigned),
            same_recipient: self.same_recipient.map(i32::cast_unsigned),
            accepted_before: self.accepted_before,
        }
    }
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = BigInt)]
    lines: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
}

/// What is left of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many lines.
    pub lines: u32,
    /// How many of them are held.
    pub held: u32,
    /// What they get together, in smallest units.
    pub units: u128,
}

/// What is left of a file.
pub(crate) async fn left(conn: &mut AsyncPgConnection, file: IngestFileId) -> Result<Left, StoreError> {
    let sum: Sum = sql_query(
        "SELECT count(*) AS lines, count(email) AS held, coalesce(sum(units), 0) AS units
         FROM ingest_line WHERE file_id = $1",
    )
    .bind::<SqlUuid, _>(file.as_uuid())
    .get_result(conn)
    .await?;
    let wrong = |_| Inconsistent { table: "ingest_line", row: file.to_string(), column: "line" };
    let lines = u32::try_from(sum.lines).map_err(wrong)?;
    let held = u32::try_from(sum.held).map_err(wrong)?;
    Ok(Left { lines, held, units: sum.units.0 })
}

/// Makes what is left of a file the list of a distribution that is not there yet, and its held payees.
pub(crate) async fn into_list(
    conn: &mut AsyncPgConnection,
    file: IngestFileId,
    distribution: DistributionId,
) -> Result<(), StoreError> {
    const LISTED: &str = "INSERT INTO listed_payee (distribution_id, account, units, reference, note)
        SELECT $2, account, units, reference, note FROM ingest_line WHERE file_id = $1 AND account IS NOT NULL";
    const HELD: &str = "INSERT INTO held_payee (distribution_id, line, email, name, units, reference, note)
        SELECT $2, line, email, name, units, reference, note FROM ingest_line WHERE file_id = $1 AND email IS NOT NULL";
    for sql in [LISTED, HELD] {
        sql_query(sql)
            .bind::<SqlUuid, _>(file.as_uuid())
            .bind::<SqlUuid, _>(distribution.as_uuid())
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Clears away the lines of a file.
pub(crate) async fn clear(conn: &mut AsyncPgConnection, file: IngestFileId) -> Result<(), StoreError> {
    let lines = ingest_line::table.filter(ingest_line::file_id.eq(file.as_uuid()));
    diesel::delete(lines).execute(conn).await?;
    diesel::delete(ingest_upload::table.find(file.as_uuid())).execute(conn).await?;
    Ok(())
}
