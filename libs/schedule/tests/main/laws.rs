//! What holds for every schedule.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use schedule::{
    BusinessDayRule, BusinessDays, Calendar, Ends, Moved, Occurrence, Schedule, ScheduleError, Start, Terms,
};

use crate::words::{TestResult, recurrence};

const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Nuuk", "Africa/Cairo"];
const RULES: [&str; 20] = [
    "once",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "yearly",
    "0 2 * * *",
    "30 2 * * *",
    "*/20 * * * *",
    "0,15,40 1-3 * * *",
    "30 0,23 * * *",
    "0 9 L * *",
    "0 0 29 2 *",
    "0 9 * * 1-5",
    "15 12 1 */3 *",
    "0 9 13 * fri",
    "0 9 * * 5L",
    "59 23 31 12 *",
    "45 1,2 28-31 3,4,10 *",
];
/// Hours before the clock changes in Berlin, Nuuk or Lord Howe.
const BEFORE_CHANGES: [&str; 4] =
    ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2026-10-03T12:00:00Z", "2026-04-04T12:00:00Z"];
const STEPS: usize = 40;

/// A schedule, and how it moves.
fn schedules() -> impl Strategy<Value = (Schedule, Option<BusinessDays>)> {
    let rule = prop_oneof![
        Just(BusinessDayRule::Following),
        Just(BusinessDayRule::ModifiedFollowing),
        Just(BusinessDayRule::Preceding)
    ];
    let days = (rule, proptest::sample::select(&Calendar::ALL))
        .prop_map(|(rule, calendar)| BusinessDays { rule, calendar });
    // 2020 to 2030, within what calendars cover for long enough; or shortly before a clock changes.
    let anywhere = (1_580_000_000..1_900_000_000_i64, any::<bool>())
        .prop_map(|(at, round)| if round { at - at % 1_800 } else { at });
    let near = (proptest::sample::select(&BEFORE_CHANGES), 0..48_i64)
        .prop_map(|(time, half_hours)| crate::words::at(time).as_second() + half_hours * 1_800);
    let start = prop_oneof![anywhere, near];
    let ends = prop_oneof![
        3 => Just(None),
        1 => (1..200_u64).prop_map(|count| Some(Ok(count))),
        1 => (1..400_i64).prop_map(|days| Some(Err(days))),
    ];
    let parts = (
        proptest::sample::select(&RULES),
        proptest::sample::select(&ZONES),
        start,
        ends,
        proptest::option::of(days),
    );
    parts.prop_filter_map(
        "hours do not move, ends come after a first",
        |(rule, zone, start, ends, business_days)| {
            let start = Timestamp::from_second(start).expect("in range");
            let ends = match ends {
                None => Ends::Never,
                Some(Ok(count)) => Ends::After(count),
                Some(Err(days)) => Ends::At(start + SignedDuration::from_hours(days * 24)),
            };
            let (recurrence, zone) = (recurrence(rule).expect("read"), zone.to_owned());
            let terms = Terms { recurrence, zone, start: Start::At(start), ends, business_days };
            Schedule::new(terms).ok().map(|schedule| (schedule, business_days))
        },
    )
}

/// As far as its calendar goes.
fn known(found: impl Iterator<Item = Result<Occurrence, ScheduleError>>) -> Vec<Occurrence> {
    found.take(STEPS).map_while(Result::ok).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn times_and_numbers_ascend_strictly_together((schedule, _) in schedules()) {
        let found = known(schedule.occurrences());
        for pair in found.windows(2) {
            prop_assert!(pair[0].time < pair[1].time && pair[0].number < pair[1].number, "{pair:?}");
        }
    }

    #[test]
    fn the_next_after_an_occurrence_is_the_one_that_follows((schedule, _) in schedules()) {
        let found = known(schedule.occurrences());
        for pair in found.windows(2) {
            let next = schedule.next_after(pair[0].time.timestamp())?;
            prop_assert_eq!(next.as_ref(), Some(&pair[1]));
            let last = schedule.last_before(pair[1].time.timestamp())?;
            prop_assert_eq!(last.as_ref(), Some(&pair[0]));
            let above = schedule.occurrences_above(pair[0].number).next().transpose()?;
            prop_assert_eq!(above.as_ref(), Some(&pair[1]));
        }
    }

    #[test]
    fn a_preview_from_the_middle_is_the_tail_of_one_from_the_start((schedule, _) in schedules(), middle in 0..STEPS) {
        let found = known(schedule.occurrences());
        if let Some(from) = found.get(middle) {
            let tail = schedule.preview(from.time.timestamp(), found.len() - middle)?;
            prop_assert_eq!(&tail, &found[middle..]);
            // Numbers, nominal times and what moved them are the same, not the instants alone.
            for (one, other) in tail.iter().zip(&found[middle..]) {
                prop_assert_eq!((one.number, one.nominal, one.moved), (other.number, other.nominal, other.moved));
            }
        }
    }

    #[test]
    fn the_last_before_a_time_long_after_the_end_is_the_last_of_all((schedule, _) in schedules()) {
        let all: Result<Vec<_>, _> = schedule.occurrences().take(STEPS).collect();
        if let Ok(all) = all && all.len() < STEPS {
            let last = schedule.last_before("2300-01-01T00:00:00Z".parse().expect("a time"))?;
            prop_assert_eq!(last.as_ref(), all.last());
            prop_assert_eq!(last.map(|one| one.number), all.last().map(|one| one.number));
        }
    }

    #[test]
    fn up_to_a_nominal_time_is_its_day_or_where_a_day_has_several_times_those_until_then((schedule, by) in schedules()) {
        let found = known(schedule.occurrences());
        let several = found.windows(2).any(|pair| pair[0].nominal.time() != pair[1].nominal.time());
        // Several times of a day that business days move cross each other, and have the last of their numbers.
        prop_assume!(by.is_none() || (!several && found.len() > 1));
        for one in &found {
            let number = schedule.number_up_to(one.nominal);
            // Hours are of no day.
            prop_assume!(number > 0);
            for other in &found {
                let (at, until) = (other.nominal, one.nominal);
                let passed = if several { at <= until } else { at.date() <= until.date() };
                prop_assert_eq!(passed, other.number <= number, "{:?} {:?}", other, one);
            }
        }
    }

    #[test]
    fn what_falls_due_does_so_on_a_business_day_and_as_it_says((schedule, by) in schedules()) {
        for one in known(schedule.occurrences()) {
            if let Some(by) = by {
                prop_assert_eq!(by.calendar.is_business_day(one.time.date()), Ok(true));
            }
            prop_assert!(by.is_some() || !one.moved.business_day);
            prop_assert_eq!(one.moved == Moved::default(), one.time.datetime() == one.nominal);
        }
    }
}

#[test]
fn a_far_time_is_reached_without_walking_there() -> TestResult {
    // Nine centuries have 328,719 days; were each of their minutes walked through, this would not end today.
    let days = 328_719;
    let table =
        [("hourly", days * 24), ("daily", days), ("* * * * *", days * 24 * 60), ("monthly", 900 * 12)];
    for (rule, before) in table {
        let schedule = crate::words::schedule(rule, "UTC", "2000-01-01T00:00")?;
        let found = schedule.next_after("2900-01-01T00:00:00Z".parse()?)?.ok_or("for ever")?;
        assert_eq!(
            found.number,
            before + 2,
            "{rule}: one is at that time, and the next has one before it more"
        );
        assert_eq!(schedule.occurrences_above(before + 1).next().transpose()?, Some(found));
    }
    Ok(())
}
