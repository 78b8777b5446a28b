//! Walking through the occurrences of a schedule.

use std::collections::VecDeque;

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};

use crate::adjust::MOVE_DAYS_MAX;
use crate::days::plus_days;
use crate::schedule::{DaySeries, Series, at_wall_clock};
use crate::{BusinessDayRule, Ends, Moved, Occurrence, Schedule, ScheduleError};

/// Occurrences of a schedule, in order; a step looks at a bounded number of days. After an error there is no more.
#[derive(Clone, Debug)]
pub struct Occurrences<'a> {
    schedule: &'a Schedule,
    walk: Walk<'a>,
    /// What falls due before is left out.
    from: Option<Timestamp>,
    /// What has a number up to this is left out.
    above: u64,
}

#[derive(Clone, Debug)]
enum Walk<'a> {
    /// The number of the next hour.
    Hours(u64),
    Days(DayWalk<'a>),
    Over,
}

/// Days whose occurrences coincide or cross are looked at together.
#[derive(Clone, Debug)]
struct DayWalk<'a> {
    series: &'a DaySeries,
    /// The next day and its place in the series.
    cursor: Option<(u64, Date)>,
    /// A day that was looked at already, or why it could not be.
    ahead: Option<Result<Vec<Occurrence>, ScheduleError>>,
    /// What is known to come next.
    ready: VecDeque<Occurrence>,
}

/// A day's times stay within so many days of it when the clock changes.
const CLOCK_DAYS_MAX: i32 = 2;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Hours end where the days of a series do.
const LAST_HOUR: DateTime = DateTime::constant(9998, 12, 31, 0, 0, 0, 0);

impl<'a> Occurrences<'a> {
    pub(crate) fn all(schedule: &'a Schedule) -> Self {
        let walk = match &schedule.series {
            Series::Hours => Walk::Hours(1),
            Series::Days(series) => Walk::Days(DayWalk::new(series, 0)),
        };
        Occurrences { schedule, walk, from: None, above: 0 }
    }

    pub(crate) fn from(schedule: &'a Schedule, from: Timestamp) -> Self {
        Occurrences { from: Some(from), ..Self::around(schedule, from) }
    }

    /// From some occurrence before `time` on, if there is one.
    pub(crate) fn around(schedule: &'a Schedule, time: Timestamp) -> Self {
        let walk = match &schedule.series {
            Series::Hours => {
                let time = match schedule.ends {
                    Ends::At(end) => time.min(end),
                    Ends::Never | Ends::After(_) => time,
                };
                let passed = time.duration_since(schedule.start.timestamp()).as_hours();
                let number = u64::try_from(passed).unwrap_or(0);
                let last = if let Ends::After(count) = schedule.ends { count } else { u64::MAX };
                Walk::Hours(number.min(last).max(1))
            }
            Series::Days(series) => {
                let day = time.to_zoned(schedule.zone.clone()).date();
                Walk::Days(DayWalk::new(series, schedule.place_before(series, day)))
            }
        };
        Occurrences { schedule, walk, from: None, above: 0 }
    }

    pub(crate) fn above(schedule: &'a Schedule, number: u64) -> Self {
        let walk = match &schedule.series {
            Series::Hours => Walk::Hours(number.saturating_add(1)),
            Series::Days(series) => {
                let place = number.saturating_add(series.before_start) / series.per_day();
                let day = series.days.at(place);
                let walk = |day| Walk::Days(DayWalk::new(series, schedule.place_before(series, day)));
                day.map_or(Walk::Over, walk)
            }
        };
        Occurrences { schedule, walk, from: None, above: number }
    }
}

impl Iterator for Occurrences<'_> {
    type Item = Result<Occurrence, ScheduleError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match &mut self.walk {
                Walk::Hours(number) => {
                    let hour = self.schedule.hour(*number).map(Ok);
                    *number = number.saturating_add(1);
                    hour
                }
                Walk::Days(walk) => walk.next(self.schedule),
                Walk::Over => None,
            };
            let Some(Ok(found)) = next else {
                self.walk = Walk::Over;
                return next;
            };
            // Bounded: the walk began a few days before what is asked for.
            if found.number > self.above && self.from.is_none_or(|from| found.time.timestamp() >= from) {
                return Some(Ok(found));
            }
        }
    }
}

impl<'a> DayWalk<'a> {
    /// From the day at this place of the series.
    fn new(series: &'a DaySeries, place: u64) -> Self {
        let cursor = series.days.at(place).map(|day| (place, day));
        DayWalk { series, cursor, ahead: None, ready: VecDeque::new() }
    }

    fn next(&mut self, schedule: &Schedule) -> Option<Result<Occurrence, ScheduleError>> {
        if self.ready.is_empty() {
            match self.cluster(schedule)? {
                Ok(cluster) => self.ready = settle(cluster),
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }

    /// The next days whose occurrences coincide or cross; most often one day. A run of closed days ends, so this does.
    fn cluster(&mut self, schedule: &Schedule) -> Option<Result<Vec<Occurrence>, ScheduleError>> {
        let mut cluster = match self.day(schedule)? {
            Ok(day) => day,
            Err(error) => return Some(Err(error)),
        };
        loop {
            let upcoming = self.cursor.map(|(_, day)| day);
            let last = cluster.iter().map(|one| &one.time).max().expect("no day is empty").clone();
            match self.day(schedule) {
                Some(Ok(day)) if day.iter().any(|one| one.time <= last) => cluster.extend(day),
                Some(Err(error)) if !upcoming.is_some_and(|day| schedule.is_apart(last.date(), day)) => {
                    return Some(Err(error));
                }
                ahead => {
                    self.ahead = ahead;
                    return Some(Ok(cluster));
                }
            }
        }
    }

    /// The occurrences of the next day that has any. Only the first and the last day of a series can be without.
    fn day(&mut self, schedule: &Schedule) -> Option<Result<Vec<Occurrence>, ScheduleError>> {
        if let Some(ahead) = self.ahead.take() {
            return Some(ahead);
        }
        loop {
            let (place, day) = self.cursor?;
            if schedule.is_over(self.series, place, day) {
                self.cursor = None;
                return None;
            }
            self.cursor = self.series.days.after(place, day).map(|next| (place + 1, next));
            match schedule.day(self.series, place, day) {
                Ok(found) if found.is_empty() => {}
                found => return Some(found),
            }
        }
    }
}

/// One occurrence for each time, with the last of its numbers. Where times cross, the numbers change places: they ascend.
fn settle(mut cluster: Vec<Occurrence>) -> VecDeque<Occurrence> {
    cluster.sort_by(|a, b| a.time.cmp(&b.time).then(b.number.cmp(&a.number)));
    cluster.dedup_by(|earlier, kept| earlier.time == kept.time);
    let mut numbers: Vec<u64> = cluster.iter().map(|one| one.number).collect();
    numbers.sort_unstable();
    cluster.into_iter().zip(numbers).map(|(one, number)| Occurrence { number, ..one }).collect()
}

impl Schedule {
    /// Whether what falls due on `due` cannot coincide with the occurrences of the later day `upcoming`, about which the
    /// calendar has no answer.
    pub(crate) fn is_apart(&self, due: Date, upcoming: Date) -> bool {
        let back = match self.business_days.map(|days| days.rule) {
            None | Some(BusinessDayRule::Following) => 0,
            Some(BusinessDayRule::ModifiedFollowing | BusinessDayRule::Preceding) => MOVE_DAYS_MAX,
        };
        plus_days(upcoming, -i64::from(back)).is_some_and(|earliest| earliest > due)
    }

    /// The place in the series of a day that lies wholly before all that can fall due on `day` or later, and after
    /// which only what lies close to `day` or to the schedule's end is still to come; the first place when there is none.
    fn place_before(&self, series: &DaySeries, day: Date) -> u64 {
        let last = match self.ends {
            Ends::Never => None,
            Ends::After(count) => {
                let place = (count.saturating_add(series.before_start) - 1) / series.per_day();
                if series.days.count_before(day) > place { series.days.at(place) } else { None }
            }
            Ends::At(end) => Some(end.to_zoned(self.zone.clone()).date()),
        };
        let day = last.map_or(day, |last| day.min(last));
        let moves = CLOCK_DAYS_MAX + self.business_days.map_or(0, |_| MOVE_DAYS_MAX);
        let before = plus_days(day, -i64::from(moves)).unwrap_or(Date::MIN);
        series.days.count_before(before).saturating_sub(1)
    }

    /// Nothing of this day or later is in the schedule.
    fn is_over(&self, series: &DaySeries, place: u64, day: Date) -> bool {
        match self.ends {
            Ends::Never => false,
            Ends::After(count) => {
                place.saturating_mul(series.per_day()) >= count.saturating_add(series.before_start)
            }
            Ends::At(end) => at_wall_clock(&self.zone, day.to_datetime(Time::midnight())).timestamp() > end,
        }
    }

    /// The occurrences of a day, which is at this place of the series.
    fn day(&self, series: &DaySeries, place: u64, day: Date) -> Result<Vec<Occurrence>, ScheduleError> {
        let target = self.business_days.map_or(Ok(day), |days| days.adjust(day))?;
        let first = place.saturating_mul(series.per_day());
        let numbered = (first..).zip(&series.times).filter_map(|(before, time)| {
            let number = (before + 1).checked_sub(series.before_start).filter(|number| *number > 0)?;
            Some((number, day.to_datetime(*time)))
        });
        let is_in = |(number, nominal): &(u64, DateTime)| match self.ends {
            Ends::Never => true,
            Ends::After(count) => *number <= count,
            Ends::At(end) => at_wall_clock(&self.zone, *nominal).timestamp() <= end,
        };
        let occurrence = |(number, nominal): (u64, DateTime)| {
            let at = target.to_datetime(nominal.time());
            let is_start = series.anchored && at == self.start.datetime();
            let time = if is_start { self.start.clone() } else { at_wall_clock(&self.zone, at) };
            let moved = Moved { business_day: target != day, clock_change: time.datetime() != at };
            Occurrence { number, nominal, time, moved }
        };
        Ok(numbered.filter(is_in).map(occurrence).collect())
    }

    /// The hour of this number.
    fn hour(&self, number: u64) -> Option<Occurrence> {
        let passed = i64::try_from(number.checked_sub(1)?).ok()?;
        let hours = SignedDuration::from_secs(passed.checked_mul(HOUR.as_secs())?);
        let time = self.start.checked_add(hours).ok()?;
        let over = match self.ends {
            Ends::Never => time.datetime() > LAST_HOUR,
            Ends::After(count) => number > count,
            Ends::At(end) => time.timestamp() > end,
        };
        let nominal = time.datetime();
        (!over).then(|| Occurrence { number, nominal, time, moved: Moved::default() })
    }
}
