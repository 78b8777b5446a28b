//! Migrations under concurrency, schema comparison, and the server's identity.

use diesel::sql_query;
use diesel_async::RunQueryDsl;
use futures::future::join_all;
use pg::testing::{Declared, assert_schema_matches, cluster};

use crate::{MIGRATIONS, ledger, open};

diesel::table! {
    entry (id) {
        id -> BigInt,
        units -> Numeric,
        note -> Nullable<Text>,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_starts_at_once_apply_each_migration_once() {
    ledger().await;
    // A database of its own, because `ledger` is the template of the other tests.
    let empty = cluster().await.provision("ledger-eight").await.expect("a database");
    let mut owner = open(&empty.owner_url).await;
    sql_query("SELECT 1").execute(&mut owner).await.expect("the owner may connect");
    let starts = (0..8).map(|_| pg::migrate(&empty.owner_url, MIGRATIONS));
    let applied: Vec<String> =
        join_all(starts).await.into_iter().flat_map(|names| names.expect("migrated")).collect();
    assert_eq!(applied.len(), 2, "{applied:?}");
    assert!(pg::migrate(&empty.owner_url, MIGRATIONS).await.expect("migrated").is_empty());
}

#[tokio::test]
async fn a_migration_that_fails_is_named() {
    let config = cluster().await.provision("ledger-closed").await.expect("a database");
    // The runtime role may create nothing.
    let error = pg::migrate(&config.url, MIGRATIONS).await.expect_err("refused");
    assert!(matches!(error, pg::PgError::Migration(_)), "{error}");
}

#[tokio::test]
async fn the_schema_comparison_sees_what_schema_rs_lacks_and_what_it_invents() {
    let url = ledger().await.url;
    let entry = Declared::table(entry::table);
    assert_eq!(entry, Declared::by_hand("entry", "id units note"));
    let tables = [entry.clone(), Declared::by_hand("work_done", "id"), Declared::installation()];
    assert_schema_matches(&mut open(&url).await, &tables).await;
    let [_, work_done, installation] = tables;
    let without_note = [Declared::by_hand("entry", "id units"), work_done, installation.clone()];
    let with_extra = [entry, Declared::by_hand("work_done", "id extra"), installation];
    for wrong in [without_note, with_extra] {
        let url = url.clone();
        let task = tokio::spawn(async move { assert_schema_matches(&mut open(&url).await, &wrong).await });
        assert!(task.await.is_err_and(|error| error.is_panic()));
    }
}

#[tokio::test]
async fn the_identity_is_the_same_for_every_database_of_a_cluster() {
    let (first, second) = (ledger().await, ledger().await);
    let one = pg::identity(&mut open(&first.url).await).await.expect("an identity");
    let other = pg::identity(&mut open(&second.url).await).await.expect("an identity");
    assert_eq!(one, other);
    assert_ne!(one.system_identifier, 0);
    assert_eq!(one.timeline, 1, "never promoted");
}

#[tokio::test]
async fn a_database_bound_to_one_network_refuses_another() {
    let mut conn = open(&ledger().await.url).await;
    pg::installation::bind(&mut conn, "testnet").await.expect("first start");
    pg::installation::bind(&mut conn, "testnet").await.expect("second start");
    let error = pg::installation::bind(&mut conn, "mainnet").await.expect_err("another network");
    assert!(error.to_string().contains("testnet"), "{error}");
}
