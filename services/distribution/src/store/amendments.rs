//! Changes of terms: each version is a row that never changes, and `distribution_state` says which is in force.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, Uuid};
use pg::Numeric128;

use super::rows::{DecisionRow, DistributionRow, known};
use super::schema::{amended_holder_decision, amendment};
use super::{Inconsistent, StoreError, amount_terms};
use crate::domain::distribution::{Amendment, Source, Terms};

const TABLE: &str = "amendment";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = amendment, check_for_backend(diesel::pg::Pg))]
struct AmendmentRow {
    distribution_id: Uuid,
    version: i32,
    label: String,
    rate: Option<String>,
    amount_units: Option<Numeric128>,
    amount_base: Option<String>,
    payment_token: String,
    payment_decimals: i16,
    funding_account_id: Uuid,
    treasury: i64,
    funding: i64,
    fee_payer: i64,
    record_time_ns: Option<i64>,
    snapshot_id: Option<Uuid>,
    snapshot_reused: Option<bool>,
    batch_size: i32,
    parallelism: i32,
    retry_max_attempts: i32,
    retry_base_ns: i64,
    retry_cap_ns: i64,
    retry_shape: Vec<i32>,
    execute_now: bool,
    changed: Vec<String>,
    amended_by: String,
    amended_ns: i64,
}

/// The later versions of one distribution's terms, oldest first, and the last one's decisions on holders.
pub(super) struct Amended {
    versions: Vec<AmendmentRow>,
    decisions: Vec<DecisionRow>,
}

/// Stores another version of a distribution's terms; call it with the distribution's state locked. A second one of that
/// number is refused by the database.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    terms: &Terms,
    new: &Amendment,
) -> Result<(), StoreError> {
    let version = new.version.cast_signed();
    let row = AmendmentRow::of(id, terms, new);
    diesel::insert_into(amendment::table).values(row).execute(conn).await?;
    let decision = |(account, treatment): (&_, &_)| {
        let row = DecisionRow::new(id, *account, *treatment);
        (
            amended_holder_decision::distribution_id.eq(row.distribution_id),
            amended_holder_decision::version.eq(version),
            amended_holder_decision::account.eq(row.account),
            amended_holder_decision::treatment.eq(row.treatment),
        )
    };
    let Source::Holders(holders) = &terms.source else { return Ok(()) };
    let decisions: Vec<_> = holders.decisions.iter().map(decision).collect();
    diesel::insert_into(amended_holder_decision::table).values(decisions).execute(conn).await?;
    amount_terms::insert(conn, (id.as_uuid(), version), holders).await
}

/// The later versions of these distributions' terms, each up to the one that is in force.
pub(super) async fn load(
    conn: &mut AsyncPgConnection,
    in_force: &[(Uuid, i32)],
) -> Result<BTreeMap<Uuid, Amended>, StoreError> {
    let mut found: BTreeMap<Uuid, Amended> = BTreeMap::new();
    for (id, version) in in_force {
        let versions = amendment::table
            .filter(amendment::distribution_id.eq(id))
            // Another one may have come since.
            .filter(amendment::version.le(version))
            .order(amendment::version)
            .select(AmendmentRow::as_select())
            .load(conn)
            .await?;
        let decisions: Vec<(i64, i16)> = amended_holder_decision::table
            .filter(amended_holder_decision::distribution_id.eq(id))
            .filter(amended_holder_decision::version.eq(version))
            .select((amended_holder_decision::account, amended_holder_decision::treatment))
            .load(conn)
            .await?;
        let row = |(account, treatment)| DecisionRow { distribution_id: *id, account, treatment };
        let decisions = decisions.into_iter().map(row).collect();
        found.insert(*id, Amended { versions, decisions });
    }
    Ok(found)
}

impl Amended {
    /// Puts the terms of the version in force in the place of those the distribution was created with. Returns the history,
    /// and that version's decisions on holders.
    pub(super) fn put_in_force(
        self,
        whole: &mut DistributionRow,
        in_force: i32,
    ) -> Result<(Vec<Amendment>, Vec<DecisionRow>), Inconsistent> {
        let last = self.versions.last().filter(|last| last.version == in_force);
        known(last, TABLE, whole.id, "version")?.put_onto(whole);

        let history: Result<Vec<Amendment>, _> =
            self.versions.into_iter().map(AmendmentRow::into_amendment).collect();
        Ok((history?, self.decisions))
    }
}

impl AmendmentRow {
    fn of(id: DistributionId, terms: &Terms, new: &Amendment) -> Self {
        let id = id.as_uuid();
        let same = DistributionRow::of(id, id, terms, &new.by, new.at_ns);
        Self {
            distribution_id: id,
            version: new.version.cast_signed(),
            label: same.label,
            rate: same.rate,
            amount_units: same.amount_units,
            amount_base: same.amount_base,
            payment_token: same.payment_token,
            payment_decimals: same.payment_decimals,
            funding_account_id: same.funding_account_id,
            treasury: same.treasury,
            funding: same.funding,
            fee_payer: same.fee_payer,
            record_time_ns: same.record_time_ns,
            snapshot_id: same.snapshot_id,
            snapshot_reused: same.snapshot_reused,
            batch_size: same.batch_size,
            parallelism: same.parallelism,
            retry_max_attempts: same.retry_max_attempts,
            retry_base_ns: same.retry_base_ns,
            retry_cap_ns: same.retry_cap_ns,
            retry_shape: same.retry_shape,
            execute_now: same.execute_now,
            changed: new.changed.clone(),
            amended_by: same.created_by,
            amended_ns: same.created_ns,
        }
    }

    fn put_onto(&self, whole: &mut DistributionRow) {
        whole.label.clone_from(&self.label);
        whole.rate.clone_from(&self.rate);
        whole.amount_units = self.amount_units;
        whole.amount_base.clone_from(&self.amount_base);
        whole.payment_token.clone_from(&self.payment_token);
        whole.payment_decimals = self.payment_decimals;
        whole.funding_account_id = self.funding_account_id;
        whole.treasury = self.treasury;
        whole.funding = self.funding;
        whole.fee_payer = self.fee_payer;
        whole.record_time_ns = self.record_time_ns;
        whole.snapshot_id = self.snapshot_id;
        whole.snapshot_reused = self.snapshot_reused;
        whole.batch_size = self.batch_size;
        whole.parallelism = self.parallelism;
        whole.retry_max_attempts = self.retry_max_attempts;
        whole.retry_base_ns = self.retry_base_ns;
        whole.retry_cap_ns = self.retry_cap_ns;
        whole.retry_shape.clone_from(&self.retry_shape);
        whole.execute_now = self.execute_now;
    }

    fn into_amendment(self) -> Result<Amendment, Inconsistent> {
        let version = u32::try_from(self.version).ok();
        Ok(Amendment {
            version: known(version, TABLE, self.distribution_id, "version")?,
            changed: self.changed,
            by: self.amended_by,
            at_ns: self.amended_ns,
        })
    }
}
