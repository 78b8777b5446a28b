//! Snapshots and their rows.

use std::time::SystemTime;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _,
    QueryDsl as _, Queryable, Selectable, SelectableHelper as _,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, SnapshotId, Uuid};
use pg::Numeric128;
use pg::time::{from_ns, to_ns};

use super::accounts::AccountRow;
use super::schema::{account, snapshot, snapshot_balance};
use super::{Inconsistent, Plan, StoreError, exactly_one, signed, unsigned};
use crate::domain::{Frozen, HolderKind, Snapshot, SnapshotHolder, SnapshotProgress};

#[derive(Queryable, Selectable)]
#[diesel(table_name = snapshot)]
struct Row {
    id: Uuid,
    asset_id: Uuid,
    state: String,
    record_ns: i64,
    created_ns: i64,
    consensus_ns: Option<i64>,
    holder_count: Option<i64>,
    total_balance: Option<Numeric128>,
    total_supply: Option<Numeric128>,
    decimals: Option<i16>,
    treasury_num: Option<i64>,
    reading_id: Option<Uuid>,
    failure_reason: Option<String>,
}

impl TryFrom<Row> for Snapshot {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let id = SnapshotId::from_uuid(row.id);
        let wrong = |column| Inconsistent { table: "snapshot", row: id.to_string(), column };
        let progress = match row.state.as_str() {
            "RUNNING" => SnapshotProgress::Running,
            "READY" => SnapshotProgress::Ready(frozen(&row).map_err(wrong)?),
            "FAILED" => SnapshotProgress::Failed {
                reason: row.failure_reason.ok_or_else(|| wrong("failure_reason"))?,
            },
            _ => return Err(wrong("state")),
        };
        let asset_id = AssetId::from_uuid(row.asset_id);
        Ok(Self { id, asset_id, record_ns: row.record_ns, created_at: from_ns(row.created_ns), progress })
    }
}

fn frozen(row: &Row) -> Result<Frozen, &'static str> {
    let decimals = row.decimals.and_then(|decimals| u8::try_from(decimals).ok());
    Ok(Frozen {
        consensus_ns: row.consensus_ns.ok_or("consensus_ns")?,
        holder_count: row.holder_count.map(unsigned).ok_or("holder_count")?,
        total_balance: row.total_balance.ok_or("total_balance")?.0,
        total_supply: row.total_supply.ok_or("total_supply")?.0,
        decimals: decimals.ok_or("decimals")?,
        treasury_num: row.treasury_num.map(unsigned).ok_or("treasury_num")?,
        reading_id: row.reading_id.ok_or("reading_id")?,
    })
}

/// Inserts a running snapshot unless its id is taken; says whether it did.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: SnapshotId,
    asset: AssetId,
    record_ns: i64,
    at: SystemTime,
) -> Result<bool, StoreError> {
    let inserted = diesel::insert_into(snapshot::table)
        .values((
            snapshot::id.eq(id.as_uuid()),
            snapshot::asset_id.eq(asset.as_uuid()),
            snapshot::state.eq("RUNNING"),
            snapshot::record_ns.eq(record_ns),
            snapshot::created_ns.eq(to_ns(at)),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

/// The snapshot with this id.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    id: SnapshotId,
) -> Result<Option<Snapshot>, StoreError> {
    let row = snapshot::table.find(id.as_uuid()).select(Row::as_select()).first(conn).await.optional()?;
    Ok(row.map(Snapshot::try_from).transpose()?)
}

/// Up to `limit` snapshots of an asset, newest first, after `after`.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    after: Option<SnapshotId>,
    limit: u32,
) -> Result<Vec<Snapshot>, StoreError> {
    let before = after.map_or_else(Uuid::max, |after| after.as_uuid());
    let rows = snapshot::table
        .filter(snapshot::asset_id.eq(asset.as_uuid()).and(snapshot::id.lt(before)))
        .order(snapshot::id.desc())
        .limit(limit.into())
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(|row| Snapshot::try_from(row).map_err(StoreError::from)).collect()
}

/// Starts a failed snapshot anew; says whether it was failed.
pub(crate) async fn restart(conn: &mut AsyncPgConnection, id: SnapshotId) -> Result<bool, StoreError> {
    let failed = snapshot::table.filter(snapshot::id.eq(id.as_uuid()).and(snapshot::state.eq("FAILED")));
    let restarted = diesel::update(failed)
        .set((snapshot::state.eq("RUNNING"), snapshot::failure_reason.eq(None::<String>)))
        .execute(conn)
        .await?;
    Ok(restarted == 1)
}

/// Freezes a running snapshot: the rows of its reading are it from now on.
pub(crate) async fn set_ready(
    conn: &mut AsyncPgConnection,
    id: SnapshotId,
    frozen: &Frozen,
) -> Result<(), StoreError> {
    let running = snapshot::table.filter(snapshot::id.eq(id.as_uuid()).and(snapshot::state.eq("RUNNING")));
    let changed = diesel::update(running)
        .set((
            snapshot::state.eq("READY"),
            snapshot::consensus_ns.eq(frozen.consensus_ns),
            snapshot::holder_count.eq(signed(frozen.holder_count)),
            snapshot::total_balance.eq(Numeric128(frozen.total_balance)),
            snapshot::total_supply.eq(Numeric128(frozen.total_supply)),
            snapshot::decimals.eq(i16::from(frozen.decimals)),
            snapshot::treasury_num.eq(signed(frozen.treasury_num)),
            snapshot::reading_id.eq(frozen.reading_id),
        ))
        .execute(conn)
        .await?;
    exactly_one("snapshot", changed)
}

/// Gives a running snapshot up.
pub(crate) async fn set_failed(
    conn: &mut AsyncPgConnection,
    id: SnapshotId,
    reason: &str,
) -> Result<(), StoreError> {
    let running = snapshot::table.filter(snapshot::id.eq(id.as_uuid()).and(snapshot::state.eq("RUNNING")));
    let changed = diesel::update(running)
        .set((snapshot::state.eq("FAILED"), snapshot::failure_reason.eq(reason)))
        .execute(conn)
        .await?;
    exactly_one("snapshot", changed)
}

/// Up to `limit` holders of a frozen snapshot by account number, from number `from` on.
pub(crate) async fn holders(
    conn: &mut AsyncPgConnection,
    frozen: &Frozen,
    from: u64,
    limit: u32,
) -> Result<Vec<SnapshotHolder>, StoreError> {
    let rows = pg::transaction(conn, async |conn| {
        Plan::WalkIndex.apply(conn).await?;
        let rows = snapshot_balance::table
            .inner_join(account::table.on(account::num.eq(snapshot_balance::account_num)))
            .filter(snapshot_balance::reading_id.eq(frozen.reading_id))
            .filter(snapshot_balance::account_num.ge(signed(from)))
            .order(snapshot_balance::account_num)
            .limit(limit.into())
            .select((snapshot_balance::balance, AccountRow::as_select()))
            .load::<(Numeric128, AccountRow)>(conn);
        Ok::<_, StoreError>(rows.await?)
    })
    .await?;
    let holder = |(balance, row): (Numeric128, AccountRow)| {
        let account = row.try_into()?;
        let kind = HolderKind::of(&account, frozen.treasury_num);
        Ok(SnapshotHolder { account, balance: balance.0, kind })
    };
    rows.into_iter().map(holder).collect()
}
