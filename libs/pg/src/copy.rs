//! Bulk writes: binary COPY, streamed, in bounded memory.
//!
//! Diesel's connection hides its client, so COPY cannot join a Diesel transaction: it has a connection of its own
//! and is one atomic statement. Write under a state nobody reads, then flip that state in a transaction.

use std::pin::Pin;
use std::time::Duration;

use futures::TryFutureExt;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls};

use crate::PgError;
use crate::config::describe;

/// How long one write may wait for the server to take bytes.
const ROW_DEADLINE: Duration = Duration::from_mins(1);
/// How long the server may take to store what it has: it writes all index entries and flushes.
const FINISH_DEADLINE: Duration = Duration::from_mins(10);
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// A COPY under way. Nothing is stored unless [`CopyIn::finish`] succeeds; dropping it aborts.
pub struct CopyIn {
    writer: Pin<Box<BinaryCopyInWriter>>,
    columns: usize,
    // Ends the session when dropped, after the writer has sent its CopyFail.
    _client: Client,
}

impl CopyIn {
    /// Starts `COPY table (columns…) FROM STDIN BINARY` on a connection of its own.
    ///
    /// `table` and the columns are plain lower-case identifiers; the types are those of the columns.
    pub async fn begin(url: &str, table: &str, columns: &[(&str, Type)]) -> Result<Self, PgError> {
        let statement = statement(table, columns)?;
        let types: Vec<Type> = columns.iter().map(|(_, kind)| kind.clone()).collect();
        let client = open(url).await?;
        let sink = client.copy_in(&statement);
        let sink = within(CONNECT_DEADLINE, sink.map_err(PgError::from)).await?;
        let writer = Box::pin(BinaryCopyInWriter::new(sink, &types));
        Ok(Self { writer, columns: columns.len(), _client: client })
    }

    /// Appends one row; waits when the server is slower than the caller.
    pub async fn row(&mut self, values: &[&(dyn ToSql + Sync)]) -> Result<(), PgError> {
        if values.len() != self.columns {
            return Err(PgError::RowWidth { values: values.len(), columns: self.columns });
        }
        within(ROW_DEADLINE, self.writer.as_mut().write(values).map_err(PgError::from)).await
    }

    /// Stores the rows and returns how many they are.
    ///
    /// After an error other than a refusal by the server, or when this future is dropped, it is unknown whether they
    /// were stored.
    pub async fn finish(mut self) -> Result<u64, PgError> {
        within(FINISH_DEADLINE, self.writer.as_mut().finish().map_err(PgError::from)).await
    }
}

async fn open(url: &str) -> Result<Client, PgError> {
    let unreachable = |source| PgError::Unreachable { address: describe(url), source };
    let (client, connection) = tokio::time::timeout(CONNECT_DEADLINE, tokio_postgres::connect(url, NoTls))
        .await
        .map_err(|elapsed| unreachable(elapsed.into()))?
        .map_err(|error| unreachable(error.into()))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "copy connection ended");
        }
    });
    Ok(client)
}

async fn within<T>(deadline: Duration, work: impl Future<Output = Result<T, PgError>>) -> Result<T, PgError> {
    tokio::time::timeout(deadline, work)
        .await
        .unwrap_or(Err(PgError::Stalled { seconds: deadline.as_secs() }))
}

fn statement(table: &str, columns: &[(&str, Type)]) -> Result<String, PgError> {
    let names = columns.iter().map(|(name, _)| identifier(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("COPY {} ({}) FROM STDIN BINARY", identifier(table)?, names.join(", ")))
}

/// The name in quotes, so that a column may be called like a keyword.
fn identifier(name: &str) -> Result<String, PgError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(PgError::Identifier(name.to_owned()));
    }
    Ok(format!("\"{name}\""))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::statement;

    #[test]
    fn names_are_quoted_and_anything_else_is_refused() {
        let columns = [("run_id", Type::UUID), ("order", Type::INT4)];
        let sql = statement("instruction", &columns).expect("plain names");
        assert_eq!(sql, r#"COPY "instruction" ("run_id", "order") FROM STDIN BINARY"#);
        assert!(statement("x; drop table y", &columns).is_err());
        assert!(statement("x", &[("a\"b", Type::INT4)]).is_err());
    }
}
