//! Rows and queries. SQL lives here and nowhere else.

pub(crate) mod calculations;
pub(crate) mod distributions;
pub(crate) mod entitlements;
pub(crate) mod leases;
pub(crate) mod redemptions;
mod rows;
pub(crate) mod schema;
pub(crate) mod states;

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
    /// Somebody else has the lease by now: whatever was about to be written is theirs to decide.
    #[error("the lease on the distribution was lost")]
    LeaseLost,
    /// Another redemption of the asset came first: what was calculated counts no more.
    #[error("what redemptions have of the asset changed meanwhile")]
    Overtaken,
    /// The bulk write failed.
    #[error("writing entitlements failed")]
    Copy(#[from] pg::PgError),
}

/// Holds an update of one row to its word.
fn exactly_one(table: &'static str, changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Changed { table, changed }) }
}

#[cfg(test)]
mod tests;
