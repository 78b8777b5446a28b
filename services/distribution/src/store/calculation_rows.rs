//! The row of a calculation, and the domain type it makes.

use diesel::prelude::{Insertable, Queryable, Selectable};
use ids::{DistributionId, Uuid};
use pg::Numeric128;

use super::Inconsistent;
use super::rows::known;
use super::schema::calculation;
use crate::domain::calculation::Totals;
use crate::domain::distribution::{Balances, Entitlements, Source};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = calculation, check_for_backend(diesel::pg::Pg))]
pub(super) struct CalculationRow {
    distribution_id: Uuid,
    calculation_id: Uuid,
    consensus_ns: Option<i64>,
    payee_count: i32,
    zero_count: i32,
    held_count: i32,
    excluded_count: i32,
    entitled: Numeric128,
    held: Numeric128,
    pool: Numeric128,
    residue: Numeric128,
    root: Vec<u8>,
    created_ns: i64,
    terms_version: i32,
    pub(super) approvers: i16,
    carried_count: i32,
    withheld: Numeric128,
    carried: Numeric128,
    brought: Numeric128,
}

impl CalculationRow {
    pub(super) fn new(
        distribution: DistributionId,
        terms_version: u32,
        result: &Entitlements,
        created_ns: i64,
    ) -> Self {
        let totals = &result.totals;
        Self {
            distribution_id: distribution.as_uuid(),
            calculation_id: result.calculation,
            consensus_ns: result.balances.map(|balances| balances.consensus_ns),
            payee_count: totals.payee_count.cast_signed(),
            zero_count: totals.zero_count.cast_signed(),
            held_count: totals.held_count.cast_signed(),
            excluded_count: totals.excluded_count.cast_signed(),
            entitled: Numeric128(totals.entitled),
            held: Numeric128(totals.held),
            pool: Numeric128(totals.pool),
            residue: Numeric128(totals.residue),
            root: result.root.to_vec(),
            created_ns,
            terms_version: terms_version.cast_signed(),
            approvers: result.approvers.into(),
            carried_count: totals.carried_count.cast_signed(),
            withheld: Numeric128(totals.withheld),
            carried: Numeric128(totals.carried),
            brought: Numeric128(totals.brought),
        }
    }

    pub(super) fn into_entitlements(self, source: &Source) -> Result<Entitlements, Inconsistent> {
        const TABLE: &str = "calculation";
        let row = self.distribution_id;
        let count = |value: i32, column| known(u32::try_from(value).ok(), TABLE, row, column);
        let totals = Totals {
            payee_count: count(self.payee_count, "payee_count")?,
            zero_count: count(self.zero_count, "zero_count")?,
            held_count: count(self.held_count, "held_count")?,
            excluded_count: count(self.excluded_count, "excluded_count")?,
            carried_count: count(self.carried_count, "carried_count")?,
            entitled: self.entitled.0,
            withheld: self.withheld.0,
            carried: self.carried.0,
            brought: self.brought.0,
            held: self.held.0,
            pool: self.pool.0,
            residue: self.residue.0,
        };
        let root = known(self.root.try_into().ok(), TABLE, row, "root")?;
        let approvers = known(u8::try_from(self.approvers).ok(), TABLE, row, "approvers")?;
        let balances = match source {
            Source::Holders(holders) => Some(Balances {
                snapshot: holders.snapshot.id(),
                consensus_ns: known(self.consensus_ns, TABLE, row, "consensus_ns")?,
            }),
            Source::List(_) => None,
        };
        Ok(Entitlements { calculation: self.calculation_id, balances, totals, root, approvers })
    }
}
