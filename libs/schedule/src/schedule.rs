//! A schedule, and the questions it answers.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::adjust::MOVE_DAYS_MAX;
use crate::days::{Days, plus_days};
use crate::{BusinessDays, Cron, Occurrence, Occurrences, ScheduleError};

/// So many occurrences are given at once.
pub const PREVIEW_MAX: usize = 1_000;
const FIRST_YEAR: i16 = 1970;
const LAST_YEAR: i16 = 2999;
/// The shortest time there is.
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// Opening the database that jiff carries costs an index of its names, once.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// How a schedule recurs. All but cron are anchored at its start, which is their first occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// At the start, once.
    Once,
    /// Every hour that passes, whatever the wall clock does: 25 on the day it goes back, 23 when it goes forward.
    Hourly,
    /// Every day at the start's time of day.
    Daily,
    /// Every seventh day.
    Weekly,
    /// Every month on the start's day, or on the last day of a shorter month. The day is not lost: 31 January, 28
    /// February, 31 March.
    Monthly,
    /// Every third month, as monthly.
    Quarterly,
    /// Every twelfth month, as monthly: a start on 29 February is 28 February in other years.
    Yearly,
    /// Whenever an expression says.
    Cron(Cron),
}

/// When a schedule begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// On the wall clock of its zone.
    Civil(DateTime),
    /// At an instant.
    At(Timestamp),
}

/// When a schedule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Never.
    Never,
    /// With the last occurrence whose nominal time is not after this. One that business days then move past it still
    /// falls due: a coupon of the last day is paid on the next.
    At(Timestamp),
    /// With the occurrence of this number.
    After(u64),
}

/// What a person says of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How it recurs.
    pub recurrence: Recurrence,
    /// Its time zone, by its IANA name.
    pub zone: String,
    /// When it begins; an occurrence may be at the start itself.
    pub start: Start,
    /// When it ends.
    pub ends: Ends,
    /// Whether days that are no business days are moved, and by which calendar.
    pub business_days: Option<BusinessDays>,
}

/// A rule for when something falls due. Made from [`Terms`] that were looked at.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub(crate) zone: TimeZone,
    pub(crate) start: Zoned,
    pub(crate) ends: Ends,
    pub(crate) business_days: Option<BusinessDays>,
    pub(crate) series: Series,
}

/// The nominal times of a schedule.
#[derive(Clone, Debug)]
pub(crate) enum Series {
    /// Hours since the start.
    Hours,
    /// Days of the wall clock, each with the same times.
    Days(DaySeries),
}

/// Days, and times of each.
#[derive(Clone, Debug)]
pub(crate) struct DaySeries {
    pub(crate) days: Days,
    /// Ascending; at least one.
    pub(crate) times: Vec<Time>,
    /// So many times of the first day are before the start and have no number.
    pub(crate) before_start: u64,
    /// The first occurrence is the start: its instant counts where its wall-clock time exists twice.
    pub(crate) anchored: bool,
}

impl Schedule {
    /// The schedule of these terms.
    pub fn new(terms: Terms) -> Result<Schedule, ScheduleError> {
        let zone = ZONES.get(&terms.zone).map_err(|_| ScheduleError::UnknownZone(terms.zone.clone()))?;
        let start = match terms.start {
            Start::At(at) => at.to_zoned(zone.clone()),
            Start::Civil(at) if !(FIRST_YEAR..=LAST_YEAR).contains(&at.year()) => {
                return Err(ScheduleError::StartOutOfRange);
            }
            Start::Civil(at) => at_wall_clock(&zone, at),
        };
        if !(FIRST_YEAR..=LAST_YEAR).contains(&start.year()) {
            return Err(ScheduleError::StartOutOfRange);
        }
        match terms.ends {
            Ends::At(end) if end < start.timestamp() => return Err(ScheduleError::EndBeforeStart),
            Ends::After(0) => return Err(ScheduleError::CountZero),
            Ends::At(_) | Ends::After(_) | Ends::Never => {}
        }
        if matches!(terms.recurrence, Recurrence::Hourly) && terms.business_days.is_some() {
            return Err(ScheduleError::HourlyByBusinessDay);
        }
        let anchor = match terms.start {
            Start::Civil(at) => at,
            Start::At(_) => start.datetime(),
        };
        let series = Series::new(terms.recurrence, anchor, &start);
        let (ends, business_days) = (terms.ends, terms.business_days);
        let schedule = Schedule { zone, start, ends, business_days, series };
        schedule.fires()?;
        Ok(schedule)
    }

    /// It has an occurrence, whatever its calendar says.
    fn fires(&self) -> Result<(), ScheduleError> {
        if let Series::Days(series) = &self.series
            && series.days.at(0).is_none()
        {
            return Err(ScheduleError::NeverFires);
        }
        let nominal = Schedule { business_days: None, ..self.clone() };
        let first = nominal.occurrences().next().transpose()?;
        first.map(|_| ()).ok_or(ScheduleError::EndBeforeFirst)
    }

    /// The name of its time zone, as the IANA database spells it.
    pub fn zone(&self) -> &str {
        self.zone.iana_name().expect("it was found by its name")
    }

    /// All occurrences, in order. Ends with the first error: a day that the calendar does not cover.
    pub fn occurrences(&self) -> Occurrences<'_> {
        Occurrences::all(self)
    }

    /// The occurrences that fall due at `from` or later.
    pub fn occurrences_from(&self, from: Timestamp) -> Occurrences<'_> {
        Occurrences::from(self, from)
    }

    /// The occurrences with a number above this one.
    pub fn occurrences_above(&self, number: u64) -> Occurrences<'_> {
        Occurrences::above(self, number)
    }

    /// The first occurrence that falls due after `time`.
    pub fn next_after(&self, time: Timestamp) -> Result<Option<Occurrence>, ScheduleError> {
        let mut coming = self.occurrences_from(time);
        coming.find(|found| found.as_ref().map_or(true, |found| found.time.timestamp() > time)).transpose()
    }

    /// The last occurrence that falls due before `time`.
    pub fn last_before(&self, time: Timestamp) -> Result<Option<Occurrence>, ScheduleError> {
        let mut last = None;
        for found in Occurrences::around(self, time) {
            match found {
                Ok(found) if found.time.timestamp() < time => last = Some(found),
                Ok(_) => break,
                Err(ScheduleError::NotCovered(beyond))
                    if self.is_before(time, beyond.day) || self.rest_is_after(time, last.as_ref()) =>
                {
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(last)
    }

    /// The number up to which nothing is open once all is decided whose nominal time is not after `nominal`, whatever clock
    /// that was on and wherever business days moved it. Where a day has one time, its day counts; where it has several, they
    /// do, and where these are moved it can be less. Hours are of no day: 0.
    pub fn number_up_to(&self, nominal: DateTime) -> u64 {
        let Series::Days(series) = &self.series else { return 0 };
        let day = nominal.date();
        let days = series.days.count_before(day);
        let is_in = day.tomorrow().is_ok_and(|next| series.days.count_before(next) > days);
        let passed = |time: &&Time| series.times.len() == 1 || **time <= nominal.time();
        let times = if is_in { series.times.iter().filter(passed).count() } else { 0 };
        let times = u64::try_from(times).expect("at most the minutes of a day");
        days.saturating_mul(series.per_day()).saturating_add(times).saturating_sub(series.before_start)
    }

    /// Whether what comes after `last` falls due after the day of `time`, wherever it is moved.
    fn rest_is_after(&self, time: Timestamp, last: Option<&Occurrence>) -> bool {
        let nominal = Schedule { business_days: None, ..self.clone() };
        let rest = nominal.occurrences_above(last.map_or(0, |last| last.number)).next();
        let today = time.to_zoned(self.zone.clone()).date();
        matches!(rest, Some(Ok(rest)) if self.is_apart(today, rest.nominal.date()))
    }

    /// Whether what could not be moved, because `day` was needed for that, falls due after `time` wherever it goes: its
    /// nominal day is at most one move before `day`, and its own at most one before that.
    fn is_before(&self, time: Timestamp, day: Date) -> bool {
        let earliest = plus_days(day, -2 * i64::from(MOVE_DAYS_MAX));
        earliest.is_some_and(|earliest| time.to_zoned(self.zone.clone()).date() < earliest)
    }

    /// The next `count` occurrences, at most [`PREVIEW_MAX`], that fall due at `from` or later; fewer when it ends.
    pub fn preview(&self, from: Timestamp, count: usize) -> Result<Vec<Occurrence>, ScheduleError> {
        if !(1..=PREVIEW_MAX).contains(&count) {
            return Err(ScheduleError::CountOutOfRange(count));
        }
        self.occurrences_from(from).take(count).collect()
    }
}

impl Series {
    fn new(recurrence: Recurrence, anchor: DateTime, start: &Zoned) -> Series {
        let day = anchor.date();
        let every = |days| Days::Every { anchor: day, days };
        let months = |months| Days::Months { anchor: day, months };
        let days = match recurrence {
            Recurrence::Hourly => return Series::Hours,
            Recurrence::Cron(cron) => return Series::Days(DaySeries::cron(cron, start)),
            Recurrence::Once => Days::Once(day),
            Recurrence::Daily => every(1),
            Recurrence::Weekly => every(7),
            Recurrence::Monthly => months(1),
            Recurrence::Quarterly => months(3),
            Recurrence::Yearly => months(12),
        };
        Series::Days(DaySeries { days, times: vec![anchor.time()], before_start: 0, anchored: true })
    }
}

impl DaySeries {
    fn cron(cron: Cron, start: &Zoned) -> DaySeries {
        let (first, times) = (start.date(), cron.times());
        let early = |time: &&Time| at_wall_clock(start.time_zone(), first.to_datetime(**time)) < *start;
        let before_start = if cron.matches(first) { times.iter().filter(early).count() } else { 0 };
        let before_start = u64::try_from(before_start).expect("at most the minutes of a day");
        DaySeries { days: Days::Cron { first, cron }, times, before_start, anchored: false }
    }

    /// How many times each day has.
    pub(crate) fn per_day(&self) -> u64 {
        u64::try_from(self.times.len()).expect("at most the minutes of a day")
    }
}

/// The instant of a time on the wall clock. One that the clock leaves out is the first moment after the gap, as cron's
/// manual has it ("run immediately"); one that comes twice is the first of the two. So a later time of day is never an
/// earlier instant.
pub(crate) fn at_wall_clock(zone: &TimeZone, at: DateTime) -> Zoned {
    let ambiguous = zone.to_ambiguous_zoned(at);
    let is_left_out = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    let moved = ambiguous.compatible().expect("series end a year before the calendar does");
    if !is_left_out {
        return moved;
    }
    // Moved by the length of the gap, it lies at the clock change or less than that length after it.
    let after = moved.timestamp().saturating_add(INSTANT).expect("no calendar units");
    let change = zone.preceding(after).next().expect("a gap is a clock change");
    change.timestamp().to_zoned(zone.clone())
}
