//! Syncs.

use std::time::SystemTime;

use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable,
    QueryableByName, Selectable, SelectableHelper as _, sql_query,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, SyncId, Uuid};
use pg::time::{from_ns, to_ns};

use super::schema::sync;
use super::{Inconsistent, StoreError, exactly_one, signed, unsigned};
use crate::domain::{Sync, SyncProgress};

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = sync)]
struct Row {
    id: Uuid,
    asset_id: Uuid,
    state: String,
    created_ns: i64,
    ended_ns: Option<i64>,
    consensus_ns: Option<i64>,
    holder_count: Option<i64>,
    changed_count: Option<i64>,
    failure_reason: Option<String>,
}

impl TryFrom<Row> for Sync {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let id = SyncId::from_uuid(row.id);
        let wrong = |column| Inconsistent { table: "sync", row: id.to_string(), column };
        let progress = match row.state.as_str() {
            "PENDING" => SyncProgress::Pending,
            "RUNNING" => SyncProgress::Running,
            "SUCCEEDED" => SyncProgress::Succeeded {
                ended_at: row.ended_ns.map(from_ns).ok_or_else(|| wrong("ended_ns"))?,
                consensus_ns: row.consensus_ns.ok_or_else(|| wrong("consensus_ns"))?,
                holder_count: row.holder_count.map(unsigned).ok_or_else(|| wrong("holder_count"))?,
                changed_count: row.changed_count.map(unsigned).ok_or_else(|| wrong("changed_count"))?,
            },
            "FAILED" => SyncProgress::Failed {
                ended_at: row.ended_ns.map(from_ns).ok_or_else(|| wrong("ended_ns"))?,
                reason: row.failure_reason.ok_or_else(|| wrong("failure_reason"))?,
            },
            _ => return Err(wrong("state")),
        };
        let asset_id = AssetId::from_uuid(row.asset_id);
        Ok(Self { id, asset_id, created_at: from_ns(row.created_ns), progress })
    }
}

/// Inserts a pending sync unless the asset has one that has not ended; says whether it did.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: SyncId,
    asset: AssetId,
    at: SystemTime,
) -> Result<bool, StoreError> {
    let inserted = diesel::insert_into(sync::table)
        .values((
            sync::id.eq(id.as_uuid()),
            sync::asset_id.eq(asset.as_uuid()),
            sync::state.eq("PENDING"),
            sync::created_ns.eq(to_ns(at)),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

/// The asset's sync that has not ended.
pub(crate) async fn active(conn: &mut AsyncPgConnection, asset: AssetId) -> Result<Option<Sync>, StoreError> {
    let row = sync::table
        .filter(sync::asset_id.eq(asset.as_uuid()).and(sync::state.eq_any(["PENDING", "RUNNING"])))
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Sync::try_from).transpose()?)
}

/// The last sync of each of these assets, ended or not, in no order.
pub(crate) async fn last_of(
    conn: &mut AsyncPgConnection,
    assets: &[AssetId],
) -> Result<Vec<Sync>, StoreError> {
    let assets: Vec<Uuid> = assets.iter().map(AssetId::as_uuid).collect();
    let rows: Vec<Row> = sql_query(
        "SELECT s.* FROM unnest($1) AS a (id)
         CROSS JOIN LATERAL (SELECT * FROM sync WHERE asset_id = a.id ORDER BY id DESC LIMIT 1) AS s",
    )
    .bind::<Array<SqlUuid>, _>(assets)
    .load(conn)
    .await?;
    rows.into_iter().map(|row| Sync::try_from(row).map_err(StoreError::from)).collect()
}

/// Notes that a sync was begun, or begun again.
pub(crate) async fn set_running(conn: &mut AsyncPgConnection, id: SyncId) -> Result<(), StoreError> {
    let open = sync::table.filter(sync::id.eq(id.as_uuid()).and(sync::state.eq_any(["PENDING", "RUNNING"])));
    let changed = diesel::update(open).set(sync::state.eq("RUNNING")).execute(conn).await?;
    exactly_one("sync", changed)
}

/// Ends a sync that read and recorded everything.
pub(crate) async fn set_succeeded(
    conn: &mut AsyncPgConnection,
    id: SyncId,
    at: SystemTime,
    consensus_ns: i64,
    holder_count: u64,
    changed_count: u64,
) -> Result<(), StoreError> {
    let running = sync::table.filter(sync::id.eq(id.as_uuid()).and(sync::state.eq("RUNNING")));
    let changed = diesel::update(running)
        .set((
            sync::state.eq("SUCCEEDED"),
            sync::ended_ns.eq(to_ns(at)),
            sync::consensus_ns.eq(consensus_ns),
            sync::holder_count.eq(signed(holder_count)),
            sync::changed_count.eq(signed(changed_count)),
        ))
        .execute(conn)
        .await?;
    exactly_one("sync", changed)
}

/// Ends a sync that is given up.
pub(crate) async fn set_failed(
    conn: &mut AsyncPgConnection,
    id: SyncId,
    at: SystemTime,
    reason: &str,
) -> Result<(), StoreError> {
    let open = sync::table.filter(sync::id.eq(id.as_uuid()).and(sync::state.eq_any(["PENDING", "RUNNING"])));
    let changed = diesel::update(open)
        .set((sync::state.eq("FAILED"), sync::ended_ns.eq(to_ns(at)), sync::failure_reason.eq(reason)))
        .execute(conn)
        .await?;
    exactly_one("sync", changed)
}
