//! Rows and queries. SQL lives here and nowhere else.

pub(crate) mod accounts;
pub(crate) mod history;
pub(crate) mod holders;
pub(crate) mod jobs;
pub(crate) mod readings;
pub(crate) mod schema;
pub(crate) mod snapshots;
pub(crate) mod syncs;
pub(crate) mod tracked_assets;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use pg::exactly_one;

pub(crate) use pg::{Inconsistent, StoreError};

/// The tables of this service, one step after another.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// How a statement over many rows is to be planned.
///
/// Balances are written and used at once, before the planner has statistics of them; its guesses are then off by a thousand
/// times and a wrong join costs hours. These statements have one right plan each, so they say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Walks an index in its order and looks the rest up row by row, until the limit.
    WalkIndex,
    /// Joins whole sets, by hashing or merging.
    JoinSets,
}

impl Plan {
    /// Plans the following statements so, to the end of the transaction.
    pub(crate) async fn apply(self, conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
        let settings = match self {
            Self::WalkIndex => {
                "SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
                 SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off"
            }
            Self::JoinSets => "SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'",
        };
        Ok(conn.batch_execute(settings).await?)
    }
}

/// A count or an account number from its column, where the database keeps it from being negative.
fn unsigned(column: i64) -> u64 {
    column.max(0).unsigned_abs()
}

/// A count or an account number as a column. Numbers on the network are at most `i64::MAX`.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use diesel_async::{AsyncConnection as _, AsyncPgConnection};
    use pg::testing::{Declared, TestDb, assert_schema_matches};

    use super::MIGRATIONS;
    use super::schema::{
        account, balance_history, holder, job, reading, snapshot, snapshot_balance, staged_balance, sync,
        tracked_asset,
    };

    #[tokio::test]
    async fn the_schema_file_says_what_the_migrations_made() {
        let db = TestDb::create("holder-sync", MIGRATIONS).await;
        let mut conn = AsyncPgConnection::establish(&db.owner_url).await.expect("the owner may connect");
        let tables = [
            Declared::installation(),
            Declared::table(account::table),
            Declared::table(balance_history::table),
            Declared::table(holder::table),
            Declared::table(job::table),
            Declared::table(reading::table),
            Declared::table(snapshot::table),
            Declared::table(snapshot_balance::table),
            Declared::table(staged_balance::table),
            Declared::table(sync::table),
            Declared::table(tracked_asset::table),
        ];
        assert_schema_matches(&mut conn, &tables).await;
    }
}
