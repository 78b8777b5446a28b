//! The audit log's tables. Append-only: there is nothing here but inserts.

mod audit;
mod schema;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

pub(crate) use audit::insert;

/// What makes the gateway's tables.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;
    use super::schema::{audit_attempt, audit_outcome};
    use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
    use pg::testing::{Declared, TestDb, assert_schema_matches};

    #[tokio::test(flavor = "multi_thread")]
    async fn the_schema_is_that_of_the_migrations() {
        let db = TestDb::create("gateway", MIGRATIONS).await;
        let mut conn = AsyncPgConnection::establish(&db.owner_url).await.expect("the owner connects");
        let tables = [Declared::table(audit_attempt::table), Declared::table(audit_outcome::table)];
        assert_schema_matches(&mut conn, &tables).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_runtime_role_cannot_change_what_is_recorded() {
        let db = TestDb::create("gateway", MIGRATIONS).await;
        let mut conn = AsyncPgConnection::establish(&db.url).await.expect("the runtime role connects");
        conn.batch_execute("SELECT count(*) FROM audit_attempt").await.expect("it can read");
        for table in ["audit_attempt", "audit_outcome"] {
            for statement in ["DELETE FROM", "TRUNCATE", "DROP TABLE"] {
                let forbidden = format!("{statement} {table}");
                assert!(conn.batch_execute(&forbidden).await.is_err(), "{forbidden}");
            }
            let forbidden = format!("UPDATE {table} SET occurred_ns = 0");
            assert!(conn.batch_execute(&forbidden).await.is_err(), "{forbidden}");
        }
    }
}
