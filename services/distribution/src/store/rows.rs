//! The rows of a distribution, and the domain type they make together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use diesel::prelude::{Insertable, Queryable, Selectable};
use ids::{AssetId, DistributionId, FundingAccountId, RunId, SnapshotId, Uuid};
use money::Decimal;
use pg::Numeric128;

use super::Inconsistent;
use super::amount_terms::AmountTerms;
use super::calculation_rows::CalculationRow;
use super::schema::{distribution, holder_decision, redemption_account};
use super::state_rows::StateRow;
use crate::domain::account::Account;
use crate::domain::approval::Request;
use crate::domain::calculation::{AmountRule, PoolBase};
use crate::domain::distribution::{
    Amendment, Distribution, FromHolders, FromList, RetryPolicy, SnapshotChoice, Source, Terms,
};
use crate::domain::kind::Kind;
use crate::domain::treatment::{Decisions, Parties, Treatment};

/// The source of a distribution by balance.
pub(super) const HOLDERS: &str = "HOLDERS";
const LIST: &str = "LIST";
const ELIGIBLE_HOLDERS: &str = "ELIGIBLE_HOLDERS";
const TOTAL_SUPPLY: &str = "TOTAL_SUPPLY";
const EACH_HOLDER: &str = "EACH_HOLDER";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = distribution, check_for_backend(diesel::pg::Pg))]
pub(super) struct DistributionRow {
    pub(super) id: Uuid,
    pub(super) run_id: Uuid,
    pub(super) asset_id: Option<Uuid>,
    pub(super) label: String,
    pub(super) kind: String,
    pub(super) rate: Option<String>,
    pub(super) amount_units: Option<Numeric128>,
    pub(super) amount_base: Option<String>,
    pub(super) payment_token: String,
    pub(super) payment_decimals: i16,
    pub(super) funding_account_id: Uuid,
    pub(super) treasury: i64,
    pub(super) funding: i64,
    pub(super) fee_payer: i64,
    pub(super) record_time_ns: Option<i64>,
    pub(super) snapshot_id: Option<Uuid>,
    pub(super) snapshot_reused: Option<bool>,
    pub(super) batch_size: i32,
    pub(super) parallelism: i32,
    pub(super) retry_max_attempts: i32,
    pub(super) retry_base_ns: i64,
    pub(super) retry_cap_ns: i64,
    /// Factor in hundredths, jitter in percent, attempts of class RECIPIENT.
    pub(super) retry_shape: Vec<i32>,
    pub(super) execute_now: bool,
    pub(super) created_by: String,
    pub(super) created_ns: i64,
    pub(super) source: String,
    pub(super) rerun_of: Option<Uuid>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = holder_decision, check_for_backend(diesel::pg::Pg))]
pub(super) struct DecisionRow {
    pub(super) distribution_id: Uuid,
    pub(super) account: i64,
    pub(super) treatment: i16,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = redemption_account, check_for_backend(diesel::pg::Pg))]
pub(super) struct AccountRow {
    pub(super) distribution_id: Uuid,
    account: i64,
}

/// Rows of other tables that belong to one distribution.
#[derive(Default)]
pub(super) struct Details {
    /// Decisions on holders, of the version of the terms that is in force.
    pub(super) decisions: Vec<DecisionRow>,
    pub(super) accounts: Vec<AccountRow>,
    /// What else the version of the terms that is in force says of amounts.
    pub(super) amounts: AmountTerms,
    /// Oldest first.
    pub(super) amendments: Vec<Amendment>,
    /// Oldest first.
    pub(super) requests: Vec<Request>,
}

/// The value in a column, or which column of which row cannot be understood.
pub(super) fn known<T>(
    value: Option<T>,
    table: &'static str,
    row: Uuid,
    column: &'static str,
) -> Result<T, Inconsistent> {
    value.ok_or_else(|| Inconsistent { table, row: row.to_string(), column })
}

impl From<&Distribution> for DistributionRow {
    fn from(whole: &Distribution) -> Self {
        let (id, run) = (whole.id.as_uuid(), whole.run.as_uuid());
        Self::of(id, run, &whole.terms, &whole.created_by, whole.created_ns)
    }
}

/// The column of an account.
pub(super) fn number(account: Account) -> i64 {
    i64::try_from(account.number()).expect("account numbers are at most i64::MAX")
}

fn base_name(base: PoolBase) -> String {
    match base {
        PoolBase::EligibleHolders => ELIGIBLE_HOLDERS.to_owned(),
        PoolBase::TotalSupply => TOTAL_SUPPLY.to_owned(),
    }
}

fn nanos(duration: Duration) -> i64 {
    // 292 years; creating allows a day.
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn shape(retry: &RetryPolicy) -> Vec<i32> {
    let RetryPolicy { factor_hundredths, jitter_percent, recipient_max_attempts, .. } = *retry;
    [factor_hundredths, jitter_percent, recipient_max_attempts].map(u32::cast_signed).into()
}

/// The account in a column.
pub(super) fn account(
    number: i64,
    table: &'static str,
    row: Uuid,
    column: &'static str,
) -> Result<Account, Inconsistent> {
    let account = u64::try_from(number).ok().and_then(|number| Account::from_number(number).ok());
    known(account, table, row, column)
}

impl DistributionRow {
    /// The columns of these terms; those of a schedule have the same.
    pub(super) fn of(id: Uuid, run: Uuid, terms: &Terms, created_by: &str, created_ns: i64) -> Self {
        let holders = match &terms.source {
            Source::Holders(holders) => Some(holders),
            Source::List(_) => None,
        };
        let (rate, amount_units, amount_base) = match holders.map(|holders| holders.rule) {
            Some(AmountRule::PerToken(rate) | AmountRule::PercentOfValue { value: rate, .. }) => {
                (Some(rate.to_string()), None, None)
            }
            Some(AmountRule::PerHolder(units)) => {
                (None, Some(Numeric128(units)), Some(EACH_HOLDER.to_owned()))
            }
            Some(AmountRule::Pool { units, base }) => (None, Some(Numeric128(units)), Some(base_name(base))),
            None => (None, None, None),
        };
        Self {
            id,
            run_id: run,
            asset_id: terms.asset().map(|asset| asset.as_uuid()),
            label: terms.label.clone(),
            kind: terms.kind.as_str().to_owned(),
            rate,
            amount_units,
            amount_base,
            payment_token: terms.payment_token.to_string(),
            payment_decimals: terms.payment_decimals.into(),
            funding_account_id: terms.funding_account.as_uuid(),
            treasury: number(terms.parties.treasury),
            funding: number(terms.parties.funding),
            fee_payer: number(terms.parties.fee_payer),
            record_time_ns: holders.map(|holders| holders.record_time_ns),
            snapshot_id: holders.map(|holders| holders.snapshot.id().as_uuid()),
            snapshot_reused: holders.map(|holders| matches!(holders.snapshot, SnapshotChoice::Reused(_))),
            batch_size: terms.batch_size.cast_signed(),
            parallelism: terms.parallelism.cast_signed(),
            retry_max_attempts: terms.retry.max_attempts.cast_signed(),
            retry_base_ns: nanos(terms.retry.base),
            retry_cap_ns: nanos(terms.retry.cap),
            retry_shape: shape(&terms.retry),
            execute_now: terms.execute_now(),
            created_by: created_by.to_owned(),
            created_ns,
            source: if holders.is_some() { HOLDERS } else { LIST }.to_owned(),
            rerun_of: terms.rerun_of().map(|old| old.as_uuid()),
        }
    }

    /// The terms in these columns of a row of `table`, with what is found elsewhere.
    pub(super) fn terms<S>(&self, table: &'static str, source: S) -> Result<Terms<S>, Inconsistent> {
        let wrong = |column| Inconsistent { table, row: self.id.to_string(), column };
        let count = |value: i32, column| u32::try_from(value).map_err(|_| wrong(column));
        let &[factor_hundredths, jitter_percent, recipient_max_attempts] = self.retry_shape.as_slice() else {
            return Err(wrong("retry_shape"));
        };
        let shape = |value: i32| count(value, "retry_shape");
        let duration =
            |value: i64, column| u64::try_from(value).map(Duration::from_nanos).map_err(|_| wrong(column));
        Ok(Terms {
            label: self.label.clone(),
            kind: known(Kind::from_name(&self.kind), table, self.id, "kind")?,
            source,
            payment_token: self.payment_token.parse().map_err(|_| wrong("payment_token"))?,
            payment_decimals: u8::try_from(self.payment_decimals).map_err(|_| wrong("payment_decimals"))?,
            funding_account: FundingAccountId::from_uuid(self.funding_account_id),
            parties: Parties {
                treasury: account(self.treasury, table, self.id, "treasury")?,
                funding: account(self.funding, table, self.id, "funding")?,
                fee_payer: account(self.fee_payer, table, self.id, "fee_payer")?,
            },
            batch_size: count(self.batch_size, "batch_size")?,
            parallelism: count(self.parallelism, "parallelism")?,
            retry: RetryPolicy {
                max_attempts: count(self.retry_max_attempts, "retry_max_attempts")?,
                base: duration(self.retry_base_ns, "retry_base_ns")?,
                cap: duration(self.retry_cap_ns, "retry_cap_ns")?,
                factor_hundredths: shape(factor_hundredths)?,
                jitter_percent: shape(jitter_percent)?,
                recipient_max_attempts: shape(recipient_max_attempts)?,
            },
        })
    }

    /// What these columns of a row of `table` say of entitlements by balance.
    pub(super) fn holders(
        &self,
        table: &'static str,
        decisions: Decisions,
        accounts: BTreeSet<Account>,
        amounts: AmountTerms,
    ) -> Result<FromHolders, Inconsistent> {
        let snapshot = SnapshotId::from_uuid(known(self.snapshot_id, table, self.id, "snapshot_id")?);
        let reused = known(self.snapshot_reused, table, self.id, "snapshot_reused")?;
        Ok(FromHolders {
            asset: AssetId::from_uuid(known(self.asset_id, table, self.id, "asset_id")?),
            accounts,
            rule: known(self.rule(amounts.percent), table, self.id, "rate")?,
            deductions: amounts.deductions,
            record_time_ns: known(self.record_time_ns, table, self.id, "record_time_ns")?,
            snapshot: if reused { SnapshotChoice::Reused(snapshot) } else { SnapshotChoice::Own(snapshot) },
            decisions,
            execute_now: self.execute_now,
        })
    }

    fn source(
        &self,
        decisions: Decisions,
        accounts: BTreeSet<Account>,
        amounts: AmountTerms,
    ) -> Result<Source, Inconsistent> {
        const TABLE: &str = "distribution";
        match self.source.as_str() {
            HOLDERS => Ok(self.holders(TABLE, decisions, accounts, amounts)?.into()),
            LIST => Ok(Source::List(FromList {
                asset: self.asset_id.map(AssetId::from_uuid),
                rerun_of: self.rerun_of.map(DistributionId::from_uuid),
            })),
            _ => known(None, TABLE, self.id, "source"),
        }
    }

    fn rule(&self, percent: Option<Decimal>) -> Option<AmountRule> {
        match (&self.rate, self.amount_units, self.amount_base.as_deref()) {
            (Some(rate), None, None) => {
                let rate = rate.parse().ok()?;
                Some(percent.map_or(AmountRule::PerToken(rate), |percent| AmountRule::PercentOfValue {
                    percent,
                    value: rate,
                }))
            }
            (None, Some(Numeric128(units)), Some(EACH_HOLDER)) => Some(AmountRule::PerHolder(units)),
            (None, Some(Numeric128(units)), Some(ELIGIBLE_HOLDERS)) => {
                Some(AmountRule::Pool { units, base: PoolBase::EligibleHolders })
            }
            (None, Some(Numeric128(units)), Some(TOTAL_SUPPLY)) => {
                Some(AmountRule::Pool { units, base: PoolBase::TotalSupply })
            }
            _ => None,
        }
    }

    /// The distribution that these rows make together; the terms in this one are those in force.
    pub(super) fn into_distribution(
        self,
        state: StateRow,
        calculation: Option<CalculationRow>,
        details: Details,
    ) -> Result<Distribution, Inconsistent> {
        let decisions = details.decisions.into_iter().map(DecisionRow::into_decision);
        let accounts = details.accounts.into_iter().map(AccountRow::into_account);
        let accounts = accounts.collect::<Result<BTreeSet<_>, _>>()?;
        let decisions = decisions.collect::<Result<BTreeMap<_, _>, _>>()?;
        let source = self.source(decisions, accounts, details.amounts)?;
        let terms = self.terms("distribution", source)?;
        let entitlements = calculation.map(|row| row.into_entitlements(&terms.source)).transpose()?;
        let version = u32::try_from(state.terms_version).ok();
        Ok(Distribution {
            id: DistributionId::from_uuid(self.id),
            run: RunId::from_uuid(self.run_id),
            terms,
            terms_version: known(version, "distribution_state", self.id, "terms_version")?,
            amendments: details.amendments,
            created_by: self.created_by,
            created_ns: self.created_ns,
            version: state.version,
            cancel_reason: state.cancel_reason.clone(),
            executed_ns: state.executed_ns,
            report: state.report()?,
            state: state.into_state()?,
            entitlements,
            requests: details.requests,
        })
    }
}

impl DecisionRow {
    pub(super) fn new(distribution: DistributionId, holder: Account, treatment: Treatment) -> Self {
        Self { distribution_id: distribution.as_uuid(), account: number(holder), treatment: treatment.code() }
    }

    fn into_decision(self) -> Result<(Account, Treatment), Inconsistent> {
        let table = "holder_decision";
        let holder = account(self.account, table, self.distribution_id, "account")?;
        let treatment = Treatment::from_code(self.treatment);
        Ok((holder, known(treatment, table, self.distribution_id, "treatment")?))
    }
}

impl AccountRow {
    pub(super) fn new(distribution: DistributionId, holder: Account) -> Self {
        Self { distribution_id: distribution.as_uuid(), account: number(holder) }
    }

    fn into_account(self) -> Result<Account, Inconsistent> {
        account(self.account, "redemption_account", self.distribution_id, "account")
    }
}
