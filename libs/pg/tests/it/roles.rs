//! Who may connect where, and how the pool behaves.

use diesel::sql_query;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use pg::testing::cluster;
use pg::{DbConfig, PgError, Planner};

use crate::{ledger, open};

/// `url` with the database's name replaced.
fn with_database(url: &str, database: &str) -> String {
    let (head, tail) = url.split_once("@/").expect("an embedded URL");
    let (_, parameters) = tail.split_once('?').expect("parameters");
    format!("{head}@/{database}?{parameters}")
}

#[tokio::test]
async fn a_service_can_connect_to_its_own_database_alone() {
    let cluster = cluster().await;
    let first = cluster.provision("role-first").await.expect("a database");
    cluster.provision("role-second").await.expect("a database");
    for url in [&first.url, &first.owner_url] {
        open(url).await;
        for foreign in ["bursar_role_second", "postgres", "template1"] {
            let refused = AsyncPgConnection::establish(&with_database(url, foreign)).await;
            let error = refused.err().unwrap_or_else(|| panic!("connected to {foreign}"));
            assert!(error.to_string().contains("permission denied"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_copy_of_a_database_stays_closed_to_others() {
    let copy = ledger().await;
    let stranger = cluster().await.provision("role-stranger").await.expect("a database");
    let tokio_postgres_config: tokio_postgres::Config = copy.url.parse().expect("a URL");
    let name = tokio_postgres_config.get_dbname().expect("a name").to_owned();
    assert!(AsyncPgConnection::establish(&with_database(&stranger.url, &name)).await.is_err());
}

#[tokio::test]
async fn provisioning_again_keeps_passwords_and_data() {
    let cluster = cluster().await;
    let first = cluster.provision("role-again").await.expect("a database");
    open(&first.owner_url).await.batch_execute("CREATE TABLE kept (id int)").await.expect("a table");
    let again = cluster.provision("role-again").await.expect("the same database");
    assert_eq!(first, again);
    sql_query("SELECT * FROM kept").execute(&mut open(&again.owner_url).await).await.expect("still there");
}

#[tokio::test]
async fn the_runtime_role_cannot_change_the_schema_or_delete() {
    let mut conn = open(&ledger().await.url).await;
    for forbidden in ["CREATE TABLE mine (id int)", "DELETE FROM entry", "ALTER TABLE entry ADD x int"] {
        assert!(conn.batch_execute(forbidden).await.is_err(), "{forbidden}");
    }
}

#[tokio::test]
async fn names_that_need_quoting_are_refused() {
    let cluster = cluster().await;
    assert!(cluster.provision("a; DROP ROLE x").await.is_err());
    assert!(cluster.clone_database("ledger", None, "A").await.is_err());
}

#[tokio::test]
async fn a_wrong_password_is_reported_at_once_and_without_the_password() {
    let config = ledger().await;
    let (_, rest) = config.url.split_once('@').expect("a URL");
    let wrong = DbConfig::new(format!("postgres://bursar_ledger_app:wr0ng@{rest}"), config.owner_url);
    let error = pg::connect(&wrong, Planner::Statistics).await.expect_err("refused");
    assert!(matches!(error, PgError::Unreachable { .. }));
    assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
}

#[tokio::test]
async fn a_connection_the_server_closed_is_not_lent_again() {
    let config = DbConfig { max_connections: 1, ..ledger().await };
    let pool = pg::connect(&config, Planner::Statistics).await.expect("a pool");
    let end = "SELECT pg_terminate_backend(pg_backend_pid())";
    assert!(pool.get().await.expect("a connection").batch_execute(end).await.is_err());
    // The driver's task has to hear of it; a connection that breaks in the caller's hands still fails there.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let mut conn = pool.get().await.expect("another connection");
    conn.batch_execute("SELECT 1").await.expect("a live one");
}

#[tokio::test]
async fn a_transaction_dropped_half_way_is_rolled_back_and_its_connection_discarded() {
    let config = DbConfig { max_connections: 1, ..ledger().await };
    let pool = pg::connect(&config, Planner::Statistics).await.expect("a pool");
    let mut conn = pool.get().await.expect("a connection");
    let work = pg::transaction::<(), diesel::result::Error, _>(&mut conn, async |conn| {
        conn.batch_execute("INSERT INTO entry VALUES (1, 1)").await?;
        std::future::pending().await
    });
    let deadline = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(deadline, work).await.is_err());
    drop(conn);
    let mut conn = pool.get().await.expect("a fresh connection");
    let left = sql_query("SELECT id FROM entry").execute(&mut conn).await.expect("readable");
    assert_eq!(left, 0);
}
