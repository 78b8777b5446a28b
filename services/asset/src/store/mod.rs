//! Rows and queries. SQL lives here and nowhere else.

pub(crate) mod assets;
pub(crate) mod pauses;
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
    use diesel::pg::Pg;
    use diesel::query_builder::QueryFragment;
    use diesel::{QueryDsl as _, debug_query};
    use diesel_async::{AsyncConnection as _, AsyncPgConnection};
    use pg::testing::{TestDb, assert_schema_matches};

    use super::MIGRATIONS;
    use super::schema::{asset, installation, payment_token, token_facts};

    /// The columns that a query of everything names.
    fn columns(query: &impl QueryFragment<Pg>) -> Vec<String> {
        let sql = debug_query::<Pg, _>(query).to_string();
        let list = sql.split(" FROM ").next().unwrap_or_default().to_owned();
        list.split('"').skip(3).step_by(4).map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn the_schema_file_says_what_the_migrations_made() {
        let db = TestDb::create("asset", MIGRATIONS).await;
        let mut conn = AsyncPgConnection::establish(&db.owner_url).await.expect("the owner may connect");
        macro_rules! tables {
            ($($table:ident),*) => {
                [$((stringify!($table), columns(&$table::table.select($table::all_columns)))),*]
            };
        }
        let tables = tables!(asset, installation, payment_token, token_facts);
        let tables = tables
            .each_ref()
            .map(|(name, columns)| (*name, columns.iter().map(String::as_str).collect::<Vec<_>>()));
        let tables = tables.each_ref().map(|(name, columns)| (*name, columns.as_slice()));
        assert_schema_matches(&mut conn, &tables).await;
    }
}
