//! Month ends and leap days.

use schedule::{Ends, Schedule, Terms};

use crate::words::{TestResult, at, days, schedule, terms};

/// Rule, start, dates.
const TABLE: [(&str, &str, &[&str]); 12] = [
    ("monthly", "2026-01-31T09:00", &["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
    ("monthly", "2028-01-30T09:00", &["2028-01-30", "2028-02-29", "2028-03-30"]),
    ("quarterly", "2026-11-30T09:00", &["2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30"]),
    (
        "quarterly",
        "2026-12-31T09:00",
        &["2026-12-31", "2027-03-31", "2027-06-30", "2027-09-30", "2027-12-31"],
    ),
    ("yearly", "2024-02-29T09:00", &["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
    ("yearly", "2096-02-29T09:00", &["2096-02-29", "2097-02-28", "2098-02-28", "2099-02-28", "2100-02-28"]),
    ("weekly", "2028-02-22T09:00", &["2028-02-22", "2028-02-29", "2028-03-07"]),
    ("daily", "2027-02-27T09:00", &["2027-02-27", "2027-02-28", "2027-03-01"]),
    ("0 9 31 * *", "2026-01-01T00:00", &["2026-01-31", "2026-03-31", "2026-05-31"]),
    ("0 9 L * *", "2026-01-01T00:00", &["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
    ("0 9 29 2 *", "2096-01-01T00:00", &["2096-02-29", "2104-02-29", "2108-02-29"]),
    ("0 9 * * 5L", "2026-01-01T00:00", &["2026-01-30", "2026-02-27", "2026-03-27"]),
];

#[test]
fn months_end_and_leap_as_documented() -> TestResult {
    for (rule, start, expected) in TABLE {
        let found = days(&schedule(rule, "UTC", start)?, expected.len())?;
        let expected: Vec<(u64, String)> = (1..).zip(expected.iter().map(|&day| day.to_owned())).collect();
        assert_eq!(found, expected, "{rule} from {start}");
    }
    Ok(())
}

#[test]
fn an_end_counts_occurrences_or_includes_its_own_time() -> TestResult {
    let with = |ends| -> Result<Vec<(u64, String)>, Box<dyn std::error::Error>> {
        let terms = Terms { ends, ..terms("monthly", "UTC", "2026-01-31T09:00")? };
        Ok(days(&Schedule::new(terms)?, 10)?)
    };
    assert_eq!(with(Ends::After(3))?.len(), 3);
    assert_eq!(with(Ends::At(at("2026-03-31T09:00:00Z")))?.len(), 3);
    assert_eq!(with(Ends::At(at("2026-03-31T08:59:59Z")))?.len(), 2);
    Ok(())
}

#[test]
fn a_cron_schedule_begins_with_the_first_time_at_or_after_its_start() -> TestResult {
    let schedule = schedule("0 9,17 * * *", "UTC", "2026-01-01T17:00")?;
    let expected = [(1, "2026-01-01"), (2, "2026-01-02"), (3, "2026-01-02")];
    assert_eq!(days(&schedule, 3)?, expected.map(|(number, day)| (number, day.to_owned())));
    assert_eq!(schedule.occurrences_above(2).next().transpose()?.map(|one| one.number), Some(3));
    Ok(())
}
