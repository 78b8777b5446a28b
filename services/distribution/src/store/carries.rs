//! What distributions carried forward, and which other one pays it.
//!
//! A reservation is made in the transaction that makes a calculation count, of exactly what the calculation brings forward,
//! or not at all; its key is what keeps two distributions from paying the same.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Numeric, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, DistributionId, Uuid};
use money::AssetCode;
use pg::Numeric128;
use serde::{Deserialize, Serialize};

use super::schema::{carry_forward, carry_reservation};
use super::{Inconsistent, StoreError, rows};
use crate::domain::account::Account;
use crate::domain::deduction::{CarryStatus, OpenCarries};

/// What is to be reserved.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    /// For which distribution.
    pub distribution: DistributionId,
    /// Of which asset.
    pub asset: AssetId,
    /// In what.
    pub payment_token: AssetCode,
    /// The calculation whose payees bring it forward.
    pub calculation: Uuid,
}

/// What one distribution carried forward of one payee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carry {
    /// The distribution that owes it.
    pub distribution: DistributionId,
    /// Whose it is.
    pub account: Account,
    /// Smallest units of the payment token.
    pub units: u128,
    /// In what.
    pub payment_token: AssetCode,
    /// What became of it.
    pub status: CarryStatus,
    /// The distribution that pays it.
    pub taken_by: Option<DistributionId>,
}

/// Which of an asset's are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Of which asset.
    pub asset: AssetId,
    /// Only in this.
    pub payment_token: Option<AssetCode>,
    /// Only of this account.
    pub account: Option<Account>,
    /// Only with this status.
    pub status: Option<CarryStatus>,
}

/// The last one of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    account: i64,
    distribution: u128,
}

impl Cursor {
    /// After this one.
    pub(crate) fn after(last: &Carry) -> Self {
        Self { account: rows::number(last.account), distribution: last.distribution.as_uuid().as_u128() }
    }
}

/// What is open now, of all accounts.
pub(crate) async fn open(
    conn: &mut AsyncPgConnection,
    asset: AssetId,
    payment_token: &AssetCode,
) -> Result<OpenCarries, StoreError> {
    let rows: Vec<(i64, Numeric128)> = carry_forward::table
        .filter(carry_forward::asset_id.eq(asset.as_uuid()))
        .filter(carry_forward::payment_token.eq(payment_token.as_str()))
        .filter(carry_forward::status.eq(CarryStatus::Open.as_str()))
        .order(carry_forward::account)
        .select((carry_forward::account, carry_forward::units))
        .load(conn)
        .await?;
    let mut open: Vec<(Account, u128)> = Vec::new();
    for (number, Numeric128(units)) in rows {
        let account = rows::account(number, "entitlement", asset.as_uuid(), "account")?;
        match open.last_mut().filter(|(last, _)| *last == account) {
            // Each is part of a sum that fits 64 bits, and there are fewer distributions than that.
            Some((_, sum)) => *sum += units,
            None => open.push((account, units)),
        }
    }
    Ok(OpenCarries(open))
}

/// Up to `limit` of an asset's, by account and then oldest first, after the cursor.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Carry>, StoreError> {
    type Row = (Uuid, i64, Numeric128, String, String, Option<Uuid>);
    let mut query = carry_forward::table
        .filter(carry_forward::asset_id.eq(filter.asset.as_uuid()))
        // Ids rise with time.
        .order((carry_forward::account, carry_forward::distribution_id))
        .limit(limit.into())
        .select((
            carry_forward::distribution_id,
            carry_forward::account,
            carry_forward::units,
            carry_forward::payment_token,
            carry_forward::status,
            carry_forward::taken_by,
        ))
        .into_boxed();
    if let Some(token) = &filter.payment_token {
        query = query.filter(carry_forward::payment_token.eq(token.as_str()));
    }
    if let Some(account) = filter.account {
        query = query.filter(carry_forward::account.eq(rows::number(account)));
    }
    if let Some(status) = filter.status {
        query = query.filter(carry_forward::status.eq(status.as_str()));
    }
    if let Some(Cursor { account, distribution }) = after {
        let same = carry_forward::account
            .eq(account)
            .and(carry_forward::distribution_id.gt(Uuid::from_u128(distribution)));
        query = query.filter(carry_forward::account.gt(account).or(same));
    }
    let rows: Vec<Row> = query.load(conn).await?;
    let carry = |(id, account, Numeric128(units), token, status, taken_by): Row| {
        let wrong = |column| Inconsistent { table: "carry_forward", row: id.to_string(), column };
        Ok(Carry {
            distribution: DistributionId::from_uuid(id),
            account: rows::account(account, "entitlement", id, "account")?,
            units,
            payment_token: token.parse().map_err(|_| wrong("payment_token"))?,
            status: CarryStatus::from_name(&status).ok_or_else(|| wrong("status"))?,
            taken_by: taken_by.map(DistributionId::from_uuid),
        })
    };
    rows.into_iter().map(carry).collect::<Result<_, Inconsistent>>().map_err(StoreError::from)
}

#[derive(QueryableByName)]
struct Missed {
    #[diesel(sql_type = BigInt)]
    payees: i64,
}

/// As many rows as there are payees with something open: sets are joined, or it would take the square of the time. In one
/// order, so that two who want the same wait for each other and not in a circle.
const RESERVE: &str = "WITH owed AS (
        SELECT account, ordinal, brought FROM entitlement WHERE calculation_id = $4 AND brought IS NOT NULL),
    reserved AS (
        INSERT INTO carry_reservation (from_distribution_id, account, distribution_id, ordinal, units)
        SELECT open.distribution_id, open.account, $1, owed.ordinal, open.units
        FROM owed JOIN carry_forward open USING (account)
        WHERE open.asset_id = $2 AND open.payment_token = $3 AND open.status = 'OPEN'
        ORDER BY open.distribution_id, open.account
        ON CONFLICT DO NOTHING
        RETURNING account, units)
    SELECT count(*) AS payees
    FROM owed LEFT JOIN (SELECT account, sum(units) AS units FROM reserved GROUP BY account) sums USING (account)
    WHERE sums.units IS DISTINCT FROM owed.brought";

/// Reserves what a calculation brings forward; call it in the transaction that makes the calculation count.
///
/// # Errors
/// [`StoreError::Overtaken`] when anything of it is not open any more, or more of these payees is; the transaction must not
/// be committed then.
pub(crate) async fn reserve(conn: &mut AsyncPgConnection, new: &Reservation) -> Result<(), StoreError> {
    pg::join_sets(conn).await?;
    let missed: Missed = sql_query(RESERVE)
        .bind::<SqlUuid, _>(new.distribution.as_uuid())
        .bind::<SqlUuid, _>(new.asset.as_uuid())
        .bind::<Text, _>(new.payment_token.as_str())
        .bind::<SqlUuid, _>(new.calculation)
        .get_result(conn)
        .await?;
    if missed.payees > 0 { Err(StoreError::Overtaken) } else { Ok(()) }
}

/// Opens again all that a distribution has reserved; only when nothing of it was ever sent, nor ever will be.
pub(crate) async fn release_all(conn: &mut AsyncPgConnection, of: DistributionId) -> Result<(), StoreError> {
    diesel::delete(carry_reservation::table.filter(carry_reservation::distribution_id.eq(of.as_uuid())))
        .execute(conn)
        .await?;
    Ok(())
}

/// Opens again what these payouts would have paid; only those proven unpaid for ever may be named.
pub(crate) async fn release(
    conn: &mut AsyncPgConnection,
    of: DistributionId,
    ordinals: &[u32],
) -> Result<(), StoreError> {
    let ordinals: Vec<i32> = ordinals.iter().map(|ordinal| ordinal.cast_signed()).collect();
    sql_query("DELETE FROM carry_reservation WHERE distribution_id = $1 AND ordinal = ANY($2)")
        .bind::<SqlUuid, _>(of.as_uuid())
        .bind::<Array<Integer>, _>(ordinals)
        .execute(conn)
        .await?;
    Ok(())
}

/// Opens again what the payouts of a distribution would have paid that a rerun of it has superseded.
pub(crate) async fn release_superseded(
    conn: &mut AsyncPgConnection,
    old: DistributionId,
    rerun: DistributionId,
) -> Result<(), StoreError> {
    sql_query(
        "DELETE FROM carry_reservation reserved USING listed_payee payee
         WHERE reserved.distribution_id = $1 AND payee.distribution_id = $2 AND payee.replaces = reserved.ordinal",
    )
    .bind::<SqlUuid, _>(old.as_uuid())
    .bind::<SqlUuid, _>(rerun.as_uuid())
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct BroughtRow {
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Numeric)]
    brought: Numeric128,
}

/// What each payee of a calculation brings forward, by ordinal ascending; those that bring nothing are left out.
pub(crate) async fn brought(
    conn: &mut AsyncPgConnection,
    calculation: Uuid,
) -> Result<Vec<(u32, u128)>, StoreError> {
    let rows: Vec<BroughtRow> = sql_query(
        "SELECT ordinal, brought FROM entitlement
         WHERE calculation_id = $1 AND brought IS NOT NULL ORDER BY account",
    )
    .bind::<SqlUuid, _>(calculation)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.ordinal.cast_unsigned(), row.brought.0)).collect())
}

#[cfg(test)]
#[path = "carries_tests.rs"]
mod tests;
