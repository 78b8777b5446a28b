//! Distributions: what was decided, with where they stand.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, DistributionId, Uuid};

use super::calculation_rows::CalculationRow;
use super::rows::{AccountRow, DecisionRow, Details, DistributionRow};
use super::schema::{calculation, distribution, distribution_state, holder_decision, redemption_account};
use super::state_rows::{StateRow, state_name};
use super::{StoreError, amendments, amount_terms, approvals};
use crate::domain::distribution::{Distribution, FromHolders, Source};
use crate::domain::phase::Phase;
use crate::domain::state::State;

type WholeRow = (DistributionRow, StateRow, Option<CalculationRow>);

/// Which distributions a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only of this asset.
    pub asset: Option<AssetId>,
    /// Only in this phase.
    pub phase: Option<Phase>,
    /// Only created at or after this time, in nanoseconds since the epoch.
    pub created_from_ns: Option<i64>,
    /// Only created before this time, in nanoseconds since the epoch.
    pub created_before_ns: Option<i64>,
}

/// The last distribution of a page: when it was created, and the number of its id.
pub(crate) type Cursor = (i64, u128);

/// Stores a new distribution with where it stands; the job sees it at once.
pub(crate) async fn insert(conn: &mut AsyncPgConnection, new: &Distribution) -> Result<(), StoreError> {
    diesel::insert_into(distribution::table).values(DistributionRow::from(new)).execute(conn).await?;
    if let Source::Holders(holders) = &new.terms.source {
        insert_holders(conn, new.id, holders).await?;
        let first = (new.id.as_uuid(), new.terms_version.cast_signed());
        amount_terms::insert(conn, first, holders).await?;
    }
    let now = diesel::dsl::now.into_sql::<diesel::sql_types::Timestamptz>().nullable();
    diesel::insert_into(distribution_state::table)
        .values((
            distribution_state::distribution_id.eq(new.id.as_uuid()),
            distribution_state::state.eq(state_name(&new.state)),
            distribution_state::version.eq(new.version),
            distribution_state::wake_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn insert_holders(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    holders: &FromHolders,
) -> Result<(), StoreError> {
    let decision = |(account, treatment): (&_, &_)| DecisionRow::new(id, *account, *treatment);
    let decisions: Vec<DecisionRow> = holders.decisions.iter().map(decision).collect();
    diesel::insert_into(holder_decision::table).values(decisions).execute(conn).await?;
    let accounts: Vec<AccountRow> =
        holders.accounts.iter().map(|account| AccountRow::new(id, *account)).collect();
    diesel::insert_into(redemption_account::table).values(accounts).execute(conn).await?;
    Ok(())
}

/// One distribution.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
) -> Result<Option<Distribution>, StoreError> {
    let row: Option<WholeRow> = distribution::table
        .inner_join(distribution_state::table)
        .left_join(calculation::table.on(counts()))
        .filter(distribution::id.eq(id.as_uuid()))
        .select((DistributionRow::as_select(), StateRow::as_select(), Option::<CalculationRow>::as_select()))
        .first(conn)
        .await
        .optional()?;
    Ok(with_details(conn, row.into_iter().collect()).await?.pop())
}

/// The calculation that counts is that of the version of the terms that is in force.
#[diesel::dsl::auto_type(no_type_alias)]
fn counts() -> _ {
    let of_it: diesel::dsl::Eq<calculation::distribution_id, distribution::id> =
        calculation::distribution_id.eq(distribution::id);
    let in_force: diesel::dsl::Eq<calculation::terms_version, distribution_state::terms_version> =
        calculation::terms_version.eq(distribution_state::terms_version);
    of_it.and(in_force)
}

/// Up to `limit` distributions, newest first, after the cursor.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Distribution>, StoreError> {
    let mut query = distribution::table
        .inner_join(distribution_state::table)
        .left_join(calculation::table.on(counts()))
        .order((distribution::created_ns.desc(), distribution::id.desc()))
        .limit(limit.into())
        .select((DistributionRow::as_select(), StateRow::as_select(), Option::<CalculationRow>::as_select()))
        .into_boxed();
    if let Some(asset) = filter.asset {
        query = query.filter(distribution::asset_id.eq(asset.as_uuid()));
    }
    if let Some(phase) = filter.phase {
        query = query.filter(distribution_state::state.eq_any(state_names(phase)));
    }
    if let Some(from_ns) = filter.created_from_ns {
        query = query.filter(distribution::created_ns.ge(from_ns));
    }
    if let Some(before_ns) = filter.created_before_ns {
        query = query.filter(distribution::created_ns.lt(before_ns));
    }
    if let Some((created_ns, id)) = after {
        let older = distribution::created_ns.lt(created_ns);
        let same_time = distribution::created_ns.eq(created_ns).and(distribution::id.lt(Uuid::from_u128(id)));
        query = query.filter(older.or(same_time));
    }
    let rows: Vec<WholeRow> = query.load(conn).await?;
    with_details(conn, rows).await
}

async fn with_details(
    conn: &mut AsyncPgConnection,
    rows: Vec<WholeRow>,
) -> Result<Vec<Distribution>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|(whole, _, _)| whole.id).collect();
    let mut decisions: Vec<DecisionRow> = holder_decision::table
        .filter(holder_decision::distribution_id.eq_any(&ids))
        .select(DecisionRow::as_select())
        .load(conn)
        .await?;
    let mut accounts: Vec<AccountRow> = redemption_account::table
        .filter(redemption_account::distribution_id.eq_any(&ids))
        .select(AccountRow::as_select())
        .load(conn)
        .await?;
    let versions: Vec<(Uuid, i32)> =
        rows.iter().map(|(whole, state, _)| (whole.id, state.terms_version)).collect();
    let mut amounts = amount_terms::load(conn, &versions).await?;
    let changed: Vec<(Uuid, i32)> = versions.into_iter().filter(|(_, version)| *version > 1).collect();
    let mut amended = amendments::load(conn, &changed).await?;
    // Asked for by the calculation, or before a change.
    let asked = rows.iter().filter(|(_, state, calculation)| {
        state.terms_version > 1 || calculation.as_ref().is_some_and(|calculation| calculation.approvers > 0)
    });
    let asked: Vec<Uuid> = asked.map(|(whole, _, _)| whole.id).collect();
    let mut requests = approvals::load(conn, &asked).await?;
    let whole = |(mut whole, state, calculation): WholeRow| {
        let id = whole.id;
        let decided = decisions.extract_if(.., |decision| decision.distribution_id == id).collect();
        let accounts = accounts.extract_if(.., |account| account.distribution_id == id).collect();
        let mut details = Details { decisions: decided, accounts, ..Details::default() };
        if let Some(amended) = amended.remove(&id) {
            (details.amendments, details.decisions) =
                amended.put_in_force(&mut whole, state.terms_version)?;
        }
        details.requests = requests.remove(&id).unwrap_or_default();
        details.amounts = amounts.remove(&(id, state.terms_version)).unwrap_or_default();
        Ok(whole.into_distribution(state, calculation, details)?)
    };
    rows.into_iter().map(whole).collect()
}

/// The names in the database of the states that are one phase of the contract.
fn state_names(phase: Phase) -> Vec<&'static str> {
    State::one_of_each().iter().filter(|state| state.phase() == phase).map(state_name).collect()
}
