//! Daylight saving: three zones, one of which shifts by half an hour, and one whose gap crosses midnight.

use jiff::civil::time;
use schedule::{Ends, Recurrence, Schedule, Start, Terms};

use crate::words::{TestResult, at, first, schedule, show, times};

/// Rule, zone, start on the wall clock, the times.
const TABLE: [(&str, &str, &str, &[&str]); 20] = [
    // Berlin leaves out 02:00 to 03:00 on 29 March 2026 and repeats it on 25 October.
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T00:00",
        &["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
    ),
    (
        "0 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00",
        &["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"],
    ),
    (
        "0 3 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00",
        &["2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"],
    ),
    (
        "0 2,3 * * *",
        "Europe/Berlin",
        "2026-03-29T00:00",
        &["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"],
    ),
    (
        "*/30 1-3 * * *",
        "Europe/Berlin",
        "2026-03-29T00:00",
        &[
            "2026-03-29T01:00:00+01:00",
            "2026-03-29T01:30:00+01:00",
            "2026-03-29T03:00:00+02:00",
            "2026-03-29T03:30:00+02:00",
            "2026-03-30T01:00:00+02:00",
        ],
    ),
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T00:00",
        &["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
    ),
    (
        "*/30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T00:00",
        &["2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:00:00+01:00"],
    ),
    (
        "daily",
        "Europe/Berlin",
        "2026-03-28T02:30",
        &["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
    ),
    (
        "weekly",
        "Europe/Berlin",
        "2026-10-18T02:30",
        &["2026-10-18T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-11-01T02:30:00+01:00"],
    ),
    (
        "hourly",
        "Europe/Berlin",
        "2026-03-29T01:00",
        &["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"],
    ),
    (
        "hourly",
        "Europe/Berlin",
        "2026-10-25T01:30",
        &[
            "2026-10-25T01:30:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T03:30:00+01:00",
        ],
    ),
    // New York leaves out 02:00 to 03:00 on 8 March 2026 and repeats 01:00 to 02:00 on 1 November.
    (
        "30 2 * * *",
        "America/New_York",
        "2026-03-07T12:00",
        &["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"],
    ),
    (
        "30 1 * * *",
        "America/New_York",
        "2026-11-01T00:00",
        &["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"],
    ),
    (
        "0 9 * * *",
        "America/New_York",
        "2026-03-07T00:00",
        &["2026-03-07T09:00:00-05:00", "2026-03-08T09:00:00-04:00"],
    ),
    // Lord Howe leaves out 02:00 to 02:30 on 4 October 2026 and repeats 01:30 to 02:00 on 5 April.
    (
        "0 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00",
        &["2026-10-04T02:30:00+11:00", "2026-10-05T02:00:00+11:00"],
    ),
    (
        "0,15,40 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-04T00:00",
        &["2026-10-04T02:30:00+11:00", "2026-10-04T02:40:00+11:00", "2026-10-05T02:00:00+11:00"],
    ),
    (
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-05T00:00",
        &["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"],
    ),
    (
        "hourly",
        "Australia/Lord_Howe",
        "2026-04-05T01:00",
        &["2026-04-05T01:00:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T02:30:00+10:30"],
    ),
    // Nuuk leaves out the last hour of 28 March 2026: half past eleven is midnight, which has a time after it.
    (
        "30 0,23 * * *",
        "America/Nuuk",
        "2026-03-28T12:00",
        &["2026-03-29T00:00:00-01:00", "2026-03-29T00:30:00-01:00", "2026-03-29T23:30:00-01:00"],
    ),
    // Apia left out the whole of 30 December 2011.
    (
        "0 9 * * *",
        "Pacific/Apia",
        "2011-12-29T00:00",
        &["2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"],
    ),
];

#[test]
fn clocks_that_change_are_followed_as_documented() -> TestResult {
    for (rule, zone, start, expected) in TABLE {
        let schedule = schedule(rule, zone, start)?;
        assert_eq!(times(&schedule, expected.len())?, expected, "{rule} in {zone} from {start}");
    }
    Ok(())
}

#[test]
fn a_time_that_the_clock_leaves_out_says_so_and_keeps_its_nominal_time() -> TestResult {
    let schedule = schedule("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00")?;
    let found = first(&schedule, 3)?;
    let moved: Vec<_> = found.iter().map(|one| one.moved.clock_change).collect();
    assert_eq!(moved, [false, true, false]);
    assert!(found.iter().all(|one| one.nominal.time() == time(2, 30, 0, 0) && !one.moved.business_day));
    Ok(())
}

#[test]
fn times_that_coincide_are_one_occurrence_with_the_last_number() -> TestResult {
    let schedule = schedule("0 * * * *", "Europe/Berlin", "2026-03-29T00:00")?;
    let found = first(&schedule, 24)?;
    let numbers: Vec<u64> = found.iter().map(|one| one.number).collect();
    assert_eq!(numbers[..4], [1, 2, 4, 5], "number 3 is passed over");
    assert_eq!(show(&found[2]), "2026-03-29T03:00:00+02:00");
    assert!(!found[2].moved.clock_change, "three o'clock is there by itself");
    assert_eq!((numbers[22], show(&found[22])), (24, "2026-03-29T23:00:00+02:00".to_owned()));
    Ok(())
}

#[test]
fn times_that_the_clock_leaves_out_together_are_one_occurrence_after_the_gap() -> TestResult {
    // Two o'clock and a quarter past are both half past two.
    let schedule = schedule("0,15,40 2 * * *", "Australia/Lord_Howe", "2026-10-04T00:00")?;
    let found: Vec<_> = first(&schedule, 3)?.iter().map(|one| (one.number, show(one))).collect();
    let expected = [
        (2, "2026-10-04T02:30:00+11:00"),
        (3, "2026-10-04T02:40:00+11:00"),
        (4, "2026-10-05T02:00:00+11:00"),
    ];
    assert_eq!(found, expected.map(|(number, time)| (number, time.to_owned())));
    Ok(())
}

#[test]
fn a_start_in_the_second_of_two_equal_hours_is_the_first_occurrence() -> TestResult {
    // 02:30 the second time, after the clock went back.
    let second = at("2026-10-25T01:30:00Z");
    for recurrence in [Recurrence::Once, Recurrence::Daily, Recurrence::Hourly] {
        let (zone, ends) = ("Europe/Berlin".to_owned(), Ends::Never);
        let terms = Terms { recurrence, zone, start: Start::At(second), ends, business_days: None };
        let schedule = Schedule::new(terms)?;
        assert_eq!(times(&schedule, 1)?, ["2026-10-25T02:30:00+01:00"]);
    }
    // A cron expression has no anchor, and its time on that day is over.
    let terms = Terms {
        recurrence: Recurrence::Cron("30 2 * * *".parse()?),
        zone: "Europe/Berlin".to_owned(),
        start: Start::At(second),
        ends: Ends::Never,
        business_days: None,
    };
    let found = first(&Schedule::new(terms)?, 1)?;
    assert_eq!((found[0].number, show(&found[0])), (1, "2026-10-26T02:30:00+01:00".to_owned()));
    Ok(())
}
