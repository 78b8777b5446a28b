//! The days a recurrence falls on, before business days are looked at.

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::cron::Cron;

/// An ascending series of days that can be counted without walking through it.
#[derive(Clone, Debug)]
pub(crate) enum Days {
    /// One day.
    Once(Date),
    /// Every so many days from an anchor on.
    Every { anchor: Date, days: i64 },
    /// Every so many months from an anchor on: on its day, or on the last one of a shorter month.
    Months { anchor: Date, months: i64 },
    /// The days that an expression names, from `first` on.
    Cron { first: Date, cron: Cron },
}

/// Series end with this year, so that no date computed from a day of one leaves the calendar (which ends in 9999).
const LAST_YEAR: i16 = 9998;
const DAY_HOURS: i64 = 24;

impl Days {
    /// The day that has `index` others before it.
    pub(crate) fn at(&self, index: u64) -> Option<Date> {
        let step = i64::try_from(index).ok()?;
        let day = match self {
            Days::Once(day) => (index == 0).then_some(*day),
            Days::Every { anchor, days } => plus_days(*anchor, step.checked_mul(*days)?),
            Days::Months { anchor, months } => plus_months(*anchor, step.checked_mul(*months)?),
            Days::Cron { first, cron } => cron.at(*first, index),
        };
        day.filter(|day| day.year() <= LAST_YEAR)
    }

    /// The day after `day`, which has `index` others before it.
    pub(crate) fn after(&self, index: u64, day: Date) -> Option<Date> {
        match self {
            Days::Cron { cron, .. } => cron.first_from(day.tomorrow().ok()?),
            Days::Once(_) | Days::Every { .. } | Days::Months { .. } => self.at(index.checked_add(1)?),
        }
    }

    /// How many days of the series lie before `date`.
    pub(crate) fn count_before(&self, date: Date) -> u64 {
        let date = date.min(Date::constant(LAST_YEAR, 12, 31));
        let count = match self {
            Days::Once(day) => i64::from(*day < date),
            Days::Every { anchor, days } => (days_between(*anchor, date) + days - 1).div_euclid(*days),
            Days::Months { anchor, months } => {
                let whole = (month_number(date) - month_number(*anchor)).div_euclid(*months);
                let reached = plus_months(*anchor, whole * months).is_some_and(|day| day < date);
                whole + i64::from(reached)
            }
            Days::Cron { first, cron } => return cron.count(*first, date),
        };
        u64::try_from(count).unwrap_or(0)
    }
}

/// The date so many days later.
pub(crate) fn plus_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(SignedDuration::from_hours(days.checked_mul(DAY_HOURS)?)).ok()
}

fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / DAY_HOURS
}

/// Months since January of year 0.
fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The same day so many months later; the last of its month where that has no such day.
fn plus_months(date: Date, months: i64) -> Option<Date> {
    let number = month_number(date).checked_add(months)?;
    let year = i16::try_from(number.div_euclid(12)).ok()?;
    let month = i8::try_from(number.rem_euclid(12) + 1).ok()?;
    let first = Date::new(year, month, 1).ok()?;
    Date::new(year, month, date.day().min(first.days_in_month())).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::Days;

    #[test]
    fn places_days_and_counts_agree_with_walking() -> Result<(), crate::CronError> {
        let anchor = date(2024, 1, 31);
        let cron = |text: &str| text.parse().map(|cron| Days::Cron { first: anchor, cron });
        let all = [
            Days::Once(anchor),
            Days::Every { anchor, days: 1 },
            Days::Every { anchor, days: 7 },
            Days::Months { anchor, months: 1 },
            Days::Months { anchor, months: 3 },
            Days::Months { anchor: date(2024, 2, 29), months: 12 },
            cron("0 0 * * 1-5")?,
            cron("0 0 L 1,2 *")?,
            cron("0 0 29 2 *")?,
        ];
        for days in all {
            let mut found: Vec<Date> = days.at(0).into_iter().collect();
            for index in 0..40 {
                found.extend(found.last().copied().and_then(|day| days.after(index, day)));
            }
            found.dedup();
            for (index, day) in (0..).zip(&found) {
                assert_eq!(days.at(index), Some(*day), "{days:?}");
                let next = day.tomorrow().expect("far from the end");
                assert_eq!(
                    (days.count_before(*day), days.count_before(next)),
                    (index, index + 1),
                    "{days:?}"
                );
            }
            assert_eq!(days.count_before(date(2024, 1, 1)), 0, "{days:?}");
        }
        Ok(())
    }
}
