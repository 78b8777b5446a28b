//! Which network a database belongs to: money of one network must never be moved by the data of another.
//!
//! Each service that deals with a network creates this table in its first migration:
//!
//! ```sql
//! CREATE TABLE installation (
//!     singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
//!     network   text    NOT NULL
//! );
//! GRANT SELECT, INSERT ON installation TO bursar_SERVICE_app;
//! ```

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use diesel_migrations::EmbeddedMigrations;

use crate::schema::installation;
use crate::{DbConfig, PgError, Planner, Pool};

/// Why a service must not start on a database.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The data belongs to another network.
    #[error("this data belongs to the network {stored}, and the service is configured for {configured}")]
    NetworkMismatch {
        /// The network the data was made for.
        stored: String,
        /// The network configured now.
        configured: String,
    },
    /// The database cannot be migrated or reached.
    #[error(transparent)]
    Database(#[from] PgError),
    /// The table could not be read or written.
    #[error("installation statement failed")]
    Query(#[from] diesel::result::Error),
}

/// Migrates a service's database, opens its runtime pool and [binds](bind) it to `network`.
pub async fn open(
    config: &DbConfig,
    planner: Planner,
    migrations: EmbeddedMigrations,
    network: &str,
) -> Result<Pool, InstallationError> {
    crate::migrate(&config.owner_url, migrations).await?;
    let pool = crate::connect(config, planner).await?;
    bind(&mut *pool.get().await.map_err(PgError::from)?, network).await?;
    Ok(pool)
}

/// Binds the database to `network` at the first start; at every later one, refuses any other network.
pub async fn bind(conn: &mut AsyncPgConnection, network: &str) -> Result<(), InstallationError> {
    diesel::insert_into(installation::table)
        .values(installation::network.eq(network))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let stored: String = installation::table.select(installation::network).first(conn).await?;
    if stored == network {
        return Ok(());
    }
    Err(InstallationError::NetworkMismatch { stored, configured: network.to_owned() })
}
