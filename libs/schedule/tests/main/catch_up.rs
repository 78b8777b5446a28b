//! Downtimes.

use jiff::ToSpan as _;
use schedule::BusinessDayRule::{Following, ModifiedFollowing, Preceding};
use schedule::{Calendar, CatchUp, Due, Ends, Schedule, Terms, due};

use crate::words::{TestResult, at, moved, schedule, terms};

/// Fired, skipped from and to, next: by number.
type Numbers = (Vec<u64>, Option<(u64, u64)>, Option<u64>);

fn numbers(due: &Due) -> Numbers {
    let skipped = due.skipped.as_ref().map(|skipped| (skipped.first.number, skipped.last.number));
    (
        due.fire.iter().map(|one| one.number).collect(),
        skipped,
        due.next.as_ref().ok().and_then(|next| Some(next.as_ref()?.number)),
    )
}

#[test]
fn each_policy_treats_a_downtime_as_documented() -> TestResult {
    // Number n is due on 1 May + (n − 1) days at 09:00.
    let schedule = schedule("daily", "UTC", "2026-05-01T09:00")?;
    let table: [(CatchUp, Option<u64>, &str, usize, Numbers); 13] = [
        (CatchUp::All, Some(1), "2026-05-04T12:00:00Z", 10, (vec![2, 3, 4], None, Some(5))),
        (CatchUp::All, Some(1), "2026-05-04T12:00:00Z", 2, (vec![2, 3], None, Some(4))),
        (CatchUp::All, None, "2026-05-02T09:00:00Z", 10, (vec![1, 2], None, Some(3))),
        (CatchUp::All, None, "2026-04-30T00:00:00Z", 10, (vec![], None, Some(1))),
        (CatchUp::RunOnce, Some(1), "2026-05-04T12:00:00Z", 10, (vec![4], Some((2, 3)), Some(5))),
        (CatchUp::RunOnce, Some(3), "2026-05-04T12:00:00Z", 10, (vec![4], None, Some(5))),
        (CatchUp::RunOnce, Some(4), "2026-05-04T12:00:00Z", 10, (vec![], None, Some(5))),
        (CatchUp::RunOnce, None, "2026-04-30T00:00:00Z", 10, (vec![], None, Some(1))),
        (CatchUp::Skip, Some(1), "2026-05-04T12:00:00Z", 10, (vec![], Some((2, 4)), Some(5))),
        (CatchUp::Skip, Some(1), "2026-05-04T09:10:00Z", 10, (vec![4], Some((2, 3)), Some(5))),
        (CatchUp::Skip, Some(1), "2026-05-04T09:10:01Z", 10, (vec![], Some((2, 4)), Some(5))),
        (CatchUp::Skip, Some(3), "2026-05-04T09:00:00Z", 10, (vec![4], None, Some(5))),
        (CatchUp::Skip, Some(4), "2026-05-04T12:00:00Z", 10, (vec![], None, Some(5))),
    ];
    for (policy, last, now, limit, expected) in table {
        let found = due(&schedule, last, at(now), policy, limit)?;
        assert_eq!(numbers(&found), expected, "{policy:?} after {last:?} at {now}");
        let settled = expected.0.last().copied().or(expected.1.map(|(_, last)| last));
        assert_eq!(found.settled(), settled);
    }
    Ok(())
}

#[test]
fn a_schedule_that_has_ended_has_nothing_due() -> TestResult {
    let terms = Terms { ends: Ends::After(3), ..terms("daily", "UTC", "2026-05-01T09:00")? };
    let schedule = Schedule::new(terms)?;
    let now = at("2030-01-01T00:00:00Z");
    let nothing = Due { fire: Vec::new(), skipped: None, next: Ok(None) };
    for policy in [CatchUp::All, CatchUp::RunOnce, CatchUp::Skip] {
        assert_eq!(due(&schedule, Some(3), now, policy, 10)?, nothing);
        assert_eq!(due(&schedule, Some(u64::MAX), now, policy, 10)?, nothing);
    }
    assert_eq!(numbers(&due(&schedule, Some(1), now, CatchUp::RunOnce, 10)?), (vec![3], Some((2, 2)), None));
    Ok(())
}

#[test]
fn the_last_before_a_time_is_found_long_after_the_end() -> TestResult {
    let ends = [Ends::After(3), Ends::At(at("2026-05-01T11:30:00Z")), Ends::At(at("2026-05-01T11:00:00Z"))];
    for (rule, ends) in ["hourly", "0 * * * *"].into_iter().flat_map(|rule| ends.map(|ends| (rule, ends))) {
        let schedule = Schedule::new(Terms { ends, ..terms(rule, "UTC", "2026-05-01T09:00")? })?;
        let last = |time| schedule.last_before(at(time)).map(|found| found.map(|one| one.number));
        assert_eq!(last("2030-01-01T00:00:00Z")?, Some(3), "{rule} {ends:?}");
        assert_eq!(last("2026-05-01T11:00:00Z")?, Some(2), "{rule} {ends:?}");
        assert_eq!(last("2026-05-01T09:00:00Z")?, None, "{rule} {ends:?}");
    }
    Ok(())
}

#[test]
fn the_end_of_a_calendar_keeps_nothing_before_it_from_firing() -> TestResult {
    // 1 December 2040 is a Saturday; for 1 January 2041 there is no answer.
    for (rule, now) in [
        (Following, "2040-12-03T09:00:00Z"),
        (ModifiedFollowing, "2040-12-03T09:00:00Z"),
        (Preceding, "2040-11-30T09:00:00Z"),
    ] {
        let schedule = moved("monthly", "2040-10-01T09:00", rule, Calendar::Target2)?;
        for policy in [CatchUp::All, CatchUp::RunOnce, CatchUp::Skip] {
            let found = due(&schedule, Some(2), at(now), policy, 10)?;
            assert_eq!(numbers(&found), (vec![3], None, None), "{rule:?} {policy:?}");
            assert_eq!(found.next.map_err(|error| error.reason()), Err("CALENDAR_NOT_COVERED"));
        }
    }
    // So late that the one of January might be due as well, nobody can say which is the latest.
    let schedule = moved("monthly", "2040-10-01T09:00", Following, Calendar::Target2)?;
    let found = due(&schedule, Some(2), at("2041-01-09T09:00:00Z"), CatchUp::RunOnce, 10);
    assert_eq!(found.map_err(|error| error.reason()), Err("CALENDAR_NOT_COVERED"));
    Ok(())
}

#[test]
fn what_is_merged_is_not_called_skipped() -> TestResult {
    // Saturday 2, Sunday 3 and Monday 4 May are one occurrence, number 4.
    let schedule = moved("daily", "2026-05-01T09:00", Following, Calendar::Weekends)?;
    let found = due(&schedule, Some(1), at("2026-05-04T09:00:00Z"), CatchUp::RunOnce, 10)?;
    assert_eq!(numbers(&found), (vec![4], None, Some(5)));
    Ok(())
}

#[test]
fn fifty_years_of_hours_are_caught_up_with_in_steps_of_the_limit() -> TestResult {
    let schedule = schedule("hourly", "Europe/Berlin", "1976-01-01T00:00")?;
    let now = at("2026-01-01T00:00:00Z");
    let all = due(&schedule, None, now, CatchUp::All, 100)?;
    assert_eq!((all.fire.len(), all.next?.map(|next| next.number)), (100, Some(101)));
    let once = due(&schedule, None, now, CatchUp::RunOnce, 100)?;
    let latest = once.fire[0].number;
    assert_eq!(numbers(&once), (vec![latest], Some((1, latest - 1)), Some(latest + 1)));
    assert_eq!(latest, 50 * 365 * 24 + 13 * 24 + 2, "13 leap days, and the start is 23:00 UTC");
    Ok(())
}

#[test]
fn asking_every_five_minutes_fires_each_occurrence_once_under_every_policy() -> TestResult {
    let schedule = schedule("*/20 1-3 * * *", "Europe/Berlin", "2026-03-28T00:00")?;
    let (mut now, end) = (at("2026-03-27T00:00:00Z"), at("2026-03-30T20:00:00Z"));
    let mut last = [None; 3];
    let mut fired = [0; 3];
    while now < end {
        for (at, policy) in [CatchUp::All, CatchUp::RunOnce, CatchUp::Skip].into_iter().enumerate() {
            let found = due(&schedule, last[at], now, policy, 10)?;
            assert_eq!(found.skipped, None);
            fired[at] += found.fire.len();
            last[at] = found.settled().or(last[at]);
        }
        now += 5.minutes();
    }
    // Three days of nine, less the three of the hour left out, which are those of the next.
    assert_eq!(fired, [24; 3]);
    Ok(())
}
