//! Rows and queries. SQL lives here and nowhere else.

pub(crate) mod accepted;
pub(crate) mod amendments;
mod amount_terms;
pub(crate) mod approvals;
mod calculation_rows;
pub(crate) mod calculations;
pub(crate) mod carries;
pub(crate) mod distributions;
pub(crate) mod entitlements;
pub(crate) mod held_payees;
pub(crate) mod ingest_files;
pub(crate) mod ingest_lines;
pub(crate) mod leases;
pub(crate) mod listed_payees;
pub(crate) mod occurrences;
pub(crate) mod outlook;
pub(crate) mod policies;
pub(crate) mod redemptions;
mod rows;
mod schedule_rows;
pub(crate) mod schedules;
pub(crate) mod schema;
mod state_rows;
pub(crate) mod states;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use pg::exactly_one;

pub(crate) use pg::Inconsistent;

/// The tables of this service, one step after another.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement or a row.
    #[error(transparent)]
    Rows(#[from] pg::StoreError),
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

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Rows(error.into())
    }
}

impl From<Inconsistent> for StoreError {
    fn from(error: Inconsistent) -> Self {
        Self::Rows(error.into())
    }
}

/// It waits for approval, and nothing says of what.
pub(crate) fn inconsistent_request(id: ids::DistributionId) -> Inconsistent {
    Inconsistent { table: "approval_request", row: id.to_string(), column: "number" }
}

#[cfg(test)]
mod tests;
