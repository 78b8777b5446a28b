//! Bulk writes.

use diesel::dsl::count_star;
use diesel::{QueryDsl, table};
use diesel_async::RunQueryDsl;
use pg::{CopyIn, Numeric128, PgError};
use tokio_postgres::types::Type;

use crate::{ledger, open};

table! {
    entry (id) {
        id -> BigInt,
        units -> Numeric,
    }
}

const COLUMNS: [(&str, Type); 3] = [("id", Type::INT8), ("units", Type::NUMERIC), ("note", Type::TEXT)];

async fn stored(url: &str) -> Vec<(i64, Numeric128)> {
    entry::table.order(entry::id).load(&mut open(url).await).await.expect("readable")
}

#[tokio::test]
async fn fifty_thousand_rows_arrive_exactly() {
    let url = ledger().await.url;
    let mut copy = CopyIn::begin(&url, "entry", &COLUMNS).await.expect("begun");
    for id in 0..50_000_i64 {
        let units = u128::MAX / u128::from(id.unsigned_abs() + 1);
        let note: Option<&str> = (id % 2 == 0).then_some("even");
        copy.row(&[&id, &Numeric128(units), &note]).await.expect("taken");
    }
    assert_eq!(copy.finish().await.expect("stored"), 50_000);
    let rows = stored(&url).await;
    assert_eq!(rows.len(), 50_000);
    assert_eq!(rows[0], (0, Numeric128(u128::MAX)));
    assert_eq!(rows[49_999], (49_999, Numeric128(u128::MAX / 50_000)));
}

#[tokio::test]
async fn a_dropped_copy_leaves_nothing() {
    let url = ledger().await.url;
    let mut copy = CopyIn::begin(&url, "entry", &COLUMNS).await.expect("begun");
    for id in 0..5_000_i64 {
        copy.row(&[&id, &Numeric128(1), &None::<&str>]).await.expect("taken");
    }
    drop(copy);
    // The same keys again: were anything of the first copy stored, or still locked, this would fail.
    let mut copy = CopyIn::begin(&url, "entry", &COLUMNS).await.expect("begun");
    copy.row(&[&0_i64, &Numeric128(2), &None::<&str>]).await.expect("taken");
    assert_eq!(copy.finish().await.expect("stored"), 1);
    let count: i64 = entry::table.select(count_star()).first(&mut open(&url).await).await.expect("readable");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_duplicate_key_stores_nothing_and_says_so() {
    let url = ledger().await.url;
    let mut copy = CopyIn::begin(&url, "entry", &COLUMNS).await.expect("begun");
    for _ in 0..2 {
        copy.row(&[&7_i64, &Numeric128(1), &None::<&str>]).await.expect("taken");
    }
    let error = copy.finish().await.expect_err("refused");
    assert_eq!(error.sqlstate(), Some("23505"), "{error:?}");
    assert!(stored(&url).await.is_empty());
}

#[tokio::test]
async fn a_row_of_another_width_is_refused_before_it_is_sent() {
    let url = ledger().await.url;
    let mut copy = CopyIn::begin(&url, "entry", &COLUMNS).await.expect("begun");
    let error = copy.row(&[&1_i64]).await.expect_err("too few");
    assert!(matches!(error, PgError::RowWidth { values: 1, columns: 3 }), "{error}");
    copy.row(&[&1_i64, &Numeric128(1), &None::<&str>]).await.expect("the copy goes on");
    assert_eq!(copy.finish().await.expect("stored"), 1);
}
