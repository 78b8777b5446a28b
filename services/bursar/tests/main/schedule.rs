//! `bursar schedule preview`, which needs no installation.

use serde_json::json;

use crate::program::{json, output};

const PREVIEW: [&str; 2] = ["schedule", "preview"];

fn preview(words: &[&str]) -> serde_json::Value {
    json(&[&PREVIEW, words, &["--json"]].concat())
}

#[test]
fn a_preview_has_the_times_at_which_it_falls_due_and_nothing_else() {
    let clock = ["--cron", "0 2 * * *", "--zone", "Europe/Berlin", "--from", "2026-03-28T02:00:00+01:00"];
    let expected = ["2026-03-28T02:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"];
    assert_eq!(preview(&[&clock[..], &["--count", "3"]].concat()), json!({ "occurrences": expected }));

    let month_ends =
        ["--cron", "0 9 L * *", "--zone", "UTC", "--from", "2026-05-01T00:00:00Z", "--count", "2"];
    let moved = ["--business-day", "modified-following", "--calendar", "target2"];
    let expected = ["2026-05-29T09:00:00+00:00", "2026-06-30T09:00:00+00:00"];
    assert_eq!(preview(&[&month_ends[..], &moved].concat()), json!({ "occurrences": expected }));

    let monthly = ["--recurrence", "monthly", "--zone", "America/New_York", "--from", "2026-01-31T14:00:00Z"];
    let expected = ["2026-01-31T09:00:00-05:00", "2026-02-28T09:00:00-05:00", "2026-03-31T09:00:00-04:00"];
    let ended = preview(&[&monthly[..], &["--end", "2026-03-31T13:00:00Z"]].concat());
    assert_eq!(ended, json!({ "occurrences": expected }));
}

#[test]
fn a_table_says_what_moved_an_occurrence() {
    let words = ["--cron", "30 2 3,6 4 *", "--zone", "Europe/Berlin", "--from", "2026-04-01T00:00:00+02:00"];
    let moved = ["--count", "2", "--business-day", "following", "--calendar", "uk"];
    let output = output(&[&PREVIEW[..], &words, &moved].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
    let rows: Vec<Vec<&str>> =
        rows.into_iter().map(|row| row.into_iter().filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(rows[0], ["number", "time", "nominal", "moved by"], "{text}");
    // Good Friday and Easter Monday are both paid on Tuesday, once.
    assert_eq!(rows[1], ["2", "2026-04-07T02:30:00+02:00", "2026-04-06T02:30:00", "Easter Monday"]);
    assert_eq!(rows[2], ["3", "2027-04-05T02:30:00+02:00", "2027-04-03T02:30:00", "Saturday"]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn bad_input_is_refused_by_flag_and_reason_with_nothing_on_standard_output() {
    let table: [(&[&str], &str, &str); 16] = [
        (&["--cron", "61 * * * *"], "--cron", "INVALID_CRON"),
        (&["--cron", "0 0 30 2 *"], "--cron", "NEVER_FIRES"),
        (&["--zone", "Europe/Atlantis"], "--zone", "UNKNOWN_ZONE"),
        (&["--end", "2025-12-31T00:00:00Z"], "--end", "END_BEFORE_START"),
        (&["--end", "2026-01-01T00:00:01Z"], "--end", "NEVER_FIRES"),
        (&["--count", "0"], "--count", "COUNT_OUT_OF_RANGE"),
        (&["--count", "1001"], "--count", "COUNT_OUT_OF_RANGE"),
        (&["--count", "many"], "--count", "invalid value"),
        (&["--from", "2026-01-01"], "--from", "not a time with its zone"),
        (&["--from", "3000-01-01T00:00:00Z"], "--from", "START_OUT_OF_RANGE"),
        (&["--business-day", "following", "--calendar", "lunar"], "--calendar", "UNKNOWN_CALENDAR"),
        (&["--business-day", "never", "--calendar", "uk"], "--business-day", "invalid value"),
        (&["--business-day", "following"], "--calendar", "required"),
        (&["--calendar", "uk"], "--business-day", "required"),
        (&["--recurrence", "daily"], "--recurrence", "cannot be used with"),
        (
            &["--from", "2040-12-20T00:00:00Z", "--business-day", "following", "--calendar", "uk"],
            "--calendar",
            "CALENDAR_NOT_COVERED",
        ),
    ];
    let usual = [("--cron", "0 9 1 * *"), ("--zone", "UTC"), ("--from", "2026-01-01T00:00:00Z")];
    for (words, flag, reason) in table {
        let kept = usual.iter().filter(|(flag, _)| !words.contains(flag));
        let kept: Vec<&str> = kept.flat_map(|(flag, value)| [*flag, *value]).collect();
        let output = output(&[&PREVIEW[..], &kept, words, &["--json"]].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{words:?}");
        assert!(told.contains(flag) && told.contains(reason), "{words:?}: {told}");
    }
    let hourly = ["--recurrence", "hourly", "--business-day", "following", "--calendar", "uk"];
    let place = ["--zone", "UTC", "--from", "2026-01-01T00:00:00Z"];
    let output = output(&[&PREVIEW[..], &hourly, &place].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("--business-day") && told.contains("HOURLY_BY_BUSINESS_DAY"), "{told}");
}
