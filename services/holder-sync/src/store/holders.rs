//! Current holders: lists, and taking over what a sync read.

use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _, Queryable, Selectable,
    SelectableHelper as _, sql_query,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, SyncId, Uuid};
use pg::Numeric128;

use super::accounts::AccountRow;
use super::schema::{account, holder};
use super::{Plan, StoreError, signed};
use crate::domain::{Holder, HolderOrder, HolderPosition};

#[derive(Queryable, Selectable)]
#[diesel(table_name = holder)]
struct Row {
    balance: Numeric128,
    since_ns: i64,
}

type Joined = (Row, AccountRow);

fn read(rows: Vec<Joined>) -> Result<Vec<Holder>, StoreError> {
    let holder = |(row, account): Joined| {
        Ok(Holder { account: account.try_into()?, balance: row.balance.0, since_ns: row.since_ns })
    };
    rows.into_iter().map(holder).collect()
}

/// All holders of one asset, with their accounts.
macro_rules! of_asset {
    ($asset:expr) => {
        holder::table
            .inner_join(account::table.on(account::num.eq(holder::account_num)))
            .filter(holder::asset_id.eq($asset.as_uuid()))
            .select((Row::as_select(), AccountRow::as_select()))
    };
}

/// One holder.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    num: u64,
) -> Result<Option<Holder>, StoreError> {
    let row = of_asset!(asset)
        .filter(holder::account_num.eq(signed(num)))
        .first::<Joined>(conn)
        .await
        .optional()?;
    Ok(read(row.into_iter().collect())?.pop())
}

/// Up to `limit` holders in this order, after `after`.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    order: HolderOrder,
    after: Option<HolderPosition>,
    limit: u32,
) -> Result<Vec<Holder>, StoreError> {
    pg::transaction(conn, async |conn| {
        Plan::WalkIndex.apply(conn).await?;
        match order {
            HolderOrder::Account => by_account(conn, asset, after, limit).await,
            HolderOrder::BalanceDesc | HolderOrder::BalanceAsc => {
                by_balance(conn, asset, order, after, limit).await
            }
        }
    })
    .await
}

async fn by_account(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    after: Option<HolderPosition>,
    limit: u32,
) -> Result<Vec<Holder>, StoreError> {
    let from = after.map_or(-1, |after| signed(after.num));
    let query = of_asset!(asset).filter(holder::account_num.gt(from));
    read(query.order(holder::account_num).limit(limit.into()).load::<Joined>(conn).await?)
}

/// Two ranges of one index: those with the same balance as the last one given, then those beyond. Said in one condition,
/// every page of equal balances would pass over all of them again.
async fn by_balance(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    order: HolderOrder,
    after: Option<HolderPosition>,
    limit: u32,
) -> Result<Vec<Holder>, StoreError> {
    let mut found = match after {
        Some(after) => equals(conn, asset, after, limit).await?,
        None => Vec::new(),
    };
    let missing = i64::from(limit) - i64::try_from(found.len()).unwrap_or(i64::MAX);
    if missing > 0 {
        found.extend(beyond(conn, asset, order, after, missing).await?);
    }
    Ok(found)
}

async fn equals(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    after: HolderPosition,
    limit: u32,
) -> Result<Vec<Holder>, StoreError> {
    let query = of_asset!(asset)
        .filter(holder::balance.eq(Numeric128(after.balance)))
        .filter(holder::account_num.gt(signed(after.num)));
    read(query.order(holder::account_num).limit(limit.into()).load::<Joined>(conn).await?)
}

async fn beyond(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    order: HolderOrder,
    after: Option<HolderPosition>,
    limit: i64,
) -> Result<Vec<Holder>, StoreError> {
    let query = of_asset!(asset).limit(limit).into_boxed();
    let balance = after.map(|after| Numeric128(after.balance));
    let rows = match (order, balance) {
        (HolderOrder::BalanceAsc, None) => query.order((holder::balance.asc(), holder::account_num)),
        (HolderOrder::BalanceAsc, Some(balance)) => {
            query.filter(holder::balance.gt(balance)).order((holder::balance.asc(), holder::account_num))
        }
        (_, None) => query.order((holder::balance.desc(), holder::account_num)),
        (_, Some(balance)) => {
            query.filter(holder::balance.lt(balance)).order((holder::balance.desc(), holder::account_num))
        }
    };
    read(rows.load::<Joined>(conn).await?)
}

/// Takes over what a sync read: records what changed, and makes the holders those of the reading. Returns how many changed.
/// Call it under the job's lock, with a reading newer than the last.
pub(crate) async fn take_over(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    reading: Uuid,
    consensus_ns: i64,
    sync: SyncId,
) -> Result<u64, StoreError> {
    Plan::JoinSets.apply(conn).await?;
    let changed = sql_query(
        "INSERT INTO balance_history (asset_id, account_num, consensus_ns, balance, sync_id)
         SELECT $1, coalesce(s.account_num, h.account_num), $3, coalesce(s.balance, 0), $4
         FROM (SELECT account_num, balance FROM staged_balance WHERE reading_id = $2) s
         FULL JOIN (SELECT account_num, balance FROM holder WHERE asset_id = $1) h ON s.account_num = h.account_num
         WHERE s.balance IS DISTINCT FROM h.balance",
    )
    .bind::<SqlUuid, _>(asset.as_uuid())
    .bind::<SqlUuid, _>(reading)
    .bind::<BigInt, _>(consensus_ns)
    .bind::<SqlUuid, _>(sync.as_uuid())
    .execute(conn)
    .await?;
    sql_query(
        "DELETE FROM holder h WHERE h.asset_id = $1 AND NOT EXISTS (
             SELECT FROM staged_balance s WHERE s.reading_id = $2 AND s.account_num = h.account_num)",
    )
    .bind::<SqlUuid, _>(asset.as_uuid())
    .bind::<SqlUuid, _>(reading)
    .execute(conn)
    .await?;
    sql_query(
        "INSERT INTO holder (asset_id, account_num, balance, since_ns)
         SELECT $1, s.account_num, s.balance, $3 FROM staged_balance s
         WHERE s.reading_id = $2 AND NOT EXISTS (
             SELECT FROM holder h WHERE h.asset_id = $1 AND h.account_num = s.account_num AND h.balance = s.balance)
         ON CONFLICT (asset_id, account_num)
         DO UPDATE SET balance = excluded.balance, since_ns = excluded.since_ns",
    )
    .bind::<SqlUuid, _>(asset.as_uuid())
    .bind::<SqlUuid, _>(reading)
    .bind::<BigInt, _>(consensus_ns)
    .execute(conn)
    .await?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}
