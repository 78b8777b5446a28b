//! The runtime pool of one service.

use std::time::Duration;

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod, bb8,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::FutureExt;

use crate::config::describe;
use crate::{DbConfig, PgError};

/// The pool every store works with.
pub type Pool = bb8::Pool<AsyncPgConnection>;
/// A connection lent by a [`Pool`].
pub type Conn<'a> = bb8::PooledConnection<'a, AsyncPgConnection>;

/// How long a caller waits for a free connection.
const ACQUIRE_DEADLINE: Duration = Duration::from_secs(5);

/// Waits are bounded on the server, where a bound cannot cut a COMMIT short; a statement timeout could.
const SESSION_SETTINGS: &str =
    "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET TIME ZONE 'UTC'";

/// Opens the runtime pool and proves that the database answers.
///
/// Each connection waits at most 10 s for a lock and is ended by the server after 60 s idle inside a transaction.
pub async fn connect(config: &DbConfig) -> Result<Pool, PgError> {
    let manager = AsyncDieselConnectionManager::new_with_config(config.url.clone(), manager_config());
    let pool = Pool::builder()
        .max_size(config.max_connections)
        .connection_timeout(ACQUIRE_DEADLINE)
        // A refused connection is reported with its cause at once instead of as a timeout.
        .retry_connection(false)
        .build(manager)
        .await
        .map_err(|error| unreachable(config, error))?;
    drop(pool.get().await.map_err(|error| unreachable(config, error))?);
    Ok(pool)
}

fn unreachable(config: &DbConfig, error: impl std::error::Error + Send + Sync + 'static) -> PgError {
    PgError::Unreachable { address: describe(&config.url), source: Box::new(error) }
}

fn manager_config() -> ManagerConfig<AsyncPgConnection> {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|url| establish(url).boxed());
    // A look at the local state instead of a `SELECT 1` round trip before each use; a connection closed by the
    // server, or dropped inside a transaction, is not lent again.
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn: &mut AsyncPgConnection| {
        let broken = conn.is_broken();
        async move { if broken { Err(closed()) } else { Ok(()) } }.boxed()
    }));
    config
}

async fn establish(url: &str) -> Result<AsyncPgConnection, ConnectionError> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    conn.batch_execute(SESSION_SETTINGS).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn closed() -> DieselError {
    let message: Box<dyn diesel::result::DatabaseErrorInformation + Send + Sync> =
        Box::new("the connection was closed".to_owned());
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, message)
}
