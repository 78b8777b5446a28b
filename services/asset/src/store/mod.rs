//! Rows and queries. SQL lives here and nowhere else.

pub(crate) mod assets;
pub(crate) mod payment_tokens;
pub(crate) mod schema;
mod time;

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

#[cfg(test)]
mod tests {
    use diesel_async::{AsyncConnection as _, AsyncPgConnection};
    use pg::testing::{Declared, TestDb, assert_schema_matches};

    use super::MIGRATIONS;
    use super::schema::{asset, payment_token, token_facts};

    #[tokio::test]
    async fn the_schema_file_says_what_the_migrations_made() {
        let db = TestDb::create("asset", MIGRATIONS).await;
        let mut conn = AsyncPgConnection::establish(&db.owner_url).await.expect("the owner may connect");
        let tables = [
            Declared::table(asset::table),
            Declared::installation(),
            Declared::table(payment_token::table),
            Declared::table(token_facts::table),
        ];
        assert_schema_matches(&mut conn, &tables).await;
    }
}
