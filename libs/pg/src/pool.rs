//! The runtime pool of one service.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
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

/// Waits are bounded on the server, where a bound cannot cut a COMMIT short; a statement timeout could. Nothing we ask
/// takes so long that compiling it first would pay.
const SESSION_SETTINGS: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; \
    SET TIME ZONE 'UTC'; SET jit = off";

const LOOKUP_SETTINGS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET enable_material = off; SET enable_sort = off; SET plan_cache_mode = force_generic_plan";

/// How PostgreSQL plans what a pool asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planner {
    /// By its statistics.
    Statistics,
    /// By indexes, row by row and in their order, whatever the statistics say. For a service that asks its growing
    /// tables by key: a statement is prepared while they are still empty, when reading all of a table is cheapest, and
    /// that plan would be kept while they grow. One plan a connection: none is made for the parameters of a call, which
    /// cannot change it. A statement that joins whole sets says so: [`join_sets`].
    Lookups,
}

/// Lets the statements of this transaction join whole sets by hashing or merging, as their parameters make it best, whatever
/// the pool's planner.
pub async fn join_sets(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    conn.batch_execute(
        "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_sort = on; \
         SET LOCAL plan_cache_mode = auto",
    )
    .await
}

/// Ends what [`join_sets`] began, in a transaction that goes on with statements which are prepared and keep their plan, in a
/// pool of [`Planner::Lookups`].
pub async fn look_up(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    conn.batch_execute(
        "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off; \
         SET LOCAL plan_cache_mode = force_generic_plan",
    )
    .await
}

/// Whether a statement gave up waiting for a lock. Diesel keeps no SQLSTATE, only the server's own words.
pub fn is_lock_timeout(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, info) if info.message().contains("lock timeout"))
}

/// Opens the runtime pool and proves that the database answers.
///
/// Each connection waits at most 10 s for a lock and is ended by the server after 60 s idle inside a transaction.
pub async fn connect(config: &DbConfig, planner: Planner) -> Result<Pool, PgError> {
    let manager = AsyncDieselConnectionManager::new_with_config(config.url.clone(), manager_config(planner));
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

fn manager_config(planner: Planner) -> ManagerConfig<AsyncPgConnection> {
    let settings = match planner {
        Planner::Statistics => SESSION_SETTINGS.to_owned(),
        Planner::Lookups => format!("{SESSION_SETTINGS}; {LOOKUP_SETTINGS}"),
    };
    let settings: Arc<str> = settings.into();
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(move |url| establish(url, Arc::clone(&settings)).boxed());
    // A look at the local state instead of a `SELECT 1` round trip before each use; a connection closed by the
    // server, or dropped inside a transaction, is not lent again.
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn: &mut AsyncPgConnection| {
        let broken = conn.is_broken();
        async move { if broken { Err(closed()) } else { Ok(()) } }.boxed()
    }));
    config
}

async fn establish(url: &str, settings: Arc<str>) -> Result<AsyncPgConnection, ConnectionError> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    conn.batch_execute(&settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn closed() -> DieselError {
    let message: Box<dyn diesel::result::DatabaseErrorInformation + Send + Sync> =
        Box::new("the connection was closed".to_owned());
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, message)
}
