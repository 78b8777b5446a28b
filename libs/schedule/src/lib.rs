//! Schedules: when a recurring distribution falls due.
//!
//! A [`Schedule`] is a rule in a named time zone. Its occurrences have numbers that stay theirs, a nominal time that the
//! rule gives, and the time at which they really fall due after business days and clock changes have been looked at.
//! `docs/SCHEDULES.md` states the same rules for users; its examples are read by this crate's tests.
//!
//! Invariants:
//! * Times and numbers of a schedule's occurrences ascend strictly, together. What would coincide is one occurrence
//!   with the last of the numbers, so that "fired up to number n" leaves nothing open below n.
//! * A number is counted on the series before business days are looked at: a holiday added later changes times, never
//!   the number of a nominal time.
//! * Nobody gets a day from a calendar that does not cover it: that is an error.
//! * Every loop is bounded, and a jump to a far time or number does not walk through what lies before.
//!
//! Pure: no IO, no clock, no randomness. The time zone database is the one jiff carries inside, not the machine's, so
//! that all replicas of one release agree; a new one comes with a release.
//!
//! Cron expressions are read and counted here and not by a library: what we looked at (croner 4) fires a list of hours
//! twice when the clock goes back and not at all when it goes forward, and cannot say how many occurrences lie before
//! a time. It is the judge of our days in the tests.

mod adjust;
mod calendar;
mod catch_up;
mod cron;
mod days;
mod error;
mod occurrence;
mod occurrences;
mod schedule;

pub use adjust::{BusinessDayRule, BusinessDays};
pub use calendar::{Calendar, NotCovered};
pub use catch_up::{CatchUp, Due, ON_TIME, Skipped, due};
pub use cron::{Cron, CronError};
pub use error::ScheduleError;
pub use occurrence::{Moved, Occurrence};
pub use occurrences::Occurrences;
pub use schedule::{Ends, PREVIEW_MAX, Recurrence, Schedule, Start, Terms};
