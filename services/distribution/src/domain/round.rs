//! What of a schedule is to be fired now: the catch-up policy, and what people skipped.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use schedule::{CatchUp, Occurrence, Schedule, ScheduleError, Skipped, due};

/// The shortest time there is.
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// What is to be done now.
#[derive(Debug)]
pub(crate) struct Round {
    /// To be fired, in order.
    pub fire: Vec<Occurrence>,
    /// Passed over, those that people skipped among them.
    pub passed: Option<Skipped>,
    /// The number up to which nothing is open afterwards.
    pub settled: u64,
    /// What comes then.
    pub next: Result<Option<Occurrence>, ScheduleError>,
}

/// What is due of the series at `now`, where all up to `settled` is done and people skipped the numbers `skips`: at most
/// `limit` occurrences.
pub(crate) fn round(
    rule: &Schedule,
    settled: u64,
    skips: &BTreeSet<u64>,
    now: Timestamp,
    policy: CatchUp,
    limit: usize,
) -> Result<Round, ScheduleError> {
    let due = due(rule, Some(settled), now, policy, limit)?;
    let settled = due.settled().unwrap_or(settled);
    let mut passed = due.skipped.map(|range| without_skipped_end(rule, range, skips)).transpose()?.flatten();
    let latest_is_skipped = due.fire.last().is_some_and(|latest| skips.contains(&latest.number));
    let mut fire: Vec<Occurrence> =
        due.fire.into_iter().filter(|found| !skips.contains(&found.number)).collect();
    if policy == CatchUp::RunOnce && latest_is_skipped && fire.is_empty() {
        // The latest that fires is an earlier one.
        if let Some(range) = passed.take() {
            passed = before(rule, &range, &range.last)?
                .map(|range| without_skipped_end(rule, range, skips))
                .transpose()?
                .flatten();
            fire.push(range.last);
        }
    }
    Ok(Round { fire, passed, settled, next: due.next })
}

/// What is open at `now` and will not be fired, as the timing changes.
pub(crate) fn missed(
    rule: &Schedule,
    settled: u64,
    skips: &BTreeSet<u64>,
    now: Timestamp,
) -> Result<Option<Skipped>, ScheduleError> {
    let last = rule.last_before(past(now))?.filter(|last| last.number > settled);
    let first = rule.occurrences_above(settled).next().transpose()?;
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    without_skipped_end(rule, Skipped { first, last }, skips)
}

/// The number up to which a new series is settled: what falls due before `from` never fires.
pub(crate) fn settled_before(rule: &Schedule, from: Timestamp) -> Result<u64, ScheduleError> {
    Ok(rule.last_before(from)?.map_or(0, |last| last.number))
}

/// The first moment after `now`.
pub(crate) fn past(now: Timestamp) -> Timestamp {
    now.saturating_add(INSTANT).expect("no calendar units")
}

/// The range up to its last number that nobody skipped.
fn without_skipped_end(
    rule: &Schedule,
    range: Skipped,
    skips: &BTreeSet<u64>,
) -> Result<Option<Skipped>, ScheduleError> {
    let mut rest = Some(range);
    // Bounded by how many were skipped.
    while let Some(range) = rest.take_if(|range| skips.contains(&range.last.number)) {
        rest = before(rule, &range, &range.last)?;
    }
    Ok(rest)
}

/// The part of the range before one of its occurrences.
fn before(rule: &Schedule, range: &Skipped, end: &Occurrence) -> Result<Option<Skipped>, ScheduleError> {
    let last = rule.last_before(end.time.timestamp())?.filter(|last| last.number >= range.first.number);
    Ok(last.map(|last| Skipped { first: range.first.clone(), last }))
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, CatchUp, Round, Schedule, Timestamp, missed, past, round, settled_before};
    use schedule::{Ends, Recurrence, Start, Terms};

    /// Number n is due on the nth of May 2026 at nine.
    fn daily() -> Schedule {
        let terms = Terms {
            recurrence: Recurrence::Daily,
            zone: "UTC".to_owned(),
            start: Start::At(on(1, 9)),
            ends: Ends::Never,
            business_days: None,
        };
        Schedule::new(terms).expect("a rule")
    }

    fn on(day: u8, hour: u8) -> Timestamp {
        format!("2026-05-{day:02}T{hour:02}:00:00Z").parse().expect("a time")
    }

    fn numbers(round: &Round) -> (Vec<u64>, Option<(u64, u64)>, u64) {
        let passed = round.passed.as_ref().map(|range| (range.first.number, range.last.number));
        (round.fire.iter().map(|one| one.number).collect(), passed, round.settled)
    }

    fn at_noon_of_the_fifth(policy: CatchUp, skips: &[u64]) -> (Vec<u64>, Option<(u64, u64)>, u64) {
        let skips: BTreeSet<u64> = skips.iter().copied().collect();
        numbers(&round(&daily(), 1, &skips, on(5, 12), policy, 10).expect("a round"))
    }

    #[test]
    fn what_people_skipped_never_fires_whatever_the_policy() {
        use CatchUp::{All, RunOnce, Skip};
        for (policy, skips, expected) in [
            (All, &[][..], (vec![2, 3, 4, 5], None, 5)),
            (All, &[3, 5], (vec![2, 4], None, 5)),
            (RunOnce, &[], (vec![5], Some((2, 4)), 5)),
            (RunOnce, &[4], (vec![5], Some((2, 3)), 5)),
            // The latest of those that are left.
            (RunOnce, &[5], (vec![4], Some((2, 3)), 5)),
            (RunOnce, &[3, 4, 5], (vec![2], None, 5)),
            (RunOnce, &[2, 3, 4, 5], (vec![], None, 5)),
            (Skip, &[], (vec![], Some((2, 5)), 5)),
            (Skip, &[5, 4], (vec![], Some((2, 3)), 5)),
        ] {
            assert_eq!(at_noon_of_the_fifth(policy, skips), expected, "{policy:?} {skips:?}");
        }
    }

    #[test]
    fn what_fell_due_before_a_series_is_settled() {
        assert_eq!(settled_before(&daily(), on(3, 9)).expect("a number"), 2);
        assert_eq!(settled_before(&daily(), past(on(3, 9))).expect("a number"), 3);
        assert_eq!(settled_before(&daily(), on(1, 8)).expect("a number"), 0);
    }

    #[test]
    fn what_is_open_when_the_timing_changes_is_named() {
        let open = |settled, skips: &[u64]| {
            let skips = skips.iter().copied().collect();
            let range = missed(&daily(), settled, &skips, on(4, 9)).expect("an answer");
            range.map(|range| (range.first.number, range.last.number))
        };
        assert_eq!((open(1, &[]), open(4, &[]), open(1, &[4])), (Some((2, 4)), None, Some((2, 3))));
    }
}
