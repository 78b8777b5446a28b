//! What redemptions have of an asset's holdings: reserved, redeemed, given back.
//!
//! Who changes it locks the asset's row in `redeemable` first and raises its version. A reservation is of a calculation
//! at one version and is refused at any other, so that two calculations never count the same unit; the tables' CHECKs
//! hold the same by themselves.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, DistributionId, Uuid};
use pg::Numeric128;

use super::schema::{redeemable, taken_holding};
use super::{Inconsistent, StoreError, exactly_one, rows};
use crate::domain::redemption::Redeemed;

const REDEEMED: &str = "REDEEMED";
const RELEASED: &str = "RELEASED";

/// What is to be reserved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reservation {
    /// For which redemption.
    pub distribution: DistributionId,
    /// Of which asset.
    pub asset: AssetId,
    /// The calculation whose payees' counted balances are reserved.
    pub calculation: Uuid,
    /// How many payees it has.
    pub payee_count: u32,
    /// The version it was calculated at.
    pub version: i64,
    /// The network's time of its balances, in nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// The total supply at that time, in smallest units.
    pub supply: u128,
}

/// Which payees of a redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payees {
    /// Every one.
    All,
    /// Those with these ordinals.
    These(Vec<u32>),
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
}

/// What redemptions have of an asset now.
pub(crate) async fn read(conn: &mut AsyncPgConnection, asset: AssetId) -> Result<Redeemed, StoreError> {
    // First: what changes after it is seen by a version that is another.
    let known: Option<(i64, i64, Numeric128, Numeric128)> = redeemable::table
        .find(asset.as_uuid())
        .select((redeemable::version, redeemable::consensus_ns, redeemable::supply, redeemable::taken))
        .first(conn)
        .await
        .optional()?;
    let Some((version, consensus_ns, Numeric128(supply), Numeric128(taken))) = known else {
        return Ok(Redeemed::default());
    };
    let holdings: Vec<(i64, Numeric128)> = taken_holding::table
        .filter(taken_holding::asset_id.eq(asset.as_uuid()))
        .order(taken_holding::account)
        .select((taken_holding::account, taken_holding::units))
        .load(conn)
        .await?;
    let holding = |(number, Numeric128(units))| {
        Ok((rows::account(number, "redemption_holding", asset.as_uuid(), "account")?, units))
    };
    let holdings = holdings.into_iter().map(holding).collect::<Result<_, Inconsistent>>()?;
    Ok(Redeemed { version, consensus_ns, supply, taken, holdings })
}

/// As many payees as the asset has holders, against all that was ever taken of them: sets are joined, or it would take
/// the square of the time.
const RESERVE: &str = "WITH reserved AS (
        INSERT INTO redemption_holding (distribution_id, account, asset_id, ordinal, units, taken_before, balance)
        SELECT $1, payee.account, $2, payee.ordinal, payee.counted, coalesce(taken.units, 0), payee.balance
        FROM entitlement payee
        LEFT JOIN taken_holding taken ON taken.asset_id = $2 AND taken.account = payee.account
        WHERE payee.calculation_id = $3 AND payee.ordinal IS NOT NULL
        RETURNING units)
    SELECT count(*) AS rows, coalesce(sum(units), 0) AS units FROM reserved";

/// Reserves what a calculation counts of its payees' holdings; call it in the transaction that makes the calculation
/// count, after it does. It can be done once for a redemption.
///
/// # Errors
/// [`StoreError::Overtaken`] when anything changed since the version the calculation was made at.
pub(crate) async fn reserve(conn: &mut AsyncPgConnection, new: &Reservation) -> Result<(), StoreError> {
    diesel::insert_into(redeemable::table)
        .values(redeemable::asset_id.eq(new.asset.as_uuid()))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if lock(conn, new.asset).await? != Some(new.version) {
        return Err(StoreError::Overtaken);
    }
    pg::join_sets(conn).await?;
    let reserved: Changed = sql_query(RESERVE)
        .bind::<SqlUuid, _>(new.distribution.as_uuid())
        .bind::<SqlUuid, _>(new.asset.as_uuid())
        .bind::<SqlUuid, _>(new.calculation)
        .get_result(conn)
        .await?;
    if reserved.rows != i64::from(new.payee_count) {
        let row = new.calculation.to_string();
        return Err(Inconsistent { table: "entitlement", row, column: "ordinal" }.into());
    }
    let changed = sql_query(
        "UPDATE redeemable
         SET version = version + 1, consensus_ns = greatest(consensus_ns, $2), supply = greatest(supply, $3),
             taken = taken + $4
         WHERE asset_id = $1",
    )
    .bind::<SqlUuid, _>(new.asset.as_uuid())
    .bind::<BigInt, _>(new.consensus_ns)
    .bind::<Numeric, _>(Numeric128(new.supply))
    .bind::<Numeric, _>(reserved.units)
    .execute(conn)
    .await?;
    Ok(exactly_one("redeemable", changed)?)
}

/// Records that these payees were paid: what was reserved of their holdings is redeemed. Doing it again changes nothing.
pub(crate) async fn redeem(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    payees: &Payees,
    now_ns: i64,
) -> Result<(), StoreError> {
    end(conn, distribution, payees, REDEEMED, now_ns).await.map(drop)
}

/// Gives back what was reserved of these payees' holdings; only what is proven unpaid for ever may be. Doing it again
/// changes nothing.
pub(crate) async fn release(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    asset: AssetId,
    payees: &Payees,
    now_ns: i64,
) -> Result<(), StoreError> {
    if lock(conn, asset).await?.is_none() {
        // Nothing of it was ever reserved.
        return Ok(());
    }
    let released = end(conn, distribution, payees, RELEASED, now_ns).await?;
    if released.rows == 0 {
        return Ok(());
    }
    let changed =
        sql_query("UPDATE redeemable SET version = version + 1, taken = taken - $2 WHERE asset_id = $1")
            .bind::<SqlUuid, _>(asset.as_uuid())
            .bind::<Numeric, _>(released.units)
            .execute(conn)
            .await?;
    Ok(exactly_one("redeemable", changed)?)
}

/// Locks what redemptions have of an asset, until the transaction ends; its version, when there was any redemption.
async fn lock(conn: &mut AsyncPgConnection, asset: AssetId) -> Result<Option<i64>, StoreError> {
    let asset = redeemable::table.find(asset.as_uuid());
    Ok(asset.select(redeemable::version).for_update().first(conn).await.optional()?)
}

/// Ends reservations that have not ended; how many, and of how many units.
async fn end(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    payees: &Payees,
    outcome: &str,
    now_ns: i64,
) -> Result<Changed, StoreError> {
    let ordinals = match payees {
        Payees::All => None,
        Payees::These(ordinals) => Some(ordinals.iter().map(|ordinal| ordinal.cast_signed()).collect()),
    };
    let ended = sql_query(
        "WITH ended AS (
             INSERT INTO redemption_outcome (distribution_id, account, outcome, decided_ns)
             SELECT distribution_id, account, $2, $3 FROM redemption_holding
             WHERE distribution_id = $1 AND ($4 IS NULL OR ordinal = ANY($4))
             ON CONFLICT DO NOTHING
             RETURNING distribution_id, account)
         SELECT count(*) AS rows, coalesce(sum(holding.units), 0) AS units
         FROM ended JOIN redemption_holding holding USING (distribution_id, account)",
    )
    .bind::<SqlUuid, _>(distribution.as_uuid())
    .bind::<Text, _>(outcome)
    .bind::<BigInt, _>(now_ns)
    .bind::<Nullable<Array<Integer>>, _>(ordinals as Option<Vec<i32>>)
    .get_result(conn)
    .await?;
    Ok(ended)
}

#[cfg(test)]
#[path = "redemptions_tests.rs"]
mod tests;
