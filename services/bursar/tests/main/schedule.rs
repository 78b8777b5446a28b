//! `bursar schedule`: `preview`, which needs no installation, and all the others.

use bursar::sandbox_control::SandboxControl;
use serde_json::{Value, json};

use crate::program::{Up, folder, json, output, until};

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

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_looked_at_created_changed_fired_and_ended_by_commands() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let call = |words: &[&str]| json(&[words, &["--data", data, "--json"]].concat());
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let holders = json!({ "count": 20, "seed": 1 });
    let share = json!({ "name": "Acme", "symbol": "ACME", "decimals": 8, "holders": holders });
    let share = control.create_token(&share).await.expect("created").token_id;
    let asset = id(&call(&["asset", "import", &share, "--type", "equity"]));
    call(&["holders", "sync", &asset]);
    call(&["payment-token", "add", "hbar"]);
    let funding = id(&call(&["funding", "create", "main", "--account", up.address("operator_account")]));

    let create = ["schedule", "create", "--asset", &asset, "--label", "Daily", "--kind", "dividend"];
    let money = ["--pool", "10", "--payment-token", "hbar", "--funding", &funding, "--execute-now"];
    let when = ["--recurrence", "daily", "--zone", "Europe/Berlin", "--catch-up", "run-once"];
    let whole = [&create[..], &money, &when].concat();
    let later = [&whole[..], &["--start", "2399-01-30T09:00", "--validate-only", "--next", "2"]].concat();
    let next = call(&later);
    assert_eq!(next[1]["nominal_time"], "2399-01-31T09:00:00");
    assert_eq!(call(&["schedule", "list"]), json!([]));

    // Without a start it begins at once.
    let created = call(&whole);
    let schedule = id(&created);
    let occurrences = || call(&["schedule", "occurrences", &schedule]);
    let fired = until(|| occurrences()[0]["distribution_id"].as_str().map(str::to_owned));
    until(|| {
        let listed = call(&["distribution", "list"]);
        (listed[0]["id"] == fired && listed[0]["state"] == "DISTRIBUTION_STATE_COMPLETED").then_some(())
    });
    let shown = call(&["schedule", "show", &schedule]);
    assert_eq!(
        (&shown["last_occurrence"]["distribution_id"], &shown["next_occurrence"]["number"]),
        (&json!(fired), &json!("2"))
    );

    call(&["schedule", "skip", &schedule, "2", "--series", "1", "--reason", "a holiday of ours"]);
    let upcoming = call(&["schedule", "occurrences", &schedule, "--upcoming", "--limit", "2"]);
    assert_eq!(upcoming[0]["state"], "OCCURRENCE_STATE_SKIPPED");
    let changed = call(&["schedule", "update", &schedule, "--label", "Weekly", "--recurrence", "weekly"]);
    assert_eq!((&changed["terms"]["label"], &changed["series"]), (&json!("Weekly"), &json!(2)));
    let paused = call(&["schedule", "pause", &schedule, "--reason", "a look"]);
    assert_eq!(
        (&paused["state"], &paused["pause"]["reason"]),
        (&json!("SCHEDULE_STATE_PAUSED"), &json!("a look"))
    );
    assert_eq!(call(&["schedule", "resume", &schedule])["state"], "SCHEDULE_STATE_ACTIVE");
    let ended = call(&["schedule", "end", &schedule, "--reason", "enough"]);
    assert_eq!(
        (&ended["state"], &ended["end"]["reason"]),
        (&json!("SCHEDULE_STATE_ENDED"), &json!("enough"))
    );
    assert_eq!(call(&["schedule", "list", "--state", "ended"])[0]["id"], json!(schedule));
    for words in
        [&["schedule", "list"][..], &["schedule", "show", &schedule], &["schedule", "occurrences", &schedule]]
    {
        let text = output(&[words, &["--data", data]].concat());
        assert!(text.status.success() && !text.stdout.is_empty(), "{words:?}");
    }
    assert!(up.stop().success());
}
