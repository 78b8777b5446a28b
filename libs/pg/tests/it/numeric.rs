//! The codec against `PostgreSQL`'s own reading and writing, through both drivers.

use diesel::sql_types::{Numeric, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use pg::Numeric128;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use tokio_postgres::NoTls;

use crate::{ledger, open};

/// Every power of ten and its neighbours, the edges, and random values of every size.
fn values() -> Vec<u128> {
    let powers = (0..=38).map(|exponent| 10_u128.pow(exponent));
    let mut values: Vec<u128> = powers.flat_map(|power| [power - 1, power, power + 1]).collect();
    values.extend([0, u128::MAX, u128::MAX - 1, u128::from(u64::MAX), 1 << 127]);
    let mut runner = TestRunner::default();
    let sized = (proptest::num::u128::ANY, 0_u32..128).prop_map(|(value, shift)| value >> shift);
    let random = (0..300).map(|_| sized.new_tree(&mut runner).expect("a value").current());
    values.extend(random);
    values
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Numeric)]
    value: Numeric128,
    #[diesel(sql_type = Text)]
    text: String,
}

#[tokio::test]
async fn diesel_writes_and_reads_what_postgresql_prints() {
    let mut conn = open(&ledger().await.url).await;
    for value in values() {
        let query = sql_query("SELECT $1::numeric(39,0) AS value, ($1::numeric(39,0))::text AS text");
        let row: Row =
            query.bind::<Numeric, _>(Numeric128(value)).get_result(&mut conn).await.expect("a row");
        assert_eq!(row.text, value.to_string(), "written");
        assert_eq!(row.value, Numeric128(value), "read");
    }
}

#[tokio::test]
async fn tokio_postgres_writes_and_reads_what_postgresql_prints() {
    let (client, connection) =
        tokio_postgres::connect(&ledger().await.url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let sql = "SELECT $1::numeric(39,0), ($1::numeric(39,0))::text, ($2::text)::numeric(39,0)";
    let statement = client.prepare(sql).await.expect("a statement");
    for value in values() {
        let text = value.to_string();
        let row = client.query_one(&statement, &[&Numeric128(value), &text]).await.expect("a row");
        assert_eq!(row.get::<_, Numeric128>(0), Numeric128(value), "echoed");
        assert_eq!(row.get::<_, String>(1), text, "written");
        assert_eq!(row.get::<_, Numeric128>(2), Numeric128(value), "read from text");
    }
}

#[tokio::test]
async fn numbers_that_are_no_amounts_are_refused_when_read() {
    let (client, connection) =
        tokio_postgres::connect(&ledger().await.url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let above = "340282366920938463463374607431768211456";
    for text in ["-1", "0.5", "12.000001", above, "1e60", "NaN", "Infinity", "-Infinity"] {
        let row = client.query_one("SELECT ($1::text)::numeric", &[&text]).await.expect("a row");
        assert!(row.try_get::<_, Numeric128>(0).is_err(), "{text}");
    }
    for (text, value) in [("7.00", 7), ("10000.0", 10_000), ("0.00", 0)] {
        let row = client.query_one("SELECT ($1::text)::numeric", &[&text]).await.expect("a row");
        assert_eq!(row.get::<_, Numeric128>(0), Numeric128(value), "{text}");
    }
}
