//! The bare loop: rows by COPY, then two commits a batch, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pg::embedded::Cluster;
use pg::{CopyIn, Numeric128};
use tokio::task::JoinSet;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

use super::{BATCH_SIZE, WORKERS};
use crate::error::CommandError;

const TABLES: &str = "DROP TABLE IF EXISTS payee, batch, result;
    CREATE TABLE payee (run uuid, ordinal integer, account bigint, units numeric(39,0), PRIMARY KEY (run, ordinal));
    CREATE TABLE batch (number integer PRIMARY KEY, state integer NOT NULL, paid integer NOT NULL);
    CREATE TABLE result (run uuid, ordinal integer, status smallint, PRIMARY KEY (run, ordinal))";
/// By which the payees of a table that people look things up in are found: of one account, of one in a run, by amount.
const THREE_MORE: &str = "CREATE INDEX ON payee (account); CREATE INDEX ON payee (run, account); \
    CREATE INDEX ON payee (run, units)";
const INTEND: &str = "UPDATE batch SET state = 1 WHERE number = $1";
const RESULTS: &str =
    "INSERT INTO result SELECT $1, ordinal, 1 FROM generate_series($2::integer, $3::integer) AS ordinal";
const DONE: &str = "UPDATE batch SET state = 2, paid = $2 WHERE number = $1";

/// What is kept up beside the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indexes {
    /// The primary key of each table.
    PrimaryKeys,
    /// And three more on the payees.
    ThreeMore,
}

/// How long the database alone takes for `payees` rows in and their results.
pub(super) async fn measure(
    cluster: &Cluster,
    payees: u32,
    indexes: Indexes,
) -> Result<Duration, CommandError> {
    let config =
        cluster.provision("bench").await.map_err(|error| CommandError::Unexpected(error.to_string()))?;
    let url = config.owner_url;
    let client = connect(&url).await?;
    client.batch_execute(TABLES).await.map_err(failed)?;
    if indexes == Indexes::ThreeMore {
        client.batch_execute(THREE_MORE).await.map_err(failed)?;
    }
    let batches = payees.div_ceil(BATCH_SIZE);
    let began = Instant::now();
    copy(&url, payees).await.map_err(|error| CommandError::Unexpected(error.to_string()))?;
    let all =
        format!("INSERT INTO batch SELECT number, 0, 0 FROM generate_series(0, {batches} - 1) AS number");
    client.batch_execute(&all).await.map_err(failed)?;
    let next = Arc::new(AtomicU32::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let worker = connect(&url).await?;
        workers.spawn(work(worker, Arc::clone(&next), payees));
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|error| CommandError::Unexpected(error.to_string()))??;
    }
    Ok(began.elapsed())
}

async fn copy(url: &str, payees: u32) -> Result<(), pg::PgError> {
    let columns =
        [("run", Type::UUID), ("ordinal", Type::INT4), ("account", Type::INT8), ("units", Type::NUMERIC)];
    let mut copy = CopyIn::begin(url, "payee", &columns).await?;
    let run = ids::Uuid::nil();
    for ordinal in 0..payees {
        // In no order, as amounts are.
        let units = u128::from(ordinal) * 7_919 % 1_000_003 + 1;
        copy.row(&[&run, &ordinal.cast_signed(), &i64::from(ordinal), &Numeric128(units)]).await?;
    }
    copy.finish().await?;
    Ok(())
}

async fn work(mut client: Client, next: Arc<AtomicU32>, payees: u32) -> Result<(), CommandError> {
    let intend = client.prepare(INTEND).await.map_err(failed)?;
    let results = client.prepare(RESULTS).await.map_err(failed)?;
    let done = client.prepare(DONE).await.map_err(failed)?;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let first = number * BATCH_SIZE;
        if first >= payees {
            return Ok(());
        }
        let last = (first + BATCH_SIZE).min(payees) - 1;
        let number = number.cast_signed();
        client.execute(&intend, &[&number]).await.map_err(failed)?;
        let transaction = client.transaction().await.map_err(failed)?;
        let run = ids::Uuid::nil();
        transaction
            .execute(&results, &[&run, &first.cast_signed(), &last.cast_signed()])
            .await
            .map_err(failed)?;
        transaction.execute(&done, &[&number, &(last - first + 1).cast_signed()]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
}

async fn connect(url: &str) -> Result<Client, CommandError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(failed)?;
    tokio::spawn(connection);
    Ok(client)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` takes")]
fn failed(error: tokio_postgres::Error) -> CommandError {
    CommandError::Unexpected(format!("the bare loop: {error}"))
}
