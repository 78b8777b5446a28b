//! Assets whose holders are followed.

use std::time::SystemTime;

use diesel::sql_types::{BigInt, Integer};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, QueryableByName,
    Selectable, SelectableHelper as _, sql_query,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, Uuid};
use pg::Numeric128;
use pg::time::{from_ns, to_ns};

use super::schema::tracked_asset;
use super::{Inconsistent, StoreError, exactly_one, signed, unsigned};
use crate::domain::{LastSuccess, SyncSettings, TrackedAsset};

#[derive(Queryable, Selectable, QueryableByName, Insertable)]
#[diesel(table_name = tracked_asset)]
struct Row {
    asset_id: Uuid,
    token_id: String,
    periodic: bool,
    interval_s: i32,
    next_sync_ns: Option<i64>,
    synced_ns: Option<i64>,
    synced_consensus_ns: Option<i64>,
    holder_count: Option<i64>,
    total_supply: Option<Numeric128>,
    treasury_num: Option<i64>,
    registered_ns: i64,
}

impl TryFrom<Row> for TrackedAsset {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let id = AssetId::from_uuid(row.asset_id);
        let wrong = |column| Inconsistent { table: "tracked_asset", row: id.to_string(), column };
        Ok(Self {
            id,
            settings: SyncSettings {
                interval_s: u32::try_from(row.interval_s).map_err(|_| wrong("interval_s"))?,
                next_at: row.next_sync_ns.map(from_ns),
            },
            last_success: last_success(&row).map_err(wrong)?,
            token_id: row.token_id,
        })
    }
}

fn last_success(row: &Row) -> Result<Option<LastSuccess>, &'static str> {
    let Some(synced_ns) = row.synced_ns else { return Ok(None) };
    Ok(Some(LastSuccess {
        at: from_ns(synced_ns),
        consensus_ns: row.synced_consensus_ns.ok_or("synced_consensus_ns")?,
        holder_count: row.holder_count.map(unsigned).ok_or("holder_count")?,
        total_supply: row.total_supply.ok_or("total_supply")?.0,
        treasury_num: row.treasury_num.map(unsigned).ok_or("treasury_num")?,
    }))
}

/// Inserts an asset with periodic syncs on, unless it is known; says whether it did.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: AssetId,
    token_id: &str,
    interval_s: u32,
    first_due: SystemTime,
    at: SystemTime,
) -> Result<bool, StoreError> {
    let row = Row {
        asset_id: id.as_uuid(),
        token_id: token_id.to_owned(),
        periodic: true,
        interval_s: interval_s.cast_signed(),
        next_sync_ns: Some(to_ns(first_due)),
        synced_ns: None,
        synced_consensus_ns: None,
        holder_count: None,
        total_supply: None,
        treasury_num: None,
        registered_ns: to_ns(at),
    };
    let inserted =
        diesel::insert_into(tracked_asset::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(inserted == 1)
}

/// The asset with this id.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    id: AssetId,
) -> Result<Option<TrackedAsset>, StoreError> {
    let row =
        tracked_asset::table.find(id.as_uuid()).select(Row::as_select()).first(conn).await.optional()?;
    Ok(row.map(TrackedAsset::try_from).transpose()?)
}

/// Those of these assets that are known, in no order.
pub(crate) async fn find_all(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
) -> Result<Vec<TrackedAsset>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(AssetId::as_uuid).collect();
    let rows = tracked_asset::table
        .filter(tracked_asset::asset_id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(|row| TrackedAsset::try_from(row).map_err(StoreError::from)).collect()
}

/// Replaces an asset's settings.
pub(crate) async fn set_settings(
    conn: &mut AsyncPgConnection,
    id: AssetId,
    settings: &SyncSettings,
) -> Result<(), StoreError> {
    let changed = diesel::update(tracked_asset::table.find(id.as_uuid()))
        .set((
            tracked_asset::periodic.eq(settings.next_at.is_some()),
            tracked_asset::interval_s.eq(settings.interval_s.cast_signed()),
            tracked_asset::next_sync_ns.eq(settings.next_at.map(to_ns)),
        ))
        .execute(conn)
        .await?;
    exactly_one("tracked_asset", changed)
}

/// Locks up to `limit` assets whose periodic sync is due at `now`; other schedulers pass over them.
pub(crate) async fn lock_due(
    conn: &mut AsyncPgConnection,
    now: SystemTime,
    limit: u32,
) -> Result<Vec<TrackedAsset>, StoreError> {
    let rows: Vec<Row> = sql_query(
        "SELECT * FROM tracked_asset WHERE periodic AND next_sync_ns <= $1
         ORDER BY next_sync_ns LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
    )
    .bind::<BigInt, _>(to_ns(now))
    .bind::<Integer, _>(limit.cast_signed())
    .load(conn)
    .await?;
    rows.into_iter().map(|row| TrackedAsset::try_from(row).map_err(StoreError::from)).collect()
}

/// Records what a successful sync said.
pub(crate) async fn set_success(
    conn: &mut AsyncPgConnection,
    id: AssetId,
    success: &LastSuccess,
) -> Result<(), StoreError> {
    let changed = diesel::update(tracked_asset::table.find(id.as_uuid()))
        .set((
            tracked_asset::synced_ns.eq(to_ns(success.at)),
            tracked_asset::synced_consensus_ns.eq(success.consensus_ns),
            tracked_asset::holder_count.eq(signed(success.holder_count)),
            tracked_asset::total_supply.eq(Numeric128(success.total_supply)),
            tracked_asset::treasury_num.eq(signed(success.treasury_num)),
        ))
        .execute(conn)
        .await?;
    exactly_one("tracked_asset", changed)
}
