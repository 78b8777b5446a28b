//! What is refused, with which reason and about which field.

use schedule::BusinessDayRule::Following;
use schedule::{BusinessDays, Calendar, Ends, Recurrence, Schedule, ScheduleError, Start, Terms};

use crate::words::{TestResult, at, schedule, terms};

#[test]
fn a_schedule_that_cannot_be_is_refused_by_reason_and_field() -> TestResult {
    let good = || terms("0 9 1 * *", "Europe/Berlin", "2026-01-15T00:00");
    let cron = |text: &str| -> Result<Terms, Box<dyn std::error::Error>> {
        Ok(Terms { recurrence: Recurrence::Cron(text.parse()?), ..good()? })
    };
    let zone = |zone: &str| good().map(|good| Terms { zone: zone.to_owned(), ..good });
    let ends = |ends| good().map(|good| Terms { ends, ..good });
    let start = |start: &str| -> Result<Terms, Box<dyn std::error::Error>> {
        Ok(Terms { start: Start::Civil(start.parse()?), ..good()? })
    };
    let business_days = Some(BusinessDays { rule: Following, calendar: Calendar::Target2 });
    let table = [
        (cron("0 0 30 2 *")?, "NEVER_FIRES", "cron"),
        (cron("0 0 31 2,4,6,9,11 *")?, "NEVER_FIRES", "cron"),
        (zone("Mars/Olympus")?, "UNKNOWN_ZONE", "zone"),
        (zone("")?, "UNKNOWN_ZONE", "zone"),
        (zone("../etc/passwd")?, "UNKNOWN_ZONE", "zone"),
        (ends(Ends::At(at("2026-01-14T22:59:59Z")))?, "END_BEFORE_START", "end"),
        (ends(Ends::At(at("2026-02-01T07:59:59Z")))?, "NEVER_FIRES", "end"),
        (ends(Ends::After(0))?, "COUNT_ZERO", "count"),
        (start("1969-12-31T23:59")?, "START_OUT_OF_RANGE", "start"),
        (start("3000-01-01T00:00")?, "START_OUT_OF_RANGE", "start"),
        (
            Terms { recurrence: Recurrence::Hourly, business_days, ..good()? },
            "HOURLY_BY_BUSINESS_DAY",
            "business_day",
        ),
    ];
    for (terms, reason, field) in table {
        let told = format!("{terms:?}");
        let error = Schedule::new(terms).expect_err(&told);
        assert_eq!((error.reason(), error.field()), (reason, field), "{told}");
    }
    let error = ScheduleError::from("* * *".parse::<schedule::Cron>().expect_err("three fields"));
    assert_eq!((error.reason(), error.field()), ("INVALID_CRON", "cron"));
    let first = ends(Ends::At(at("2026-02-01T08:00:00Z")))?;
    assert_eq!(Schedule::new(first)?.occurrences().count(), 1, "an end at the first occurrence includes it");
    Ok(())
}

#[test]
fn a_preview_has_a_length() -> TestResult {
    let schedule = schedule("hourly", "UTC", "2026-01-01T00:00")?;
    let from = at("2026-01-01T00:00:00Z");
    for count in [0, 1_001, usize::MAX] {
        let error = schedule.preview(from, count).expect_err("1 to 1000");
        assert_eq!((error.reason(), error.field()), ("COUNT_OUT_OF_RANGE", "count"));
    }
    assert_eq!(schedule.preview(from, 1_000)?.len(), 1_000);
    Ok(())
}

#[test]
fn zones_are_shown_as_the_database_spells_them() -> TestResult {
    assert_eq!(schedule("daily", "europe/berlin", "2026-01-01T00:00")?.zone(), "Europe/Berlin");
    assert_eq!(schedule("daily", "UTC", "2026-01-01T00:00")?.zone(), "UTC");
    Ok(())
}

#[test]
fn series_end_with_the_calendar_and_not_with_a_crash() -> TestResult {
    for rule in ["hourly", "daily", "yearly", "* * * * *", "0 0 31 12 *"] {
        let schedule = schedule(rule, "Pacific/Kiritimati", "2999-12-31T00:00")?;
        for time in ["9998-12-30T00:00:00Z", "9999-12-30T00:00:00Z", "-009999-01-03T00:00:00Z"] {
            assert!(schedule.occurrences_from(at(time)).take(5).all(|one| one.is_ok()));
            schedule.last_before(at(time))?;
        }
        assert_eq!(schedule.next_after(at("9999-12-30T00:00:00Z"))?, None);
        assert!(schedule.occurrences_above(u64::MAX).next().is_none());
    }
    Ok(())
}
