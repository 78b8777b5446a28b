//! Schedules in few words.

use jiff::Timestamp;
use jiff::civil::DateTime;
use schedule::{
    BusinessDayRule, BusinessDays, Calendar, Ends, Occurrence, Recurrence, Schedule, ScheduleError, Start,
    Terms,
};

pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

/// A recurrence by its name, or a cron expression.
pub(crate) fn recurrence(text: &str) -> Result<Recurrence, ScheduleError> {
    Ok(match text {
        "once" => Recurrence::Once,
        "hourly" => Recurrence::Hourly,
        "daily" => Recurrence::Daily,
        "weekly" => Recurrence::Weekly,
        "monthly" => Recurrence::Monthly,
        "quarterly" => Recurrence::Quarterly,
        "yearly" => Recurrence::Yearly,
        cron => Recurrence::Cron(cron.parse()?),
    })
}

/// A recurrence in a zone from a time on the zone's wall clock, for ever.
pub(crate) fn terms(rule: &str, zone: &str, start: &str) -> Result<Terms, Box<dyn std::error::Error>> {
    let start = Start::Civil(start.parse::<DateTime>()?);
    let zone = zone.to_owned();
    Ok(Terms { recurrence: recurrence(rule)?, zone, start, ends: Ends::Never, business_days: None })
}

pub(crate) fn schedule(rule: &str, zone: &str, start: &str) -> Result<Schedule, Box<dyn std::error::Error>> {
    Ok(Schedule::new(terms(rule, zone, start)?)?)
}

/// In UTC, moved to business days.
pub(crate) fn moved(
    rule: &str,
    start: &str,
    by: BusinessDayRule,
    calendar: Calendar,
) -> Result<Schedule, Box<dyn std::error::Error>> {
    let business_days = Some(BusinessDays { rule: by, calendar });
    Ok(Schedule::new(Terms { business_days, ..terms(rule, "UTC", start)? })?)
}

pub(crate) fn first(schedule: &Schedule, count: usize) -> Result<Vec<Occurrence>, ScheduleError> {
    schedule.occurrences().take(count).collect()
}

/// RFC 3339 with the zone's offset.
pub(crate) fn show(occurrence: &Occurrence) -> String {
    let time = &occurrence.time;
    time.timestamp().display_with_offset(time.offset()).to_string()
}

pub(crate) fn times(schedule: &Schedule, count: usize) -> Result<Vec<String>, ScheduleError> {
    Ok(first(schedule, count)?.iter().map(show).collect())
}

/// Numbers and dates.
pub(crate) fn days(schedule: &Schedule, count: usize) -> Result<Vec<(u64, String)>, ScheduleError> {
    Ok(first(schedule, count)?.iter().map(|one| (one.number, one.time.date().to_string())).collect())
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}
