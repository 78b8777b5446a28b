//! Which database server this is: what tells a restored or failed-over one from the one that made our promises.

use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::PgError;

/// The identity of a `PostgreSQL` cluster's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterIdentity {
    /// Minted by `initdb`; survives promotion, and is copied by a physical restore.
    pub system_identifier: i64,
    /// Rises at each promotion and point-in-time recovery.
    pub timeline: u32,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    system_identifier: i64,
    #[diesel(sql_type = Text)]
    wal_file: String,
}

/// Reads the identity of the server behind `conn`, which must be the primary.
///
/// The timeline is taken from the current WAL file's name: `pg_control_checkpoint()` shows a promotion one or two
/// seconds late.
pub async fn identity(conn: &mut AsyncPgConnection) -> Result<ClusterIdentity, PgError> {
    let row: Row = sql_query(
        "SELECT system_identifier, pg_walfile_name(pg_current_wal_lsn()) AS wal_file FROM pg_control_system()",
    )
    .get_result(conn)
    .await?;
    let timeline = row.wal_file.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let timeline = timeline.ok_or_else(|| PgError::Identity(format!("WAL file {:?}", row.wal_file)))?;
    Ok(ClusterIdentity { system_identifier: row.system_identifier, timeline })
}
