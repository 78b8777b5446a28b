//! Changes of balances, as syncs saw them. Append-only.

use diesel::dsl::exists;
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, Selectable,
    SelectableHelper as _,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, SyncId, Uuid};
use pg::Numeric128;

use super::schema::{balance_history, sync};
use super::{StoreError, signed};
use crate::domain::BalanceChange;

#[derive(Queryable, Selectable)]
#[diesel(table_name = balance_history)]
struct Row {
    consensus_ns: i64,
    balance: Numeric128,
    sync_id: Uuid,
}

impl From<Row> for BalanceChange {
    fn from(row: Row) -> Self {
        let sync_id = SyncId::from_uuid(row.sync_id);
        Self { consensus_ns: row.consensus_ns, balance: row.balance.0, sync_id }
    }
}

/// Up to `limit` changes of one holder's balance at or before `until_ns`, newest first.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    num: u64,
    until_ns: i64,
    limit: u32,
) -> Result<Vec<BalanceChange>, StoreError> {
    let rows = balance_history::table
        .filter(balance_history::asset_id.eq(asset.as_uuid()))
        .filter(balance_history::account_num.eq(signed(num)))
        .filter(balance_history::consensus_ns.le(until_ns))
        .order(balance_history::consensus_ns.desc())
        .limit(limit.into())
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(BalanceChange::from).collect())
}

/// Whether any sync ever saw this account hold the asset.
pub(crate) async fn is_known(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    num: u64,
) -> Result<bool, StoreError> {
    let changes = balance_history::table
        .filter(balance_history::asset_id.eq(asset.as_uuid()))
        .filter(balance_history::account_num.eq(signed(num)));
    Ok(diesel::select(exists(changes)).get_result(conn).await?)
}

/// The asset's first successful sync and the network's time of its balances, if that was at or before `until_ns`: from then
/// on, who is not in the history held nothing.
pub(crate) async fn known_since(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    until_ns: i64,
) -> Result<Option<(SyncId, i64)>, StoreError> {
    let first = sync::table
        .filter(sync::asset_id.eq(asset.as_uuid()))
        .filter(sync::state.eq("SUCCEEDED"))
        .filter(sync::consensus_ns.le(until_ns))
        .order(sync::id)
        .select((sync::id, sync::consensus_ns))
        .first::<(Uuid, Option<i64>)>(conn)
        .await
        .optional()?;
    Ok(first.and_then(|(id, consensus_ns)| Some((SyncId::from_uuid(id), consensus_ns?))))
}
