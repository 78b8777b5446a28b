//! Moving a day to a business day.

use jiff::civil::Date;

use crate::{Calendar, NotCovered};

/// Which business day stands for a day that is none (ISDA 2006 Definitions, section 4.12, has the same three).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BusinessDayRule {
    /// The next one.
    Following,
    /// The next one, or the one before where the next one is in another month.
    ModifiedFollowing,
    /// The one before.
    Preceding,
}

/// A rule and the calendar it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BusinessDays {
    /// Where to.
    pub rule: BusinessDayRule,
    /// What is a business day.
    pub calendar: Calendar,
}

/// No calendar is closed for so many days on end; a test looks through them all. So no day moves further, and whoever
/// looks at the days within this distance of a date has seen all that can move to it.
pub(crate) const MOVE_DAYS_MAX: i32 = 10;

impl BusinessDays {
    /// The business day that stands for this one; itself when it is one.
    pub fn adjust(self, day: Date) -> Result<Date, NotCovered> {
        match self.rule {
            BusinessDayRule::Following => self.open(day, Date::tomorrow),
            BusinessDayRule::Preceding => self.open(day, Date::yesterday),
            BusinessDayRule::ModifiedFollowing => match self.open(day, Date::tomorrow) {
                Ok(next) if next.month() == day.month() => Ok(next),
                // The next one may lie in a year that is not covered: it is in another month all the same.
                Err(beyond) if beyond.day.month() == day.month() => Err(beyond),
                _ => self.open(day, Date::yesterday),
            },
        }
    }

    /// The first business day from `day` on, in the direction of `step`.
    fn open(self, day: Date, step: fn(Date) -> Result<Date, jiff::Error>) -> Result<Date, NotCovered> {
        let mut at = day;
        for _ in 0..=MOVE_DAYS_MAX {
            if self.calendar.is_business_day(at)? {
                return Ok(at);
            }
            at = step(at).expect("series end in the year 9998");
        }
        unreachable!("no calendar is closed for longer than {MOVE_DAYS_MAX} days")
    }
}
