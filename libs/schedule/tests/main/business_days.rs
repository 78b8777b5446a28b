//! Moving to business days.

use schedule::BusinessDayRule::{Following, ModifiedFollowing, Preceding};
use schedule::{BusinessDays, Calendar, Ends, Schedule, ScheduleError, Terms};

use crate::words::{TestResult, at, days, first, moved, show, terms};

/// A day, the rule, the calendar, the day that stands for it.
const TABLE: [(&str, schedule::BusinessDayRule, Calendar, &str); 20] = [
    // 31 May 2026 is a Sunday, 30 a Saturday.
    ("2026-05-30", Following, Calendar::Weekends, "2026-06-01"),
    ("2026-05-31", ModifiedFollowing, Calendar::Weekends, "2026-05-29"),
    ("2026-05-30", Preceding, Calendar::Weekends, "2026-05-29"),
    ("2026-05-29", ModifiedFollowing, Calendar::Weekends, "2026-05-29"),
    ("2026-05-16", ModifiedFollowing, Calendar::Weekends, "2026-05-18"),
    // Easter 2026 is 5 April, Easter 2024 is 31 March: Good Friday to Easter Monday cross the month's end.
    ("2026-04-03", Following, Calendar::Target2, "2026-04-07"),
    ("2026-04-06", Preceding, Calendar::Target2, "2026-04-02"),
    ("2024-03-29", Following, Calendar::Target2, "2024-04-02"),
    ("2024-03-29", ModifiedFollowing, Calendar::Target2, "2024-03-28"),
    ("2024-04-01", ModifiedFollowing, Calendar::Target2, "2024-04-02"),
    ("2026-12-25", Following, Calendar::Target2, "2026-12-28"),
    ("2026-05-25", Following, Calendar::Target2, "2026-05-25"),
    ("2026-05-25", Following, Calendar::UsFed, "2026-05-26"),
    // Independence Day 2026 is a Saturday and not moved; in 2027 it is a Sunday and kept on Monday.
    ("2026-07-03", Following, Calendar::UsFed, "2026-07-03"),
    ("2027-07-04", Following, Calendar::UsFed, "2027-07-06"),
    ("2026-12-26", Following, Calendar::Uk, "2026-12-29"),
    ("2022-06-02", Following, Calendar::Uk, "2022-06-06"),
    ("2022-05-30", Following, Calendar::Uk, "2022-05-30"),
    ("2020-05-04", Following, Calendar::Uk, "2020-05-04"),
    ("2022-01-01", ModifiedFollowing, Calendar::Uk, "2022-01-04"),
];

#[test]
fn each_rule_finds_the_business_day_that_stands_for_a_day() -> TestResult {
    for (day, rule, calendar, expected) in TABLE {
        let found = BusinessDays { rule, calendar }.adjust(day.parse()?)?;
        assert_eq!(found.to_string(), expected, "{day} {rule:?} {calendar}");
    }
    Ok(())
}

#[test]
fn month_ends_stay_in_their_month_by_modified_following_and_keep_their_numbers() -> TestResult {
    let schedule = moved("monthly", "2026-01-31T09:00", ModifiedFollowing, Calendar::Target2)?;
    let expected = ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29", "2026-06-30"];
    let expected: Vec<(u64, String)> = (1..).zip(expected.map(str::to_owned)).collect();
    assert_eq!(days(&schedule, 6)?, expected);
    let first = &first(&schedule, 1)?[0];
    assert_eq!((first.nominal.to_string().as_str(), first.moved.business_day), ("2026-01-31T09:00:00", true));
    Ok(())
}

#[test]
fn occurrences_that_move_to_one_time_fire_once_with_the_last_number() -> TestResult {
    // Friday 1 May is closed, too: four days become one.
    let following = moved("daily", "2026-04-30T09:00", Following, Calendar::Target2)?;
    let expected = [(1, "2026-04-30"), (5, "2026-05-04"), (6, "2026-05-05")];
    assert_eq!(days(&following, 3)?, expected.map(|(number, day)| (number, day.to_owned())));
    let preceding = moved("daily", "2026-04-30T09:00", Preceding, Calendar::Target2)?;
    let expected = [(4, "2026-04-30"), (5, "2026-05-04"), (6, "2026-05-05")];
    assert_eq!(days(&preceding, 3)?, expected.map(|(number, day)| (number, day.to_owned())));
    let twice = moved("0 9,17 * * *", "2026-05-02T12:00", Following, Calendar::Weekends)?;
    let found: Vec<_> = first(&twice, 3)?.iter().map(|one| (one.number, show(one))).collect();
    let expected = [
        (4, "2026-05-04T09:00:00+00:00"),
        (5, "2026-05-04T17:00:00+00:00"),
        (6, "2026-05-05T09:00:00+00:00"),
    ];
    assert_eq!(found, expected.map(|(number, time)| (number, time.to_owned())));
    Ok(())
}

#[test]
fn an_end_is_compared_with_nominal_times() -> TestResult {
    let business_days = Some(BusinessDays { rule: Following, calendar: Calendar::Weekends });
    // The last one is of Saturday 30 May, and due two days after the end.
    let ends = Ends::At(at("2026-05-30T09:00:00Z"));
    let terms = Terms { ends, business_days, ..terms("monthly", "UTC", "2026-04-30T09:00")? };
    let expected = [(1, "2026-04-30"), (2, "2026-06-01")];
    assert_eq!(days(&Schedule::new(terms)?, 9)?, expected.map(|(number, day)| (number, day.to_owned())));
    Ok(())
}

#[test]
fn what_moved_past_a_time_is_still_seen_from_it() -> TestResult {
    let schedule = moved("monthly", "2026-01-31T09:00", Following, Calendar::Weekends)?;
    // Number 5, of Sunday 31 May, is due on Monday 1 June.
    let next = schedule.next_after(at("2026-05-31T12:00:00Z"))?.ok_or("one")?;
    assert_eq!((next.number, show(&next)), (5, "2026-06-01T09:00:00+00:00".to_owned()));
    let last = schedule.last_before(at("2026-06-01T09:00:00Z"))?.ok_or("one")?;
    assert_eq!((last.number, show(&last)), (4, "2026-04-30T09:00:00+00:00".to_owned()));
    Ok(())
}

#[test]
fn days_beyond_a_calendar_are_refused_and_never_guessed() -> TestResult {
    let schedule = moved("yearly", "2039-06-15T09:00", Following, Calendar::Target2)?;
    let found: Vec<_> = schedule.occurrences().collect();
    assert_eq!(found.len(), 3, "two years, and the error");
    let error = found[2].clone().expect_err("2041");
    assert_eq!((error.reason(), error.field()), ("CALENDAR_NOT_COVERED", "calendar"));
    assert_eq!(
        error.to_string(),
        "the calendar target2 covers the years 2020 to 2040, and 2041-06-15 is needed"
    );
    // A daily one by Preceding cannot tell whether the first days of 2041 would fall on the last of 2040.
    let daily = moved("daily", "2040-12-27T09:00", Preceding, Calendar::Target2)?;
    let dates: Result<Vec<_>, ScheduleError> = daily.occurrences().collect();
    assert!(matches!(dates, Err(ScheduleError::NotCovered(_))));
    assert_eq!(days(&daily, 2)?.len(), 2);
    assert_eq!(Calendar::Weekends.years(), None);
    assert!(
        moved("yearly", "2500-06-15T09:00", Following, Calendar::Weekends)?
            .occurrences()
            .take(9)
            .all(|one| one.is_ok())
    );
    Ok(())
}
