//! Other distributions beside one that is previewed: which may be the same, which was before, which takes funds too.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, FundingAccountId, Uuid};
use money::AssetCode;
use pg::Numeric128;

use super::schema::distribution_in_force as distribution;
use super::state_rows::state_name;
use super::{Inconsistent, StoreError};
use crate::domain::distribution::{FromHolders, RunReport, Terms};
use crate::domain::state::State;

/// A distribution that may be the one that is previewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Similar {
    /// Which.
    pub id: DistributionId,
    /// What people call it.
    pub label: String,
    /// When it was created, in nanoseconds since the epoch.
    pub created_ns: i64,
    /// The record times are the same, not only the labels.
    pub same_record_time: bool,
    /// Its calculation and how many payees that has; none before it is calculated.
    pub calculation: Option<(Uuid, u32)>,
}

/// The previous occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Previous {
    /// Which.
    pub id: DistributionId,
    /// What people call it.
    pub label: String,
    /// When it was created, in nanoseconds since the epoch.
    pub created_ns: i64,
    /// Its calculation.
    pub calculation: Uuid,
    /// How many payees it has.
    pub payee_count: u32,
    /// What they are paid together.
    pub payable: u128,
}

/// A distribution that takes funds now or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Which.
    pub id: DistributionId,
    /// What people call it.
    pub label: String,
    /// What is paid by it; none before it is calculated.
    pub payable: Option<u128>,
    /// The pool that is split, where one is.
    pub pool: Option<u128>,
    /// What execution last said of its run; none before it has it.
    pub report: Option<RunReport>,
}

/// Up to `limit` distributions of the same asset in the same token, newest first, that may be paid and have the same
/// record time, or the same label though no schedule gave it.
pub(crate) async fn similar(
    conn: &mut AsyncPgConnection,
    terms: &Terms<FromHolders>,
    limit: i64,
) -> Result<Vec<Similar>, StoreError> {
    type Row = (Uuid, String, i64, Option<i64>, Option<Uuid>, Option<i32>);
    let typed =
        sql::<Bool>("NOT EXISTS (SELECT FROM occurrence WHERE distribution_id = distribution_in_force.id)");
    let (asset, time_ns) = (terms.source.asset, terms.source.record_time_ns);
    let same_time = distribution::record_time_ns.is_not_distinct_from(time_ns);
    let same_label = distribution::label.eq(&terms.label).and(typed);
    let rows: Vec<Row> = distribution::table
        .filter(distribution::asset_id.eq(asset.as_uuid()))
        .filter(distribution::payment_token.eq(terms.payment_token.as_str()))
        .filter(distribution::state.ne_all(given_up()))
        .filter(same_time.or(same_label))
        .order((distribution::created_ns.desc(), distribution::id.desc()))
        .limit(limit)
        .select((
            distribution::id,
            distribution::label,
            distribution::created_ns,
            distribution::record_time_ns,
            distribution::calculation_id,
            distribution::payee_count,
        ))
        .load(conn)
        .await?;
    let similar = |(id, label, created_ns, record_time_ns, calculation, count): Row| {
        let calculation = calculation
            .zip(count)
            .map(|(calculation, count)| Ok::<_, Inconsistent>((calculation, payees(id, count)?)));
        Ok(Similar {
            id: DistributionId::from_uuid(id),
            label,
            created_ns,
            same_record_time: record_time_ns == Some(time_ns),
            calculation: calculation.transpose()?,
        })
    };
    rows.into_iter().map(similar).collect()
}

/// The latest distribution of the same asset, kind and token that is calculated and not given up.
pub(crate) async fn previous(
    conn: &mut AsyncPgConnection,
    terms: &Terms<FromHolders>,
) -> Result<Option<Previous>, StoreError> {
    let row: Option<(Uuid, String, i64, Uuid, i32, Numeric128)> = distribution::table
        .filter(distribution::asset_id.eq(terms.source.asset.as_uuid()))
        .filter(distribution::payment_token.eq(terms.payment_token.as_str()))
        .filter(distribution::kind.eq(terms.kind.as_str()))
        .filter(distribution::state.ne_all(given_up()))
        .filter(distribution::calculation_id.is_not_null())
        .order((distribution::created_ns.desc(), distribution::id.desc()))
        .select((
            distribution::id,
            distribution::label,
            distribution::created_ns,
            distribution::calculation_id.assume_not_null(),
            distribution::payee_count.assume_not_null(),
            distribution::payable.assume_not_null(),
        ))
        .first(conn)
        .await
        .optional()?;
    let Some((id, label, created_ns, calculation, count, Numeric128(payable))) = row else {
        return Ok(None);
    };
    let payee_count = payees(id, count)?;
    let id = DistributionId::from_uuid(id);
    Ok(Some(Previous { id, label, created_ns, calculation, payee_count, payable }))
}

/// Up to `limit` distributions, oldest first, that take this token from this account now or when a person says so.
pub(crate) async fn claims(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    token: &AssetCode,
    limit: i64,
) -> Result<Vec<Claim>, StoreError> {
    type Row = (Uuid, String, Option<Numeric128>, Option<Numeric128>, Option<Vec<u8>>, i64);
    let rows: Vec<Row> = distribution::table
        .filter(distribution::funding_account_id.eq(funding.as_uuid()))
        .filter(distribution::payment_token.eq(token.as_str()))
        .filter(distribution::state.eq_any(open()))
        .order((distribution::created_ns, distribution::id))
        .limit(limit)
        .select((
            distribution::id,
            distribution::label,
            distribution::payable,
            distribution::pool_units,
            distribution::run_progress,
            distribution::run_failed,
        ))
        .load(conn)
        .await?;
    let claim = |(id, label, payable, pool, progress, failed): Row| Claim {
        id: DistributionId::from_uuid(id),
        label,
        payable: payable.map(|Numeric128(units)| units),
        pool: pool.map(|Numeric128(units)| units),
        report: progress
            .map(|progress| RunReport { progress, failed_payouts: failed.try_into().unwrap_or_default() }),
    };
    Ok(rows.into_iter().map(claim).collect())
}

/// What each of these distributions pays; those that are not calculated are left out.
pub(crate) async fn payable(
    conn: &mut AsyncPgConnection,
    ids: &[DistributionId],
) -> Result<HashMap<DistributionId, u128>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(DistributionId::as_uuid).collect();
    let rows: Vec<(Uuid, Numeric128)> = distribution::table
        .filter(distribution::id.eq_any(ids))
        .filter(distribution::payable.is_not_null())
        .select((distribution::id, distribution::payable.assume_not_null()))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(id, Numeric128(units))| (DistributionId::from_uuid(id), units)).collect())
}

fn payees(id: Uuid, count: i32) -> Result<u32, Inconsistent> {
    let wrong = || Inconsistent { table: "calculation", row: id.to_string(), column: "payee_count" };
    u32::try_from(count).map_err(|_| wrong())
}

/// States in which nothing (more) is paid by it, unless somebody calculates it again.
fn given_up() -> Vec<&'static str> {
    let given_up = |state: &&State| {
        matches!(state, State::Cancelling | State::Cancelled { .. } | State::CalculationFailed { .. })
    };
    State::one_of_each().iter().filter(given_up).map(state_name).collect()
}

/// States in which something is still to be paid without anybody trying again.
fn open() -> Vec<&'static str> {
    let open = |state: &&State| state.ended_ns().is_none() && !matches!(state, State::Cancelling);
    State::one_of_each().iter().filter(open).map(state_name).collect()
}
