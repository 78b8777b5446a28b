//! The fields of a cron expression as sets of bits.

use jiff::civil::Date;

use super::CronError;

/// A field: its name, its values, and words for them.
pub(super) struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// Words for the values from `min` on.
    words: &'static [&'static str],
}

pub(super) const MINUTE: Field = Field { name: "minute", min: 0, max: 59, words: &[] };
pub(super) const HOUR: Field = Field { name: "hour", min: 0, max: 23, words: &[] };
const DAY_OF_MONTH: Field = Field { name: "day of month", min: 1, max: 31, words: &[] };
pub(super) const MONTH: Field = Field {
    name: "month",
    min: 1,
    max: 12,
    words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const DAY_OF_WEEK: Field =
    Field { name: "day of week", min: 0, max: 7, words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Field {
    /// The values of a whole field: bit n is value n.
    pub(super) fn parse(&self, text: &str) -> Result<u64, CronError> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    /// A number, a range, `*`, each with its step.
    fn part(&self, text: &str) -> Result<u64, CronError> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step, text)?)),
            None => (text, None),
        };
        let (low, high) = if range == "*" {
            // 7 is Sunday again: `*/2` counts from 0 to 6.
            (self.min, if self.words.len() == 7 { 6 } else { self.max })
        } else if let Some((low, high)) = range.split_once('-') {
            let (low, end) = (self.value(low, text)?, self.value(high, text)?);
            // A week may end on a Sunday: `fri-sun`.
            let high = if self.words.len() == 7 && high.eq_ignore_ascii_case("sun") { 7 } else { end };
            if low > high {
                return Err(self.error(text, "the range ends before it begins"));
            }
            (low, high)
        } else if step.is_some() {
            return Err(self.error(text, "a step needs * or a range before it"));
        } else {
            let value = self.value(range, text)?;
            (value, value)
        };
        let values = (low..=high).step_by(step.unwrap_or(1));
        Ok(values.fold(0, |bits, value| bits | 1 << value))
    }

    fn step(&self, text: &str, part: &str) -> Result<usize, CronError> {
        let step = number(text).filter(|step| (1..=self.max - self.min + 1).contains(step));
        let step = step.ok_or_else(|| self.error(part, "the step does not fit the field"))?;
        Ok(usize::try_from(step).expect("two digits"))
    }

    fn value(&self, text: &str, part: &str) -> Result<u32, CronError> {
        let word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        let word = word.and_then(|at| u32::try_from(at).ok()).map(|at| at + self.min);
        let value = word.or_else(|| number(text)).ok_or_else(|| self.error(part, self.hint(part)))?;
        if value < self.min || value > self.max {
            return Err(self.error(part, "outside the field's values"));
        }
        Ok(value)
    }

    fn hint(&self, part: &str) -> &'static str {
        match part {
            "" => "nothing is there",
            "?" => "write * instead",
            _ if self.name == DAY_OF_MONTH.name && part.to_ascii_uppercase().ends_with('W') => {
                "W knows no holidays; use a business-day rule with a calendar"
            }
            _ => "neither a number nor a name",
        }
    }

    fn error(&self, part: &str, what: &'static str) -> CronError {
        CronError::Field { field: self.name, text: part.to_owned(), what }
    }
}

/// One or two digits.
fn number(text: &str) -> Option<u32> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The days of month that a field names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DaysOfMonth {
    days: u32,
    /// `L`.
    last: bool,
    /// It begins with `*`.
    pub(super) star: bool,
}

impl DaysOfMonth {
    pub(super) fn parse(text: &str) -> Result<DaysOfMonth, CronError> {
        let mut found = DaysOfMonth { days: 0, last: false, star: text.starts_with('*') };
        for part in text.split(',') {
            if part.eq_ignore_ascii_case("L") {
                found.last = true;
            } else {
                found.days |= u32::try_from(DAY_OF_MONTH.part(part)?).expect("bits 1 to 31");
            }
        }
        Ok(found)
    }

    /// Of the month that begins with `first`.
    pub(super) fn mask(&self, first: Date) -> u32 {
        let length = first.days_in_month();
        let last = if self.last { 1 << length } else { 0 };
        (self.days | last) & all(length)
    }
}

/// The days of week that a field names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DaysOfWeek {
    /// Bit n is weekday n, Sunday 0.
    every: u64,
    /// `5L`: the last one of the month.
    last: u64,
    /// `5#2`: the second one of the month, at index 1.
    nth: [u64; 5],
    /// It begins with `*`.
    pub(super) star: bool,
}

impl DaysOfWeek {
    pub(super) fn parse(text: &str) -> Result<DaysOfWeek, CronError> {
        let mut found = DaysOfWeek { every: 0, last: 0, nth: [0; 5], star: text.starts_with('*') };
        let day = |name: &str, part: &str| DAY_OF_WEEK.value(name, part).map(|day| 1 << (day % 7));
        for part in text.split(',') {
            if let Some((name, nth)) = part.split_once('#') {
                let nth = number(nth).filter(|nth| (1..=5).contains(nth));
                let nth = nth.ok_or_else(|| DAY_OF_WEEK.error(part, "# takes 1 to 5"))?;
                found.nth[usize::try_from(nth - 1).expect("0 to 4")] |= day(name, part)?;
            } else if let Some(name) = part.strip_suffix(['L', 'l']) {
                found.last |= day(name, part)?;
            } else {
                let bits = DAY_OF_WEEK.part(part)?;
                found.every |= (bits | bits >> 7) & 0x7f;
            }
        }
        Ok(found)
    }

    /// Of the month that begins with `first`.
    pub(super) fn mask(&self, first: Date) -> u32 {
        let length = first.days_in_month();
        let begins = first.weekday().to_sunday_zero_offset();
        let mut mask = 0;
        for weekday in 0..7_i8 {
            let chosen = |bits: u64| bits & (1 << weekday) != 0;
            let earliest = 1 + (weekday - begins).rem_euclid(7);
            for (nth, day) in (earliest..=length).step_by(7).enumerate() {
                if chosen(self.every) || chosen(self.nth[nth]) || (chosen(self.last) && day + 7 > length) {
                    mask |= 1 << day;
                }
            }
        }
        mask
    }
}

/// The days 1 to `length`.
fn all(length: i8) -> u32 {
    (u32::MAX >> (31 - length)) & !1
}
