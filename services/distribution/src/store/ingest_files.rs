//! Files and what became of them.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, FundingAccountId, IngestFileId, Uuid};
use pg::Numeric128;

use super::schema::{ingest_error, ingest_file};
use super::{Inconsistent, StoreError};
use crate::domain::ingest::{Column, Decision, IngestFile, IngestMode, LineError};

/// Rows of one statement: a statement has at most 65,535 values.
const ERRORS_PER_STATEMENT: usize = 5_000;

/// Which files a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only those in which something is wrong.
    pub only_with_errors: bool,
    /// Only decided on at or after this time, in nanoseconds since the epoch.
    pub created_from_ns: Option<i64>,
    /// Only before this time, in nanoseconds since the epoch.
    pub created_before_ns: Option<i64>,
}

/// The last file of a page: when it was decided on, and the number of its id.
pub(crate) type Cursor = (i64, u128);
/// The last error of a page: its line, and the number of its column.
pub(crate) type ErrorCursor = (i32, i16);

/// Something wrong, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredError {
    /// Its line.
    pub line: u32,
    /// Its column.
    pub column: Column,
    /// The stable reason.
    pub reason: String,
    /// What exactly, for people.
    pub message: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = ingest_file, check_for_backend(diesel::pg::Pg))]
struct FileRow {
    id: Uuid,
    name: String,
    label: String,
    digest: Vec<u8>,
    size_bytes: i64,
    mode: String,
    distribution_id: Option<Uuid>,
    accepted_lines: i32,
    accepted_units: Numeric128,
    refused_lines: i32,
    error_count: i64,
    payment_token: String,
    funding_account_id: Uuid,
    created_by: String,
    created_ns: i64,
    held_lines: i32,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = ingest_error, check_for_backend(diesel::pg::Pg))]
struct ErrorRow {
    file_id: Uuid,
    line: i32,
    column_number: i16,
    reason: String,
    message: String,
}

impl From<&IngestFile> for FileRow {
    fn from(file: &IngestFile) -> Self {
        let (distribution, lines, held, units) = match file.decision {
            Decision::Accepted { distribution, lines, held, units } => {
                (Some(distribution), lines, held, units)
            }
            Decision::Refused => (None, 0, 0, 0),
        };
        Self {
            id: file.id.as_uuid(),
            name: file.name.clone(),
            label: file.label.clone(),
            digest: file.digest.to_vec(),
            size_bytes: file.size_bytes.cast_signed(),
            mode: file.mode.as_str().to_owned(),
            distribution_id: distribution.map(|id| id.as_uuid()),
            accepted_lines: lines.cast_signed(),
            accepted_units: Numeric128(units),
            refused_lines: file.refused_lines.cast_signed(),
            error_count: file.error_count.cast_signed(),
            payment_token: file.payment_token.to_string(),
            funding_account_id: file.funding_account.as_uuid(),
            created_by: file.created_by.clone(),
            created_ns: file.created_ns,
            held_lines: held.cast_signed(),
        }
    }
}

impl TryFrom<FileRow> for IngestFile {
    type Error = Inconsistent;

    fn try_from(row: FileRow) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent { table: "ingest_file", row: row.id.to_string(), column };
        let count = |value: i32, column| u32::try_from(value).map_err(|_| wrong(column));
        let lines = count(row.accepted_lines, "accepted_lines")?;
        let held = count(row.held_lines, "held_lines")?;
        let decision = row.distribution_id.map_or(Decision::Refused, |id| Decision::Accepted {
            distribution: DistributionId::from_uuid(id),
            lines,
            held,
            units: row.accepted_units.0,
        });
        Ok(Self {
            id: IngestFileId::from_uuid(row.id),
            digest: row.digest.as_slice().try_into().map_err(|_| wrong("digest"))?,
            size_bytes: u64::try_from(row.size_bytes).map_err(|_| wrong("size_bytes"))?,
            mode: IngestMode::from_name(&row.mode).ok_or_else(|| wrong("mode"))?,
            decision,
            refused_lines: count(row.refused_lines, "refused_lines")?,
            error_count: u64::try_from(row.error_count).map_err(|_| wrong("error_count"))?,
            payment_token: row.payment_token.parse().map_err(|_| wrong("payment_token"))?,
            funding_account: FundingAccountId::from_uuid(row.funding_account_id),
            name: row.name,
            label: row.label,
            created_by: row.created_by,
            created_ns: row.created_ns,
        })
    }
}

impl TryFrom<ErrorRow> for StoredError {
    type Error = Inconsistent;

    fn try_from(row: ErrorRow) -> Result<Self, Inconsistent> {
        let key = || format!("{}/{}", row.file_id, row.line);
        let wrong = |column| Inconsistent { table: "ingest_error", row: key(), column };
        Ok(Self {
            line: u32::try_from(row.line).map_err(|_| wrong("line"))?,
            column: Column::from_number(row.column_number).ok_or_else(|| wrong("column_number"))?,
            reason: row.reason,
            message: row.message,
        })
    }
}

/// Stores a file that was decided on, with what of its errors is kept.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    file: &IngestFile,
    errors: &[LineError],
) -> Result<(), StoreError> {
    diesel::insert_into(ingest_file::table).values(FileRow::from(file)).execute(conn).await?;
    let row = |error: &LineError| ErrorRow {
        file_id: file.id.as_uuid(),
        line: error.line.cast_signed(),
        column_number: error.column.number(),
        reason: error.reason.as_str().to_owned(),
        message: error.reason.to_string(),
    };
    for some in errors.chunks(ERRORS_PER_STATEMENT) {
        let rows: Vec<ErrorRow> = some.iter().map(row).collect();
        diesel::insert_into(ingest_error::table).values(rows).execute(conn).await?;
    }
    Ok(())
}

/// One file.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    id: IngestFileId,
) -> Result<Option<IngestFile>, StoreError> {
    let file = ingest_file::table.find(id.as_uuid());
    let row: Option<FileRow> = file.select(FileRow::as_select()).first(conn).await.optional()?;
    Ok(row.map(IngestFile::try_from).transpose()?)
}

/// Up to `limit` files, newest first, after the cursor.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<IngestFile>, StoreError> {
    let mut query = ingest_file::table
        .order((ingest_file::created_ns.desc(), ingest_file::id.desc()))
        .limit(limit.into())
        .select(FileRow::as_select())
        .into_boxed();
    if filter.only_with_errors {
        query = query.filter(ingest_file::error_count.gt(0));
    }
    if let Some(from_ns) = filter.created_from_ns {
        query = query.filter(ingest_file::created_ns.ge(from_ns));
    }
    if let Some(before_ns) = filter.created_before_ns {
        query = query.filter(ingest_file::created_ns.lt(before_ns));
    }
    if let Some((created_ns, id)) = after {
        let older = ingest_file::created_ns.lt(created_ns);
        let same_time = ingest_file::created_ns.eq(created_ns).and(ingest_file::id.lt(Uuid::from_u128(id)));
        query = query.filter(older.or(same_time));
    }
    let rows: Vec<FileRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(IngestFile::try_from).collect::<Result<_, _>>()?)
}

/// Up to `limit` errors of a file by line and column, after the cursor.
pub(crate) async fn errors(
    conn: &mut AsyncPgConnection,
    id: IngestFileId,
    after: Option<ErrorCursor>,
    limit: u32,
) -> Result<Vec<StoredError>, StoreError> {
    let (line, column) = after.unwrap_or((0, 0));
    let later = ingest_error::line.gt(line);
    let same_line = ingest_error::line.eq(line).and(ingest_error::column_number.gt(column));
    let rows: Vec<ErrorRow> = ingest_error::table
        .filter(ingest_error::file_id.eq(id.as_uuid()))
        .filter(later.or(same_line))
        .order((ingest_error::line, ingest_error::column_number))
        .limit(limit.into())
        .select(ErrorRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(StoredError::try_from).collect::<Result<_, _>>()?)
}
