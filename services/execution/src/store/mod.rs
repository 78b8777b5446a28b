//! The tables of execution: SQL lives here and nowhere else.
//!
//! Rows hold primitives; what leaves this room is a domain type, or an error that says which row is inconsistent.
//!
//! Lock order, the same everywhere: pause, then run, then batch, then attempt.

pub mod attempts;
pub mod batches;
pub mod claims;
pub mod decisions;
pub mod evidence;
pub mod funding_accounts;
pub mod instructions;
pub mod pauses;
pub mod payouts;
pub mod runs;
#[allow(missing_docs, reason = "columns speak for themselves; the migrations say the rest")]
pub mod schema;
mod time;

use diesel::result::Error as DieselError;

pub use time::At;

/// A read or a write failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or did not answer.
    #[error("a database statement failed")]
    Query(#[from] DieselError),
    /// A row holds what no code of ours writes.
    #[error("table {table}, row {row}: column {column} is inconsistent")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// Its key.
        row: String,
        /// The column.
        column: &'static str,
    },
}

impl StoreError {
    /// A row that no code of ours writes.
    pub(crate) fn inconsistent(
        table: &'static str,
        row: impl std::fmt::Display,
        column: &'static str,
    ) -> Self {
        Self::Inconsistent { table, row: format!("{row}"), column }
    }
}
