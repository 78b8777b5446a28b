//! Schedules and occurrences as the contract says them.

use jiff::Timestamp;
use money::{AssetCode, AssetKind};
use proto::distribution::v1 as pb;
use schedule::{BusinessDayRule, CatchUp, Ends, Occurrence, Recurrence, Start};

use super::{amounts, convert};
use crate::domain::distribution::{FromHolders, Terms};
use crate::domain::schedule::{Decision, Fate, Recorded, Schedule, Skip, Stand, Standing, Steer, Timing};
use crate::time::timestamp;

/// The series of a schedule that is not stored yet.
const FIRST: u32 = 1;

/// A schedule.
pub(super) fn schedule(whole: &Schedule) -> pb::Schedule {
    let terms = whole.plan.template.terms();
    let (next_occurrence, problem) = match whole.next() {
        Ok(next) => (next.map(|next| upcoming(whole, &next)), ""),
        Err(error) => (None, error.reason()),
    };
    let (pause, end) = match &whole.standing {
        Standing::Active => (None, None),
        Standing::Paused(by) => (Some(decision(by)), None),
        Standing::Ended(by) => (None, Some(decision(by))),
    };
    let allowed = whole.standing.allowed().into_iter().map(|steer| action(steer).into());
    pb::Schedule {
        id: whole.id.to_string(),
        terms: Some(self::terms(terms)),
        payment_decimals: terms.payment_decimals.into(),
        timing: Some(timing(&whole.plan.timing)),
        catch_up: policy(whole.plan.catch_up).into(),
        state: stand(whole.standing.stand()).into(),
        allowed_actions: allowed.collect(),
        version: whole.plan.version,
        series: whole.plan.series,
        next_occurrence,
        last_occurrence: whole.last_fired.as_ref().map(recorded),
        problem: problem.to_owned(),
        created_by: whole.created_by.clone(),
        create_time: Some(timestamp(whole.created_ns)),
        updated_by: whole.plan.decided_by.clone(),
        update_time: Some(timestamp(whole.plan.decided_ns)),
        pause,
        end,
    }
}

fn decision(decision: &Decision) -> pb::ScheduleDecision {
    pb::ScheduleDecision {
        by: decision.by.clone(),
        reason: decision.reason.clone(),
        time: Some(timestamp(decision.at_ns)),
    }
}

/// As they would be sent: reading, changing a field and sending the rest back changes that field alone.
fn terms(terms: &Terms<FromHolders>) -> pb::ScheduleTerms {
    pb::ScheduleTerms {
        asset_id: terms.source.asset.to_string(),
        label: terms.label.clone(),
        kind: convert::kind(terms.kind).into(),
        amount_rule: Some(amounts::amount_rule(&terms.source, &terms.payment_token)),
        payment_token: payment_token(&terms.payment_token),
        funding_account_id: terms.funding_account.to_string(),
        holder_decisions: convert::decisions(&terms.source),
        batch_size: terms.batch_size,
        parallelism: terms.parallelism,
        retry_policy: Some(terms.retry.into()),
        execute_now: terms.source.execute_now,
        withholding: amounts::withholding_out(&terms.source.deductions),
        minimum_amount: amounts::minimum_out(&terms.source.deductions, &terms.payment_token),
    }
}

fn payment_token(code: &AssetCode) -> String {
    match code.parts() {
        AssetKind::Hbar { .. } => "hbar".to_owned(),
        AssetKind::Token { token, .. } => token.to_owned(),
        AssetKind::Fiat { currency } => currency.to_owned(),
    }
}

fn timing(timing: &Timing) -> pb::Timing {
    let frequency = |frequency: pb::Frequency| pb::timing::Recurrence::Frequency(frequency.into());
    let recurrence = match &timing.recurrence {
        Recurrence::Once => frequency(pb::Frequency::Once),
        Recurrence::Hourly => frequency(pb::Frequency::Hourly),
        Recurrence::Daily => frequency(pb::Frequency::Daily),
        Recurrence::Weekly => frequency(pb::Frequency::Weekly),
        Recurrence::Monthly => frequency(pb::Frequency::Monthly),
        Recurrence::Quarterly => frequency(pb::Frequency::Quarterly),
        Recurrence::Yearly => frequency(pb::Frequency::Yearly),
        Recurrence::Cron(cron) => pb::timing::Recurrence::Cron(cron.to_string()),
    };
    let start = match timing.start {
        Start::At(at) => pb::timing::Start::StartTime(instant(at)),
        Start::Civil(at) => pb::timing::Start::StartLocal(at.to_string()),
    };
    let end = match timing.ends {
        Ends::Never => None,
        Ends::At(at) => Some(pb::timing::End::EndTime(instant(at))),
        Ends::After(count) => Some(pb::timing::End::EndCount(count)),
    };
    let business_days = timing.business_days.map(|days| pb::BusinessDays {
        rule: rule(days.rule).into(),
        calendar: days.calendar.name().to_owned(),
    });
    pb::Timing {
        recurrence: Some(recurrence),
        time_zone: timing.zone.clone(),
        start: Some(start),
        end,
        business_days,
    }
}

const fn rule(rule: BusinessDayRule) -> pb::BusinessDayRule {
    match rule {
        BusinessDayRule::Following => pb::BusinessDayRule::Following,
        BusinessDayRule::ModifiedFollowing => pb::BusinessDayRule::ModifiedFollowing,
        BusinessDayRule::Preceding => pb::BusinessDayRule::Preceding,
    }
}

const fn policy(policy: CatchUp) -> pb::CatchUpPolicy {
    match policy {
        CatchUp::RunOnce => pb::CatchUpPolicy::RunOnce,
        CatchUp::Skip => pb::CatchUpPolicy::Skip,
        CatchUp::All => pb::CatchUpPolicy::All,
    }
}

const fn stand(stand: Stand) -> pb::ScheduleState {
    match stand {
        Stand::Active => pb::ScheduleState::Active,
        Stand::Paused => pb::ScheduleState::Paused,
        Stand::Ended => pb::ScheduleState::Ended,
    }
}

/// The state that a list is filtered by; none is all.
pub(super) const fn stand_in(state: pb::ScheduleState) -> Option<Stand> {
    match state {
        pb::ScheduleState::Unspecified => None,
        pb::ScheduleState::Active => Some(Stand::Active),
        pb::ScheduleState::Paused => Some(Stand::Paused),
        pb::ScheduleState::Ended => Some(Stand::Ended),
    }
}

const fn action(steer: Steer) -> pb::ScheduleAction {
    match steer {
        Steer::Update => pb::ScheduleAction::Update,
        Steer::Pause => pb::ScheduleAction::Pause,
        Steer::Resume => pb::ScheduleAction::Resume,
        Steer::End => pb::ScheduleAction::End,
        Steer::Skip => pb::ScheduleAction::SkipOccurrence,
    }
}

fn instant(at: Timestamp) -> prost_types::Timestamp {
    let since = at.as_nanosecond();
    let second = 1_000_000_000;
    // Rounded down also before 1970, as the contract's times are.
    let seconds = i64::try_from(since.div_euclid(second)).expect("jiff's years fit");
    let nanos = i32::try_from(since.rem_euclid(second)).expect("less than 10^9");
    prost_types::Timestamp { seconds, nanos }
}

/// An occurrence of a schedule that is not stored.
pub(super) fn previewed(occurrence: &Occurrence) -> pb::Occurrence {
    pb::Occurrence {
        series: FIRST,
        number: occurrence.number,
        due_time: Some(instant(occurrence.time.timestamp())),
        nominal_time: occurrence.nominal.to_string(),
        state: pb::OccurrenceState::Upcoming.into(),
        first_number: occurrence.number,
        ..pb::Occurrence::default()
    }
}

/// An occurrence to come, or one that somebody skipped ahead.
pub(super) fn upcoming(schedule: &Schedule, occurrence: &Occurrence) -> pb::Occurrence {
    let mut shown = pb::Occurrence { series: schedule.plan.series, ..previewed(occurrence) };
    if schedule.skipped.contains(&occurrence.number) {
        shown.set_state(pb::OccurrenceState::Skipped);
        shown.set_skip_cause(pb::SkipCause::Person);
    }
    shown
}

/// An occurrence that is decided.
pub(super) fn recorded(recorded: &Recorded) -> pb::Occurrence {
    let mut shown = pb::Occurrence {
        series: recorded.series,
        number: recorded.number,
        due_time: Some(timestamp(recorded.due_ns)),
        nominal_time: recorded.nominal.clone(),
        first_number: recorded.first_number,
        decide_time: Some(timestamp(recorded.decided_ns)),
        ..pb::Occurrence::default()
    };
    match &recorded.fate {
        Fate::Fired(distribution) => {
            shown.set_state(pb::OccurrenceState::Fired);
            shown.distribution_id = distribution.to_string();
        }
        Fate::Skipped(skip) => {
            shown.set_state(pb::OccurrenceState::Skipped);
            if let Skip::Person { by, reason } = skip {
                (shown.skipped_by, shown.skip_reason) = (by.clone(), reason.clone());
            }
            shown.set_skip_cause(match skip {
                Skip::Person { .. } => pb::SkipCause::Person,
                Skip::CatchUp => pb::SkipCause::CatchUp,
                Skip::TimingChanged => pb::SkipCause::TimingChanged,
            });
        }
    }
    shown
}
