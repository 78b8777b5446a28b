//! A request to create or change a schedule, read field by field.

use std::time::SystemTime;

use jiff::civil::DateTime;
use money::Network;
use proto::distribution::v1 as pb;
use schedule::{BusinessDayRule, BusinessDays, CatchUp, Ends, Recurrence, ScheduleError, Start};
use service_kit::error::FieldViolations;
use service_kit::validate::{self, MALFORMED, REQUIRED};

use super::draft;
use crate::app::{Draft, ScheduleDraft};
use crate::domain::schedule::{Timing, instant};
use crate::time;

const PREVIEW_DEFAULT: u32 = 10;
const PREVIEW_MAX: u32 = 1_000;
/// As `start_local` is written; seconds may be left out.
const LOCAL_FORMS: [&str; 2] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];

/// Reads a schedule to create, and how many of its next occurrences to tell.
pub(super) fn read(
    message: &pb::CreateScheduleRequest,
    network: Network,
    now: SystemTime,
) -> (ScheduleDraft, usize) {
    let mut violations = FieldViolations::new();
    let found = &mut violations;
    let now_ns = time::nanos_of(now);
    let count = match message.preview_count {
        0 => Some(PREVIEW_DEFAULT),
        count => validate::within(found, "preview_count", count, 1, PREVIEW_MAX),
    };
    let catch_up = validate::known(found, "catch_up", message.catch_up).and_then(|given| {
        let catch_up = policy(given);
        if catch_up.is_none() {
            found.add("catch_up", REQUIRED, "RUN_ONCE, SKIP or ALL");
        }
        catch_up
    });
    let terms = validate::required(found, "terms", message.terms.as_ref());
    let given = validate::required(found, "timing", message.timing.as_ref());
    let timing = given.and_then(|given| timing(found, given, now_ns));
    let terms = terms.map(|terms| self::terms(terms, network, now));
    (ScheduleDraft { terms, timing, catch_up, now_ns, violations }, count.unwrap_or_default() as usize)
}

/// Reads a change: what is absent stays as it is.
pub(super) fn read_update(
    message: &pb::UpdateScheduleRequest,
    network: Network,
    now: SystemTime,
) -> ScheduleDraft {
    let mut violations = FieldViolations::new();
    let now_ns = time::nanos_of(now);
    let timing = message.timing.as_ref().and_then(|given| timing(&mut violations, given, now_ns));
    let terms = message.terms.as_ref().map(|terms| self::terms(terms, network, now));
    let catch_up = validate::known(&mut violations, "catch_up", message.catch_up).and_then(policy);
    ScheduleDraft { terms, timing, catch_up, now_ns, violations }
}

/// The terms are a distribution's, read as such.
fn terms(terms: &pb::ScheduleTerms, network: Network, now: SystemTime) -> Draft {
    let same = pb::CreateDistributionRequest {
        asset_id: terms.asset_id.clone(),
        label: terms.label.clone(),
        kind: terms.kind,
        amount_rule: terms.amount_rule.clone(),
        payment_token: terms.payment_token.clone(),
        funding_account_id: terms.funding_account_id.clone(),
        record_time: None,
        snapshot_id: String::new(),
        holder_decisions: terms.holder_decisions.clone(),
        batch_size: terms.batch_size,
        parallelism: terms.parallelism,
        retry_policy: terms.retry_policy,
        execute_now: terms.execute_now,
        validate_only: false,
        change_threshold_ppm: 0,
        withholding: terms.withholding.clone(),
        minimum_amount: terms.minimum_amount.clone(),
    };
    draft::read(&same, network, now)
}

const fn policy(policy: pb::CatchUpPolicy) -> Option<CatchUp> {
    match policy {
        pb::CatchUpPolicy::Unspecified => None,
        pb::CatchUpPolicy::RunOnce => Some(CatchUp::RunOnce),
        pb::CatchUpPolicy::Skip => Some(CatchUp::Skip),
        pb::CatchUpPolicy::All => Some(CatchUp::All),
    }
}

fn timing(violations: &mut FieldViolations, given: &pb::Timing, now_ns: i64) -> Option<Timing> {
    let recurrence = recurrence(violations, given);
    if given.time_zone.is_empty() {
        violations.add("timing.time_zone", REQUIRED, "a name of the IANA database, as Europe/Berlin");
    }
    let start = start(violations, given, now_ns);
    let ends = ends(violations, given);
    let business_days = match &given.business_days {
        None => Some(None),
        Some(days) => business_days(violations, days).map(Some),
    };
    let zone = Some(given.time_zone.clone()).filter(|zone| !zone.is_empty());
    Some(Timing {
        recurrence: recurrence?,
        zone: zone?,
        start: start?,
        ends: ends?,
        business_days: business_days?,
    })
}

fn recurrence(violations: &mut FieldViolations, given: &pb::Timing) -> Option<Recurrence> {
    let frequency = match &given.recurrence {
        Some(pb::timing::Recurrence::Cron(cron)) => {
            let read = cron.parse().map_err(ScheduleError::from);
            if let Err(error) = &read {
                violations.add("timing.cron", error.reason(), error.to_string());
            }
            return read.ok().map(Recurrence::Cron);
        }
        Some(pb::timing::Recurrence::Frequency(number)) => {
            Some(validate::known(violations, "timing.frequency", *number)?)
        }
        None => None,
    };
    match frequency {
        Some(pb::Frequency::Once) => Some(Recurrence::Once),
        Some(pb::Frequency::Hourly) => Some(Recurrence::Hourly),
        Some(pb::Frequency::Daily) => Some(Recurrence::Daily),
        Some(pb::Frequency::Weekly) => Some(Recurrence::Weekly),
        Some(pb::Frequency::Monthly) => Some(Recurrence::Monthly),
        Some(pb::Frequency::Quarterly) => Some(Recurrence::Quarterly),
        Some(pb::Frequency::Yearly) => Some(Recurrence::Yearly),
        Some(pb::Frequency::Unspecified) | None => {
            violations.add("timing.frequency", REQUIRED, "a frequency, or a cron expression");
            None
        }
    }
}

fn start(violations: &mut FieldViolations, given: &pb::Timing, now_ns: i64) -> Option<Start> {
    match &given.start {
        None => Some(Start::At(instant(now_ns))),
        Some(pb::timing::Start::StartTime(at)) => {
            let nanos = draft::time(violations, "timing.start", Some(at))?;
            Some(Start::At(instant(nanos)))
        }
        Some(pb::timing::Start::StartLocal(text)) => {
            let read = LOCAL_FORMS.iter().find_map(|form| DateTime::strptime(form, text).ok());
            if read.is_none() {
                violations.add("timing.start", MALFORMED, "a time of the zone, as in 2026-01-31T09:00");
            }
            read.map(Start::Civil)
        }
    }
}

fn ends(violations: &mut FieldViolations, given: &pb::Timing) -> Option<Ends> {
    match &given.end {
        None => Some(Ends::Never),
        Some(pb::timing::End::EndTime(at)) => {
            let nanos = draft::time(violations, "timing.end", Some(at))?;
            Some(Ends::At(instant(nanos)))
        }
        Some(pb::timing::End::EndCount(count)) => {
            Some(Ends::After(validate::within(violations, "timing.end", *count, 0, i64::MAX.unsigned_abs())?))
        }
    }
}

fn business_days(violations: &mut FieldViolations, given: &pb::BusinessDays) -> Option<BusinessDays> {
    let field = "timing.business_days.rule";
    let rule = validate::known(violations, field, given.rule).and_then(|rule| match rule {
        pb::BusinessDayRule::Unspecified => {
            violations.add(field, REQUIRED, "FOLLOWING, MODIFIED_FOLLOWING or PRECEDING");
            None
        }
        pb::BusinessDayRule::Following => Some(BusinessDayRule::Following),
        pb::BusinessDayRule::ModifiedFollowing => Some(BusinessDayRule::ModifiedFollowing),
        pb::BusinessDayRule::Preceding => Some(BusinessDayRule::Preceding),
    });
    let calendar = given.calendar.parse();
    if let Err(error) = &calendar {
        let error: &ScheduleError = error;
        violations.add("timing.business_days.calendar", error.reason(), error.to_string());
    }
    Some(BusinessDays { rule: rule?, calendar: calendar.ok()? })
}
