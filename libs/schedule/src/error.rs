//! What can be wrong with a schedule, for the person who gave it.

use crate::{CronError, NotCovered};

/// A schedule, or a question about one, is refused. Each has a stable [reason](Self::reason) and the
/// [field](Self::field) it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The cron expression does not parse.
    #[error(transparent)]
    InvalidCron(#[from] CronError),
    /// No time zone of this name is in the IANA database.
    #[error("there is no time zone {0:?}; names are those of the IANA database, as Europe/Berlin")]
    UnknownZone(String),
    /// No calendar has this name.
    #[error("there is no calendar {0:?}; there are target2, us-fed, uk and weekends")]
    UnknownCalendar(String),
    /// The start is outside the years 1970 to 2999.
    #[error("the start is outside the years 1970 to 2999")]
    StartOutOfRange,
    /// The end lies before the start.
    #[error("the end is before the start")]
    EndBeforeStart,
    /// It would end after no occurrence.
    #[error("it would end after 0 occurrences")]
    CountZero,
    /// The expression names no day of the calendar, as 30 February.
    #[error("the expression names no day that exists")]
    NeverFires,
    /// The end lies before the first occurrence.
    #[error("the end is before the first occurrence")]
    EndBeforeFirst,
    /// Hours cannot be moved to business days: those of a weekend would all fall on the hours of Monday.
    #[error("an hourly schedule cannot be moved to business days; a cron expression can name days and hours")]
    HourlyByBusinessDay,
    /// A day is needed that the calendar does not cover.
    #[error(transparent)]
    NotCovered(#[from] NotCovered),
    /// More, or fewer, occurrences are asked for than are given at once.
    #[error("{0} occurrences are asked for; 1 to 1000 are given at once")]
    CountOutOfRange(usize),
}

impl ScheduleError {
    /// The stable reason, for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InvalidCron(_) => "INVALID_CRON",
            Self::UnknownZone(_) => "UNKNOWN_ZONE",
            Self::UnknownCalendar(_) => "UNKNOWN_CALENDAR",
            Self::StartOutOfRange => "START_OUT_OF_RANGE",
            Self::EndBeforeStart => "END_BEFORE_START",
            Self::CountZero => "COUNT_ZERO",
            Self::NeverFires | Self::EndBeforeFirst => "NEVER_FIRES",
            Self::HourlyByBusinessDay => "HOURLY_BY_BUSINESS_DAY",
            Self::NotCovered(_) => "CALENDAR_NOT_COVERED",
            Self::CountOutOfRange(_) => "COUNT_OUT_OF_RANGE",
        }
    }

    /// The field that has to change.
    pub fn field(&self) -> &'static str {
        match self {
            Self::InvalidCron(_) | Self::NeverFires => "cron",
            Self::UnknownZone(_) => "zone",
            Self::UnknownCalendar(_) | Self::NotCovered(_) => "calendar",
            Self::StartOutOfRange => "start",
            Self::EndBeforeStart | Self::EndBeforeFirst => "end",
            Self::CountZero | Self::CountOutOfRange(_) => "count",
            Self::HourlyByBusinessDay => "business_day",
        }
    }
}
