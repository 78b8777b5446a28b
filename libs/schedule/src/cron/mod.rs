//! Cron expressions: minute, hour, day of month, month, day of week.

mod field;

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};

use field::{DaysOfMonth, DaysOfWeek};

/// A cron expression of five fields, as Vixie cron reads it.
///
/// Numbers, `*`, ranges `a-b`, steps `*/n` and `a-b/n`, lists of those; three-letter names of months and weekdays; 0 and
/// 7 are Sunday. Where day of month and day of week are both given, a day matches when either does; where one of them
/// begins with `*`, both must match. `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly`
/// stand for what they say.
///
/// Three additions are common elsewhere and wanted for payments: `L` as day of month is its last day, `5L` as day of
/// week the last Friday of the month, `5#2` its second. `W` is refused: it knows weekdays and no holidays, which
/// [`BusinessDays`](crate::BusinessDays) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// As it was typed, with single spaces.
    text: String,
    minutes: u64,
    hours: u64,
    months: u64,
    days_of_month: DaysOfMonth,
    days_of_week: DaysOfWeek,
}

/// A cron expression does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It has not five fields.
    #[error("it has {0} fields; minute, hour, day of month, month and day of week make 5")]
    Fields(usize),
    /// No shorthand of this name is known.
    #[error("there is no shorthand {0:?}")]
    Shorthand(String),
    /// A field cannot be read.
    #[error("{field} {text:?}: {what}")]
    Field {
        /// Which.
        field: &'static str,
        /// The part of it that is wrong.
        text: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// The calendar repeats after so many months, weekdays included.
const CYCLE_MONTHS: i32 = 400 * 12;

impl Cron {
    /// The days of a month that match: bit n is day n.
    fn days_in(&self, month: Month) -> u32 {
        if self.months & (1 << month.number()) == 0 {
            return 0;
        }
        let first = month.first();
        let by_month = self.days_of_month.mask(first);
        let by_week = self.days_of_week.mask(first);
        if self.days_of_month.star || self.days_of_week.star {
            by_month & by_week
        } else {
            by_month | by_week
        }
    }

    /// The times of each day that matches, ascending.
    pub(crate) fn times(&self) -> Vec<Time> {
        let hours = (0..24).filter(|hour| self.hours & (1 << hour) != 0);
        let at = |hour| {
            let minutes = (0..60).filter(|minute| self.minutes & (1 << minute) != 0);
            minutes.map(move |minute| Time::constant(hour, minute, 0, 0))
        };
        hours.flat_map(at).collect()
    }

    /// Whether this day matches.
    pub(crate) fn matches(&self, day: Date) -> bool {
        self.days_in(Month::of(day)) & (1 << day.day()) != 0
    }

    /// The first day that matches, on this one or later; `None` when no day of the calendar does, or none before the
    /// year 9999. Exact: a whole cycle of the calendar is looked through.
    pub(crate) fn first_from(&self, day: Date) -> Option<Date> {
        let first = Month::of(day);
        for month in first.0..=Month::LAST.0.min(first.0 + CYCLE_MONTHS) {
            let mut mask = self.days_in(Month(month));
            if month == first.0 {
                mask &= u32::MAX << day.day();
            }
            if mask != 0 {
                return Some(Month(month).day(mask.trailing_zeros()));
            }
        }
        None
    }

    /// How many days match from `first` on and before `end`.
    pub(crate) fn count(&self, first: Date, end: Date) -> u64 {
        if end <= first {
            return 0;
        }
        let (from, to) = (Month::of(first), Month::of(end));
        let months = (from.0..=to.0).map(|month| {
            let mut mask = self.days_in(Month(month));
            if month == from.0 {
                mask &= u32::MAX << first.day();
            }
            if month == to.0 {
                mask &= !(u32::MAX << end.day());
            }
            u64::from(mask.count_ones())
        });
        months.sum()
    }

    /// The matching day that has `index` others before it from `first` on.
    pub(crate) fn at(&self, first: Date, index: u64) -> Option<Date> {
        let from = Month::of(first);
        let (mut left, mut empty) = (index, 0);
        for month in from.0..=Month::LAST.0 {
            let mut mask = self.days_in(Month(month));
            if month == from.0 {
                mask &= u32::MAX << first.day();
            }
            let days = u64::from(mask.count_ones());
            if left < days {
                let wanted = (0..left).fold(mask, |mask, _| mask & (mask - 1));
                return Some(Month(month).day(wanted.trailing_zeros()));
            }
            empty = if days == 0 { empty + 1 } else { 0 };
            if empty > CYCLE_MONTHS {
                return None;
            }
            left -= days;
        }
        None
    }
}

/// A month of a year, counted from January of year 0.
#[derive(Clone, Copy)]
struct Month(i32);

impl Month {
    /// December 9998: a day may still move forward from here.
    const LAST: Month = Month(9998 * 12 + 11);

    fn of(day: Date) -> Month {
        Month(i32::from(day.year()) * 12 + i32::from(day.month()) - 1)
    }

    fn number(self) -> i32 {
        self.0.rem_euclid(12) + 1
    }

    fn first(self) -> Date {
        self.day(1)
    }

    fn day(self, day: u32) -> Date {
        let year = i16::try_from(self.0.div_euclid(12)).expect("months come from dates");
        let month = i8::try_from(self.number()).expect("1 to 12");
        Date::new(year, month, i8::try_from(day).expect("1 to 31"))
            .expect("masks have days of their month only")
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Cron, CronError> {
        let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let expanded = if text.starts_with('@') { shorthand(&text)? } else { &text };
        let fields: Vec<&str> = expanded.split(' ').filter(|field| !field.is_empty()).collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(CronError::Fields(fields.len()));
        };
        Ok(Cron {
            minutes: field::MINUTE.parse(minute)?,
            hours: field::HOUR.parse(hour)?,
            months: field::MONTH.parse(month)?,
            days_of_month: DaysOfMonth::parse(day)?,
            days_of_week: DaysOfWeek::parse(weekday)?,
            text,
        })
    }
}

fn shorthand(text: &str) -> Result<&'static str, CronError> {
    match text {
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        "@monthly" => Ok("0 0 1 * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@hourly" => Ok("0 * * * *"),
        _ => Err(CronError::Shorthand(text.to_owned())),
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
