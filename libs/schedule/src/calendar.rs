//! Holiday calendars: on which days banks settle.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};

use crate::ScheduleError;

/// A calendar of business days. Saturdays and Sundays are closed in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// `target2`: the closing days of TARGET, the Eurosystem's settlement system (European Central Bank, "TARGET
    /// closing days", the same six each year since 2002).
    Target2,
    /// `us-fed`: the holidays of the Federal Reserve Banks (Federal Reserve, K.8). One that falls on a Sunday is kept on
    /// Monday; one on a Saturday is not moved.
    UsFed,
    /// `uk`: bank holidays of England and Wales (Banking and Financial Dealings Act 1971 and proclamations; gov.uk
    /// "UK bank holidays") with substitute days.
    Uk,
    /// `weekends`: no holidays. Covers every year.
    Weekends,
}

/// A calendar is asked about a day beyond the years it has. Not answered, because holidays are decreed: a day that
/// is guessed open would be wrong in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the calendar {calendar} covers the years {first} to {last}, and {day} is needed")]
pub struct NotCovered {
    /// Which.
    pub calendar: Calendar,
    /// The day asked for.
    pub day: Date,
    /// The first year it has.
    pub first: i16,
    /// The last year it has.
    pub last: i16,
}

/// A file of `calendars/`: the days, ascending, and their names.
type Holidays = Vec<(Date, &'static str)>;

static TARGET2: LazyLock<Holidays> = LazyLock::new(|| read(include_str!("../calendars/target2.csv")));
static US_FED: LazyLock<Holidays> = LazyLock::new(|| read(include_str!("../calendars/us-fed.csv")));
static UK: LazyLock<Holidays> = LazyLock::new(|| read(include_str!("../calendars/uk.csv")));

impl Calendar {
    /// All there are.
    pub const ALL: [Calendar; 4] = [Calendar::Target2, Calendar::UsFed, Calendar::Uk, Calendar::Weekends];

    /// Its name, as typed.
    pub fn name(self) -> &'static str {
        match self {
            Calendar::Target2 => "target2",
            Calendar::UsFed => "us-fed",
            Calendar::Uk => "uk",
            Calendar::Weekends => "weekends",
        }
    }

    /// The first and the last year it has; `None` when it answers for all.
    pub fn years(self) -> Option<(i16, i16)> {
        let days = self.holidays();
        days.first().zip(days.last()).map(|((first, _), (last, _))| (first.year(), last.year()))
    }

    /// The days it is closed beside weekends, ascending, with their names. Some fall on a Saturday.
    pub fn holidays(self) -> &'static [(Date, &'static str)] {
        match self {
            Calendar::Target2 => &TARGET2,
            Calendar::UsFed => &US_FED,
            Calendar::Uk => &UK,
            Calendar::Weekends => &[],
        }
    }

    /// Why it is closed on this day: the holiday's name, or the weekday's. `None` on a business day.
    pub fn closed(self, day: Date) -> Result<Option<&'static str>, NotCovered> {
        if let Some((first, last)) = self.years()
            && !(first..=last).contains(&day.year())
        {
            return Err(NotCovered { calendar: self, day, first, last });
        }
        let days = self.holidays();
        let holiday = days.binary_search_by_key(&day, |(day, _)| *day).ok().map(|at| days[at].1);
        Ok(holiday.or(match day.weekday() {
            Weekday::Saturday => Some("Saturday"),
            Weekday::Sunday => Some("Sunday"),
            _ => None,
        }))
    }

    /// Whether banks settle on this day.
    pub fn is_business_day(self, day: Date) -> Result<bool, NotCovered> {
        Ok(self.closed(day)?.is_none())
    }
}

fn read(file: &'static str) -> Holidays {
    let line = |line: &'static str| {
        let (day, name) = line.split_once(',').expect("tests read every line");
        (day.parse().expect("tests read every line"), name)
    };
    file.lines().skip(1).map(line).collect()
}

impl FromStr for Calendar {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Calendar, ScheduleError> {
        let found = Calendar::ALL.into_iter().find(|calendar| calendar.name() == name);
        found.ok_or_else(|| ScheduleError::UnknownCalendar(name.to_owned()))
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
