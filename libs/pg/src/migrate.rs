//! Migrations at start, once, however many processes start together.

use std::time::Duration;

use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::PgError;
use crate::config::describe;

/// Session advisory lock of migrations; the number means nothing, it only must not be used for anything else.
const MIGRATION_LOCK: i64 = 0x6275_7273_6172;

/// How long to wait for the server at start.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// Applies the migrations that are missing and returns their names in order.
///
/// `owner_url` is the role that owns the tables. Diesel's harness takes no lock, so a session advisory lock makes
/// concurrent starts wait for each other (at most 120 s, as does each lock a migration needs). The lock ends with
/// its session, so a process that dies holding it blocks nobody.
pub async fn migrate(owner_url: &str, migrations: EmbeddedMigrations) -> Result<Vec<String>, PgError> {
    let unreachable = |source| PgError::Unreachable { address: describe(owner_url), source };
    let mut conn = tokio::time::timeout(CONNECT_DEADLINE, AsyncPgConnection::establish(owner_url))
        .await
        .map_err(|elapsed| unreachable(elapsed.into()))?
        .map_err(|error| unreachable(error.into()))?;
    let lock = format!("SET lock_timeout = '120s'; SELECT pg_advisory_lock({MIGRATION_LOCK})");
    conn.batch_execute(&lock).await?;
    // The harness is synchronous: it must not hold a worker thread, nor demand a multi-thread runtime.
    let (names, mut conn) = tokio::task::spawn_blocking(move || run(conn, migrations))
        .await
        .map_err(|error| PgError::Migration(error.to_string()))??;
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await?;
    if !names.is_empty() {
        tracing::info!(database = %describe(owner_url), migrations = ?names, "migrated");
    }
    Ok(names)
}

fn run(
    conn: AsyncPgConnection,
    migrations: EmbeddedMigrations,
) -> Result<(Vec<String>, AsyncPgConnection), PgError> {
    let mut harness: AsyncConnectionWrapper<AsyncPgConnection> = AsyncConnectionWrapper::from(conn);
    let versions =
        harness.run_pending_migrations(migrations).map_err(|error| PgError::Migration(error.to_string()))?;
    let names = versions.iter().map(ToString::to_string).collect();
    Ok((names, harness.into_inner()))
}
