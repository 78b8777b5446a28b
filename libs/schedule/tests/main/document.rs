//! The tables of `docs/SCHEDULES.md`, read from the document itself.

use schedule::{BusinessDayRule, BusinessDays, Calendar, CatchUp, ON_TIME, due};

use crate::words::{TestResult, at, days, moved, schedule, times};

const DOCUMENT: &str = include_str!("../../../../docs/SCHEDULES.md");

/// The cells of the document's table with this header, which has so many rows.
fn table(header: &str, rows: usize) -> Vec<Vec<&'static str>> {
    let found =
        DOCUMENT.lines().skip_while(|line| *line != header).skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &'static str| {
        let row = row.strip_prefix('|').and_then(|row| row.strip_suffix('|')).expect("a row of a table");
        row.split('|').map(str::trim).collect()
    };
    let found: Vec<_> = found.map(cells).collect();
    assert_eq!(found.len(), rows, "{header}");
    found
}

fn rule(name: &str) -> BusinessDayRule {
    match name {
        "following" => BusinessDayRule::Following,
        "modified-following" => BusinessDayRule::ModifiedFollowing,
        "preceding" => BusinessDayRule::Preceding,
        other => panic!("the document names a rule {other}"),
    }
}

#[test]
fn the_documents_months_are_ours() -> TestResult {
    for row in table("| recurrence | start | occurrences |", 7) {
        let expected: Vec<&str> = row[2].split(", ").collect();
        let found = days(&schedule(row[0], "Europe/Berlin", row[1])?, expected.len())?;
        assert_eq!(found.iter().map(|(_, day)| day).collect::<Vec<_>>(), expected, "{row:?}");
    }
    Ok(())
}

#[test]
fn the_documents_clock_changes_are_ours() -> TestResult {
    for row in table("| recurrence | zone | start | times |", 7) {
        let expected: Vec<&str> = row[3].split(", ").collect();
        assert_eq!(times(&schedule(row[0], row[1], row[2])?, expected.len())?, expected, "{row:?}");
    }
    Ok(())
}

#[test]
fn the_documents_business_days_are_ours() -> TestResult {
    for row in table("| day | rule | calendar | becomes |", 8) {
        let days = BusinessDays { rule: rule(row[1]), calendar: row[2].parse()? };
        assert_eq!(days.adjust(row[0].parse()?)?.to_string(), row[3], "{row:?}");
    }
    let calendars = table("| calendar | whose days | years |", Calendar::ALL.len());
    for (row, calendar) in calendars.iter().zip(Calendar::ALL) {
        let years = calendar.years().map_or("all".to_owned(), |(first, last)| format!("{first}–{last}"));
        assert_eq!((row[0], row[2]), (calendar.name(), years.as_str()));
    }
    Ok(())
}

#[test]
fn the_documents_numbers_are_ours() -> TestResult {
    for row in table("| recurrence | start | rule | calendar | numbers and days |", 3) {
        let expected: Vec<&str> = row[4].split(", ").collect();
        let found = days(&moved(row[0], row[1], rule(row[2]), row[3].parse()?)?, expected.len())?;
        let found: Vec<String> = found.into_iter().map(|(number, day)| format!("{number} {day}")).collect();
        assert_eq!(found, expected, "{row:?}");
    }
    Ok(())
}

#[test]
fn the_documents_downtimes_are_ours() -> TestResult {
    assert!(DOCUMENT.contains(&format!("late by more than {} minutes", ON_TIME.as_mins())));
    let schedule = schedule("daily", "UTC", "2026-05-01T09:00")?;
    for row in table("| policy | now | fires | skipped |", 4) {
        let policy = match row[0] {
            "all" => CatchUp::All,
            "run-once" => CatchUp::RunOnce,
            "skip" => CatchUp::Skip,
            other => panic!("the document names a policy {other}"),
        };
        let found = due(&schedule, Some(1), at(row[1]), policy, 10)?;
        let fires: Vec<String> = found.fire.iter().map(|one| one.number.to_string()).collect();
        let skipped =
            found.skipped.map(|skipped| format!("{} to {}", skipped.first.number, skipped.last.number));
        assert_eq!(
            (fires.join(", ").as_str(), skipped.as_deref().unwrap_or("")),
            (row[2], row[3]),
            "{row:?}"
        );
    }
    Ok(())
}
