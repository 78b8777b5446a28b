//! The rows of a schedule, and the domain types they make.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable};
use ids::{AssetId, DistributionId, ScheduleId, Uuid};
use pg::Numeric128;
use schedule::{BusinessDayRule, BusinessDays, CatchUp, Ends, Recurrence, Start};

use super::Inconsistent;
use super::amount_terms::AmountTerms;
use super::rows::{DistributionRow, HOLDERS, account, known, number};
use super::schema::{self, occurrence, schedule_holder_decision, schedule_state, schedule_version};
use crate::domain::account::Account;
use crate::domain::distribution::{FromHolders, Terms};
use crate::domain::schedule::{
    Decision, Fate, Plan, Recorded, Skip, Stand, Standing, Template, Timing, instant, nanos,
};
use crate::domain::treatment::Treatment;

const VERSION: &str = "schedule_version";
const STATE: &str = "schedule_state";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::schedule, check_for_backend(diesel::pg::Pg))]
pub(super) struct ScheduleRow {
    pub(super) id: Uuid,
    pub(super) asset_id: Uuid,
    pub(super) created_by: String,
    pub(super) created_ns: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = schedule_version, check_for_backend(diesel::pg::Pg))]
pub(super) struct VersionRow {
    schedule_id: Uuid,
    version: i32,
    series: i32,
    label: String,
    kind: String,
    rate: Option<String>,
    amount_units: Option<Numeric128>,
    amount_base: Option<String>,
    payment_token: String,
    payment_decimals: i16,
    funding_account_id: Uuid,
    treasury: i64,
    funding: i64,
    fee_payer: i64,
    batch_size: i32,
    parallelism: i32,
    retry_base_ns: i64,
    retry_cap_ns: i64,
    /// Attempts of class RETRYABLE, factor in hundredths, jitter in percent, attempts of class RECIPIENT.
    retry_numbers: Vec<i32>,
    execute_now: bool,
    frequency: String,
    cron: Option<String>,
    zone: String,
    start_ns: Option<i64>,
    start_local: Option<String>,
    end_ns: Option<i64>,
    end_count: Option<i64>,
    business_day_rule: Option<String>,
    calendar: Option<String>,
    catch_up: String,
    decided_by: String,
    decided_ns: i64,
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = schedule_holder_decision, check_for_backend(diesel::pg::Pg))]
pub(super) struct HolderDecisionRow {
    pub(super) schedule_id: Uuid,
    pub(super) version: i32,
    account: i64,
    treatment: i16,
}

/// Where a schedule stands, as it is read and written.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = schedule_state, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(super) struct StandingRow {
    version: i32,
    state: String,
    settled: i64,
    wake_ns: Option<i64>,
    changed_by: Option<String>,
    change_reason: Option<String>,
    changed_ns: Option<i64>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = occurrence, check_for_backend(diesel::pg::Pg))]
pub(super) struct OccurrenceRow {
    pub(super) schedule_id: Uuid,
    pub(super) series: i32,
    pub(super) number: i64,
    first_number: i64,
    due_ns: i64,
    nominal: String,
    distribution_id: Option<Uuid>,
    skip_cause: Option<String>,
    skip_reason: String,
    skipped_by: String,
    decided_ns: i64,
}

/// The column of a number of an occurrence.
pub(super) fn column(number: u64) -> i64 {
    // A series ends before that: it has 11 million days with 1440 times each.
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn frequency(recurrence: &Recurrence) -> &'static str {
    match recurrence {
        Recurrence::Once => "ONCE",
        Recurrence::Hourly => "HOURLY",
        Recurrence::Daily => "DAILY",
        Recurrence::Weekly => "WEEKLY",
        Recurrence::Monthly => "MONTHLY",
        Recurrence::Quarterly => "QUARTERLY",
        Recurrence::Yearly => "YEARLY",
        Recurrence::Cron(_) => "CRON",
    }
}

const fn rule_name(rule: BusinessDayRule) -> &'static str {
    match rule {
        BusinessDayRule::Following => "FOLLOWING",
        BusinessDayRule::ModifiedFollowing => "MODIFIED_FOLLOWING",
        BusinessDayRule::Preceding => "PRECEDING",
    }
}

const fn policy_name(policy: CatchUp) -> &'static str {
    match policy {
        CatchUp::RunOnce => "RUN_ONCE",
        CatchUp::Skip => "SKIP",
        CatchUp::All => "ALL",
    }
}

impl VersionRow {
    pub(super) fn of(id: ScheduleId, plan: &Plan) -> Self {
        let schedule_id = id.as_uuid();
        let terms = plan.template.terms();
        let columns = Terms::from(terms.clone());
        let same = DistributionRow::of(schedule_id, schedule_id, &columns, &plan.decided_by, plan.decided_ns);
        let Timing { recurrence, zone, start, ends, business_days } = &plan.timing;
        let (start_ns, start_local) = match start {
            Start::At(at) => (Some(nanos(*at)), None),
            Start::Civil(at) => (None, Some(at.to_string())),
        };
        let (end_ns, end_count) = match ends {
            Ends::Never => (None, None),
            Ends::At(at) => (Some(nanos(*at)), None),
            Ends::After(count) => (None, Some(column(*count))),
        };
        Self {
            schedule_id,
            version: plan.version.cast_signed(),
            series: plan.series.cast_signed(),
            label: same.label,
            kind: same.kind,
            rate: same.rate,
            amount_units: same.amount_units,
            amount_base: same.amount_base,
            payment_token: same.payment_token,
            payment_decimals: same.payment_decimals,
            funding_account_id: same.funding_account_id,
            treasury: same.treasury,
            funding: same.funding,
            fee_payer: same.fee_payer,
            batch_size: same.batch_size,
            parallelism: same.parallelism,
            retry_base_ns: same.retry_base_ns,
            retry_cap_ns: same.retry_cap_ns,
            retry_numbers: [vec![same.retry_max_attempts], same.retry_shape].concat(),
            execute_now: same.execute_now,
            frequency: frequency(recurrence).to_owned(),
            cron: if let Recurrence::Cron(cron) = recurrence { Some(cron.to_string()) } else { None },
            zone: zone.clone(),
            start_ns,
            start_local,
            end_ns,
            end_count,
            business_day_rule: business_days.map(|days| rule_name(days.rule).to_owned()),
            calendar: business_days.map(|days| days.calendar.name().to_owned()),
            catch_up: policy_name(plan.catch_up).to_owned(),
            decided_by: same.created_by,
            decided_ns: same.created_ns,
        }
    }

    pub(super) const fn number(&self) -> i32 {
        self.version
    }

    pub(super) fn into_plan(
        self,
        asset: AssetId,
        decisions: Vec<HolderDecisionRow>,
        amounts: AmountTerms,
    ) -> Result<Plan, Inconsistent> {
        let decisions = decisions.into_iter().map(HolderDecisionRow::into_decision);
        let decisions = decisions.collect::<Result<BTreeMap<_, _>, _>>()?;
        let id = self.schedule_id;
        let count = |value: i32, column| known(u32::try_from(value).ok(), VERSION, id, column);
        let catch_up = [CatchUp::RunOnce, CatchUp::Skip, CatchUp::All]
            .into_iter()
            .find(|policy| policy_name(*policy) == self.catch_up);
        Ok(Plan {
            version: count(self.version, "version")?,
            series: count(self.series, "series")?,
            timing: self.timing()?,
            catch_up: known(catch_up, VERSION, id, "catch_up")?,
            decided_by: self.decided_by.clone(),
            decided_ns: self.decided_ns,
            template: Template::of(self.into_terms(asset, decisions, amounts)?),
        })
    }

    fn into_terms(
        self,
        asset: AssetId,
        decisions: BTreeMap<Account, Treatment>,
        amounts: AmountTerms,
    ) -> Result<Terms<FromHolders>, Inconsistent> {
        let Some((&retry_max_attempts, retry_shape)) = self.retry_numbers.split_first() else {
            return known(None, VERSION, self.schedule_id, "retry_numbers");
        };
        let row = DistributionRow {
            id: self.schedule_id,
            run_id: Uuid::nil(),
            asset_id: Some(asset.as_uuid()),
            label: self.label,
            kind: self.kind,
            rate: self.rate,
            amount_units: self.amount_units,
            amount_base: self.amount_base,
            payment_token: self.payment_token,
            payment_decimals: self.payment_decimals,
            funding_account_id: self.funding_account_id,
            treasury: self.treasury,
            funding: self.funding,
            fee_payer: self.fee_payer,
            // Each occurrence has these of its own.
            record_time_ns: Some(0),
            snapshot_id: Some(Uuid::nil()),
            snapshot_reused: Some(false),
            batch_size: self.batch_size,
            parallelism: self.parallelism,
            retry_max_attempts,
            retry_base_ns: self.retry_base_ns,
            retry_cap_ns: self.retry_cap_ns,
            retry_shape: retry_shape.to_vec(),
            execute_now: self.execute_now,
            created_by: self.decided_by,
            created_ns: self.decided_ns,
            source: HOLDERS.to_owned(),
            rerun_of: None,
        };
        row.terms(VERSION, row.holders(VERSION, decisions, BTreeSet::new(), amounts)?)
    }

    fn timing(&self) -> Result<Timing, Inconsistent> {
        let wrong = |column| Inconsistent { table: VERSION, row: self.schedule_id.to_string(), column };
        let recurrence = match (self.frequency.as_str(), &self.cron) {
            ("ONCE", None) => Recurrence::Once,
            ("HOURLY", None) => Recurrence::Hourly,
            ("DAILY", None) => Recurrence::Daily,
            ("WEEKLY", None) => Recurrence::Weekly,
            ("MONTHLY", None) => Recurrence::Monthly,
            ("QUARTERLY", None) => Recurrence::Quarterly,
            ("YEARLY", None) => Recurrence::Yearly,
            ("CRON", Some(cron)) => Recurrence::Cron(cron.parse().map_err(|_| wrong("cron"))?),
            _ => return Err(wrong("frequency")),
        };
        let start = match (self.start_ns, &self.start_local) {
            (Some(ns), None) => Start::At(instant(ns)),
            (None, Some(local)) => Start::Civil(local.parse().map_err(|_| wrong("start_local"))?),
            _ => return Err(wrong("start_ns")),
        };
        let ends = match (self.end_ns, self.end_count) {
            (None, None) => Ends::Never,
            (Some(ns), None) => Ends::At(instant(ns)),
            (None, Some(count)) => Ends::After(u64::try_from(count).map_err(|_| wrong("end_count"))?),
            (Some(_), Some(_)) => return Err(wrong("end_ns")),
        };
        let business_days = match (self.business_day_rule.as_deref(), &self.calendar) {
            (None, None) => None,
            (Some(name), Some(calendar)) => {
                let rule = match name {
                    "FOLLOWING" => BusinessDayRule::Following,
                    "MODIFIED_FOLLOWING" => BusinessDayRule::ModifiedFollowing,
                    "PRECEDING" => BusinessDayRule::Preceding,
                    _ => return Err(wrong("business_day_rule")),
                };
                Some(BusinessDays { rule, calendar: calendar.parse().map_err(|_| wrong("calendar"))? })
            }
            _ => return Err(wrong("calendar")),
        };
        Ok(Timing { recurrence, zone: self.zone.clone(), start, ends, business_days })
    }
}

impl HolderDecisionRow {
    pub(super) fn all(id: ScheduleId, plan: &Plan) -> Vec<Self> {
        let (schedule_id, version) = (id.as_uuid(), plan.version.cast_signed());
        let row = |(holder, treatment): (&Account, &Treatment)| Self {
            schedule_id,
            version,
            account: number(*holder),
            treatment: treatment.code(),
        };
        plan.template.terms().source.decisions.iter().map(row).collect()
    }

    fn into_decision(self) -> Result<(Account, Treatment), Inconsistent> {
        let table = "schedule_holder_decision";
        let holder = account(self.account, table, self.schedule_id, "account")?;
        let treatment = Treatment::from_code(self.treatment);
        Ok((holder, known(treatment, table, self.schedule_id, "treatment")?))
    }
}

impl StandingRow {
    pub(super) fn of(version: u32, standing: &Standing, settled: u64, wake_ns: Option<i64>) -> Self {
        let decision = match standing {
            Standing::Active => None,
            Standing::Paused(decision) | Standing::Ended(decision) => Some(decision.clone()),
        };
        Self {
            version: version.cast_signed(),
            state: standing.stand().as_str().to_owned(),
            settled: column(settled),
            wake_ns,
            changed_ns: decision.as_ref().map(|decision| decision.at_ns),
            change_reason: decision.as_ref().map(|decision| decision.reason.clone()),
            changed_by: decision.map(|decision| decision.by),
        }
    }

    pub(super) fn into_standing(self, id: Uuid) -> Result<(Standing, u64), Inconsistent> {
        let settled = known(u64::try_from(self.settled).ok(), STATE, id, "settled")?;
        let decision = (self.changed_by, self.change_reason, self.changed_ns);
        let decision = if let (Some(by), Some(reason), Some(at_ns)) = decision {
            Some(Decision { by, reason, at_ns })
        } else {
            None
        };
        let stand = Stand::ALL.into_iter().find(|stand| stand.as_str() == self.state);
        let standing = match (known(stand, STATE, id, "state")?, decision) {
            (Stand::Active, None) => Standing::Active,
            (Stand::Paused, Some(decision)) => Standing::Paused(decision),
            (Stand::Ended, Some(decision)) => Standing::Ended(decision),
            _ => return known(None, STATE, id, "changed_by"),
        };
        Ok((standing, settled))
    }
}

impl OccurrenceRow {
    pub(super) fn of(id: ScheduleId, recorded: &Recorded) -> Self {
        let (distribution_id, skip) = match &recorded.fate {
            Fate::Fired(distribution) => (Some(distribution.as_uuid()), None),
            Fate::Skipped(skip) => (None, Some(skip)),
        };
        let (skipped_by, skip_reason) = match skip {
            Some(Skip::Person { by, reason }) => (by.clone(), reason.clone()),
            Some(Skip::CatchUp | Skip::TimingChanged) | None => Default::default(),
        };
        let cause = skip.map(|skip| match skip {
            Skip::Person { .. } => "PERSON",
            Skip::CatchUp => "CATCH_UP",
            Skip::TimingChanged => "TIMING_CHANGED",
        });
        Self {
            schedule_id: id.as_uuid(),
            series: recorded.series.cast_signed(),
            number: column(recorded.number),
            first_number: column(recorded.first_number),
            due_ns: recorded.due_ns,
            nominal: recorded.nominal.clone(),
            distribution_id,
            skip_cause: cause.map(str::to_owned),
            skip_reason,
            skipped_by,
            decided_ns: recorded.decided_ns,
        }
    }

    pub(super) fn into_recorded(self) -> Result<Recorded, Inconsistent> {
        const TABLE: &str = "occurrence";
        let id = self.schedule_id;
        let number = |value: i64, column| known(u64::try_from(value).ok(), TABLE, id, column);
        let fate = match (self.distribution_id, self.skip_cause.as_deref()) {
            (Some(distribution), None) => Fate::Fired(DistributionId::from_uuid(distribution)),
            (None, Some("PERSON")) => {
                Fate::Skipped(Skip::Person { by: self.skipped_by, reason: self.skip_reason })
            }
            (None, Some("CATCH_UP")) => Fate::Skipped(Skip::CatchUp),
            (None, Some("TIMING_CHANGED")) => Fate::Skipped(Skip::TimingChanged),
            _ => return known(None, TABLE, id, "skip_cause"),
        };
        Ok(Recorded {
            series: known(u32::try_from(self.series).ok(), TABLE, id, "series")?,
            number: number(self.number, "number")?,
            first_number: number(self.first_number, "first_number")?,
            due_ns: self.due_ns,
            nominal: self.nominal,
            fate,
            decided_ns: self.decided_ns,
        })
    }
}
