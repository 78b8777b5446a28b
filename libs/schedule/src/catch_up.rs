//! What to do about occurrences that fell due while nobody looked.

use jiff::{SignedDuration, Timestamp};

use crate::{Occurrence, Schedule, ScheduleError};

/// What happens to occurrences that were missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CatchUp {
    /// The latest fires, once; those before it are skipped.
    RunOnce,
    /// Those that are late by more than [`ON_TIME`] are skipped.
    Skip,
    /// All fire, in order.
    All,
}

/// Who looks within this time of an occurrence is not late: a restart must not cost a payment.
pub const ON_TIME: SignedDuration = SignedDuration::from_mins(10);
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// To be fired, in order.
    pub fire: Vec<Occurrence>,
    /// Not to be fired any more.
    pub skipped: Option<Skipped>,
    /// The first that is neither in `fire` nor skipped. It is due already where the limit kept it out: ask again. An
    /// error where the calendar does not cover it: that keeps nothing before it from firing.
    pub next: Result<Option<Occurrence>, ScheduleError>,
}

/// The occurrences that are skipped: those from `first` to `last`, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The first.
    pub first: Occurrence,
    /// The last.
    pub last: Occurrence,
}

impl Due {
    /// The number up to which nothing is open once this is done: the next question's `last_fired`. `None` when there is
    /// nothing to do.
    pub fn settled(&self) -> Option<u64> {
        let skipped = self.skipped.as_ref().map(|skipped| skipped.last.number);
        self.fire.last().map(|last| last.number).or(skipped)
    }
}

/// What of a schedule is due at `now`, when all up to the number `last_fired` is done: at most `limit` occurrences.
/// An occurrence at `now` is due.
pub fn due(
    schedule: &Schedule,
    last_fired: Option<u64>,
    now: Timestamp,
    policy: CatchUp,
    limit: usize,
) -> Result<Due, ScheduleError> {
    let done = last_fired.unwrap_or(0);
    let late_before = match policy {
        CatchUp::All => None,
        CatchUp::Skip => now.checked_sub(ON_TIME).ok(),
        CatchUp::RunOnce => {
            let latest = schedule.last_before(now.saturating_add(INSTANT).expect("no calendar units"))?;
            latest.map(|latest| latest.time.timestamp())
        }
    };
    let late = late_before.map(|time| schedule.last_before(time)).transpose()?.flatten();
    let late = late.filter(|late| late.number > done);
    let done = late.as_ref().map_or(done, |late| late.number);
    let skipped = match late {
        None => None,
        Some(last) => {
            let first = schedule.occurrences_above(last_fired.unwrap_or(0)).next().transpose()?;
            first.map(|first| Skipped { first, last })
        }
    };

    let mut due = Due { fire: Vec::new(), skipped, next: Ok(None) };
    for found in schedule.occurrences_above(done) {
        match found {
            Ok(found) if found.time.timestamp() <= now && due.fire.len() < limit => due.fire.push(found),
            next => {
                due.next = next.map(Some);
                break;
            }
        }
    }
    Ok(due)
}
