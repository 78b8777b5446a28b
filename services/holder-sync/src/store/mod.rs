//! Rows and queries. SQL lives here and nowhere else.

pub mod accounts;
pub mod history;
pub mod holders;
pub mod jobs;
pub mod readings;
pub mod schema;
pub mod snapshots;
pub mod syncs;
pub mod time;
pub mod tracked_assets;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The tables of this service, one step after another.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// A row that no code of ours could have written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table {table}, row {row}: column {column} is inconsistent")]
pub struct Inconsistent {
    /// The table.
    pub table: &'static str,
    /// The row's key.
    pub row: String,
    /// The column.
    pub column: &'static str,
}

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed.
    #[error("database statement failed")]
    Query(#[from] diesel::result::Error),
    /// A row cannot be understood.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// An update of one row changed another number of rows.
    #[error("an update of one row of {table} changed {changed}")]
    Changed {
        /// The table.
        table: &'static str,
        /// Rows changed.
        changed: usize,
    },
}

/// Holds an update of one row to its word.
fn exactly_one(table: &'static str, changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Changed { table, changed }) }
}

/// A count or an account number from its column, where the database keeps it from being negative.
fn unsigned(column: i64) -> u64 {
    column.max(0).unsigned_abs()
}

/// A count or an account number as a column. Numbers on the network are at most `i64::MAX`.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
