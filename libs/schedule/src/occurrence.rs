//! One time at which a schedule falls due.

use jiff::Zoned;
use jiff::civil::DateTime;

/// An occurrence of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Its number in the schedule, from 1. Ascends; a number is passed over where occurrences coincide.
    pub number: u64,
    /// What the rule says, on the wall clock of the schedule's zone.
    pub nominal: DateTime,
    /// When it falls due, in the schedule's zone.
    pub time: Zoned,
    /// Why `time` is not `nominal`.
    pub moved: Moved,
}

/// What moved an occurrence away from its nominal time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Its day is no business day.
    pub business_day: bool,
    /// The wall clock leaves that time out.
    pub clock_change: bool,
}
