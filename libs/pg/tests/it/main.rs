//! This crate on a real `PostgreSQL`.

mod copy;
mod embedded;
mod idempotency;
mod migrate;
mod numeric;
mod roles;

use diesel_async::{AsyncConnection, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use pg::DbConfig;
use pg::testing::TestDb;

/// The tables of an imaginary service `ledger`.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");

async fn ledger() -> DbConfig {
    TestDb::create("ledger", MIGRATIONS).await
}

async fn open(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.expect("a connection")
}
