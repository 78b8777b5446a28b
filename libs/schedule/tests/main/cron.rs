//! Cron expressions: how they are read, and that a judge who shares no code with us finds the same days.

use std::str::FromStr as _;

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use schedule::Cron;

use crate::words::{TestResult, days, schedule};

#[test]
fn a_field_that_cannot_be_read_is_named_with_the_reason() {
    let table = [
        ("", "it has 0 fields; minute, hour, day of month, month and day of week make 5"),
        ("0 0 9 * * *", "it has 6 fields; minute, hour, day of month, month and day of week make 5"),
        ("@reboot", "there is no shorthand \"@reboot\""),
        ("60 * * * *", "minute \"60\": outside the field's values"),
        ("* 24 * * *", "hour \"24\": outside the field's values"),
        ("* * 0 * *", "day of month \"0\": outside the field's values"),
        ("* * 32 * *", "day of month \"32\": outside the field's values"),
        ("* * * 13 *", "month \"13\": outside the field's values"),
        ("* * * * 8", "day of week \"8\": outside the field's values"),
        ("*/0 * * * *", "minute \"*/0\": the step does not fit the field"),
        ("*/61 * * * *", "minute \"*/61\": the step does not fit the field"),
        ("5/10 * * * *", "minute \"5/10\": a step needs * or a range before it"),
        ("30-10 * * * *", "minute \"30-10\": the range ends before it begins"),
        ("1,,2 * * * *", "minute \"\": nothing is there"),
        ("a * * * *", "minute \"a\": neither a number nor a name"),
        ("+5 * * * *", "minute \"+5\": neither a number nor a name"),
        ("005 * * * *", "minute \"005\": neither a number nor a name"),
        ("* * ? * 1", "day of month \"?\": write * instead"),
        ("* * 15W * *", "day of month \"15W\": W knows no holidays; use a business-day rule with a calendar"),
        ("* * LW * *", "day of month \"LW\": W knows no holidays; use a business-day rule with a calendar"),
        ("* * * montue *", "month \"montue\": neither a number nor a name"),
        ("* * * * 5#6", "day of week \"5#6\": # takes 1 to 5"),
        ("* * * * mon-", "day of week \"mon-\": neither a number nor a name"),
    ];
    for (text, expected) in table {
        let error = text.parse::<Cron>().expect_err(text);
        assert_eq!(error.to_string(), expected, "{text:?}");
    }
}

#[test]
fn days_of_month_and_of_week_combine_as_vixie_cron_has_it() -> TestResult {
    // January 2026 begins on a Thursday.
    let table: [(&str, &[i8]); 9] = [
        ("0 9 13 * fri", &[2, 9, 13, 16, 23, 30]),
        ("0 9 13 * *", &[13]),
        ("0 9 * * fri", &[2, 9, 16, 23, 30]),
        ("0 9 */10 * thu", &[1]),
        ("0 9 1-7 * */6", &[3, 4]),
        ("0 9 * * 5-7", &[2, 3, 4, 9, 10, 11, 16, 17, 18, 23, 24, 25, 30, 31]),
        ("0 9 * jan Fri-Sun", &[2, 3, 4, 9, 10, 11, 16, 17, 18, 23, 24, 25, 30, 31]),
        ("0 9 L * 1#1", &[5, 31]),
        ("0 9 1,10-20/5 * 0L", &[1, 10, 15, 20, 25]),
    ];
    for (text, expected) in table {
        let found = days(&schedule(text, "UTC", "2026-01-01T00:00")?, 20)?;
        let january: Vec<i8> = found
            .iter()
            .map_while(|(_, day)| day.strip_prefix("2026-01-"))
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        assert_eq!(january, expected, "{text}");
    }
    Ok(())
}

#[test]
fn shorthands_and_spaces_are_read_and_shown() -> TestResult {
    assert_eq!("  0\t9 *  * 1-5 ".parse::<Cron>()?.to_string(), "0 9 * * 1-5");
    for (short, long) in [
        ("@yearly", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 7"),
        ("@daily", "00 00 * * *"),
    ] {
        let of =
            |text| schedule(text, "UTC", "2026-01-01T00:01").and_then(|schedule| Ok(days(&schedule, 3)?));
        assert_eq!(of(short)?, of(long)?, "{short}");
    }
    Ok(())
}

/// A field of numbers: a list of single ones, ranges and steps.
fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    let part = prop_oneof![
        (min..=max).prop_map(|value| value.to_string()),
        (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (min..=max, min..=max, 1..=7_u32).prop_map(|(a, b, step)| format!(
            "{}-{}/{step}",
            a.min(b),
            a.max(b)
        )),
    ];
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (1..=5_u32).prop_map(|step| format!("*/{step}")),
        4 => proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join(",")),
    ]
}

proptest! {
    #[test]
    fn croner_finds_the_same_times(
        (minute, hour) in (field(0, 59), field(0, 23)),
        (month, day_of_month, day_of_week) in (field(1, 12), field(1, 31), field(0, 6)),
        by_week in any::<bool>(),
        start in 0_i64..20_000,
    ) {
        // Of one field only: where both are given and one is `*/2`, croner departs from Vixie cron.
        let (day_of_month, day_of_week) =
            if by_week { ("*".to_owned(), day_of_week) } else { (day_of_month, "*".to_owned()) };
        let text = format!("{minute} {hour} {day_of_month} {month} {day_of_week}");
        let start = date(1990, 1, 1).at(11, 7, 0, 0) + jiff::SignedDuration::from_hours(start * 24);
        let Ok(ours) = schedule(&text, "UTC", &start.to_string()) else {
            // 30 February and the like.
            let judge = croner::Cron::from_str(&text).expect("read");
            prop_assert!(judge.find_next_occurrence(&start.to_zoned(TimeZone::UTC).expect("in range"), true).is_err());
            return Ok(());
        };
        let judge = croner::Cron::from_str(&text).expect("read");
        let mut from = start.to_zoned(TimeZone::UTC).expect("in range");
        for found in ours.occurrences().take(40) {
            let found = found.expect("no calendar");
            let expected = judge.find_next_occurrence(&from, found.number == 1).expect("found");
            prop_assert_eq!(&found.time, &expected, "{}", text);
            from = expected;
        }
    }
}
