//! What can go wrong between a service and its database, without transport codes.

use diesel_async::pooled_connection::bb8::RunError;

/// A database operation of this crate failed. No variant carries a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PgError {
    /// No connection could be made; the address is `role@host/database`.
    #[error("cannot connect to the database {address}")]
    Unreachable {
        /// The address without its password.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The pool had no connection to give within its deadline, or could not make one.
    #[error("no database connection available")]
    Pool(#[from] RunError),
    /// A statement failed.
    #[error("database statement failed")]
    Query(#[from] diesel::result::Error),
    /// A statement of the COPY driver failed.
    #[error("database copy failed")]
    Copy(#[from] tokio_postgres::Error),
    /// The server took no bytes for too long. Whether a finished COPY was stored is unknown.
    #[error("the database did not answer within {seconds} s")]
    Stalled {
        /// The deadline that passed.
        seconds: u64,
    },
    /// A table or column name for COPY is not a plain identifier.
    #[error("{0:?} is not a plain SQL identifier")]
    Identifier(String),
    /// A row for COPY has another number of values than there are columns.
    #[error("a row has {values} values for {columns} columns")]
    RowWidth {
        /// Values given.
        values: usize,
        /// Columns declared.
        columns: usize,
    },
    /// A migration failed; the text names it.
    #[error("database migration failed: {0}")]
    Migration(String),
    /// The server's identity cannot be read, for one because it is a standby.
    #[error("the database server's identity is unreadable: {0}")]
    Identity(String),
}

impl PgError {
    /// The five-character SQLSTATE of a failed COPY, such as `23505` for a duplicate key.
    pub fn sqlstate(&self) -> Option<&str> {
        let Self::Copy(error) = self else { return None };
        error.code().map(tokio_postgres::error::SqlState::code)
    }
}
