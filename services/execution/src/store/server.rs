//! The database server itself.

use std::time::SystemTime;

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use pg::Prepare as _;

use crate::store::{At, StoreError};

/// What the server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its clock.
    pub now: SystemTime,
    /// It takes no writes.
    pub read_only: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Timestamptz)]
    now: At,
    #[diesel(sql_type = Bool)]
    read_only: bool,
}

/// Asks it.
pub async fn look(conn: &mut AsyncPgConnection) -> Result<Server, StoreError> {
    const SQL: &str = "SELECT clock_timestamp() AS now, pg_is_in_recovery() AS read_only";
    let row: Row = diesel::sql_query(SQL).prepared().get_result(conn).await?;
    Ok(Server { now: row.now.0, read_only: row.read_only })
}
