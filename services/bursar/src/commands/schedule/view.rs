//! Schedules and their occurrences as text, and the two answers that commands print.

use proto::distribution::v1::timing::{End, Recurrence, Start};
use proto::distribution::v1::{Frequency, Occurrence, Schedule, ScheduleDecision, Timing};

use crate::commands::distribution::show_amounts;
use crate::edge::json;
use crate::error::CommandError;
use crate::names;
use crate::output::table::{table, visible};
use crate::session::Session;
use crate::time;

/// The columns of a list of schedules.
pub(super) const COLUMNS: [&str; 6] = ["id", "label", "recurs", "state", "last execution", "next execution"];
const OCCURRENCE_COLUMNS: [&str; 6] = ["series", "number", "due", "nominal", "state", "distribution or why"];

/// A schedule as a row.
pub(super) fn row(schedule: &Schedule) -> [String; 6] {
    let due =
        |one: Option<&Occurrence>| one.map_or_else(String::new, |one| time::show(one.due_time.as_ref()));
    let next = schedule.next_occurrence.as_ref();
    [
        schedule.id.clone(),
        schedule.terms.as_ref().map(|terms| terms.label.clone()).unwrap_or_default(),
        schedule.timing.as_ref().map_or_else(String::new, recurs),
        state(schedule),
        due(schedule.last_occurrence.as_ref()),
        if schedule.problem.is_empty() { due(next) } else { schedule.problem.clone() },
    ]
}

fn state(schedule: &Schedule) -> String {
    names::short(Some(schedule.state().as_str_name()), "SCHEDULE_STATE_")
}

fn recurs(timing: &Timing) -> String {
    match &timing.recurrence {
        Some(Recurrence::Cron(cron)) => cron.clone(),
        Some(Recurrence::Frequency(frequency)) => {
            let name = Frequency::try_from(*frequency).ok().map(|frequency| frequency.as_str_name());
            names::short(name, "FREQUENCY_").to_lowercase()
        }
        None => String::new(),
    }
}

/// A schedule in a few lines.
fn text(schedule: &Schedule) -> String {
    let label = schedule.terms.as_ref().map_or("", |terms| terms.label.as_str());
    let mut lines = vec![format!("{} \"{}\": {}", schedule.id, visible(label), state(schedule))];
    lines.extend(schedule.timing.as_ref().map(timing));
    if let Some(terms) = &schedule.terms {
        let (withholding, minimum) = (terms.withholding.as_ref(), terms.minimum_amount.as_ref());
        lines.extend(show_amounts::lines(terms.amount_rule.as_ref(), withholding, minimum, None));
    }
    let policy = names::short(Some(schedule.catch_up().as_str_name()), "CATCH_UP_POLICY_").to_lowercase();
    lines.push(format!(
        "  catch-up {}, version {}, series {}",
        policy.replace('_', "-"),
        schedule.version,
        schedule.series
    ));
    let shown = |what: &str, one: &Occurrence| {
        let due = time::show(one.due_time.as_ref());
        let distribution = if one.distribution_id.is_empty() { "" } else { ", " };
        format!("  {what} execution: number {}, {due}{distribution}{}", one.number, one.distribution_id)
    };
    lines.extend(schedule.last_occurrence.as_ref().map(|one| shown("last", one)));
    lines.extend(schedule.next_occurrence.as_ref().map(|one| shown("next", one)));
    if !schedule.problem.is_empty() {
        lines.push(format!("  the next execution cannot be told: {}", schedule.problem));
    }
    lines.extend(schedule.pause.as_ref().map(|by| decision("paused", by)));
    lines.extend(schedule.end.as_ref().map(|by| decision("ended", by)));
    lines.join("\n")
}

fn timing(timing: &Timing) -> String {
    let start = timing.start.as_ref().map(|start| match start {
        Start::StartTime(at) => format!("from {}", time::show(Some(at))),
        Start::StartLocal(at) => format!("from {at}"),
    });
    let end = timing.end.as_ref().map(|end| match end {
        End::EndTime(at) => format!("until {}", time::show(Some(at))),
        End::EndCount(count) => format!("until number {count}"),
    });
    let days = timing.business_days.as_ref().map(|days| {
        let rule = names::short(Some(days.rule().as_str_name()), "BUSINESS_DAY_RULE_").to_lowercase();
        format!("business days {} by {}", rule.replace('_', "-"), days.calendar)
    });
    let recurs = Some(format!("{} in {}", recurs(timing), timing.time_zone));
    let parts: Vec<String> = [recurs, start, end, days].into_iter().flatten().collect();
    format!("  {}", parts.join(", "))
}

fn decision(what: &str, decision: &ScheduleDecision) -> String {
    let by = if decision.by.is_empty() { "by itself" } else { decision.by.as_str() };
    format!("  {what}: {by}, {} {}", time::show(decision.time.as_ref()), visible(&decision.reason))
}

/// Prints a schedule.
pub(super) fn answer(session: &Session, schedule: Option<&Schedule>) -> Result<(), CommandError> {
    let schedule = schedule.ok_or(CommandError::missing("schedule"))?;
    Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Schedule", schedule), || text(schedule))?)
}

/// Prints occurrences.
pub(super) fn occurrences(session: &Session, found: &[Occurrence]) -> Result<(), CommandError> {
    let all = || json::list("bursar.distribution.v1.Occurrence", found);
    Ok(session.screen.answer(all, || table(&OCCURRENCE_COLUMNS, found.iter().map(occurrence)))?)
}

fn occurrence(one: &Occurrence) -> [String; 6] {
    let cause = names::short(Some(one.skip_cause().as_str_name()), "SKIP_CAUSE_").to_lowercase();
    let why = match (one.distribution_id.as_str(), one.skipped_by.as_str()) {
        ("", "") if cause == "unspecified" => String::new(),
        ("", "") => cause.replace('_', " "),
        ("", by) => format!("{by}: {}", one.skip_reason),
        (distribution, _) => distribution.to_owned(),
    };
    let number = match one.first_number {
        first if first == one.number => first.to_string(),
        first => format!("{first}-{}", one.number),
    };
    [
        one.series.to_string(),
        number,
        time::show(one.due_time.as_ref()),
        one.nominal_time.clone(),
        names::short(Some(one.state().as_str_name()), "OCCURRENCE_STATE_"),
        why,
    ]
}
