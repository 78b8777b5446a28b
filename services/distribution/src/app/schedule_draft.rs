//! A schedule as it was asked for: its terms as a distribution's, its timing by the rules of schedules.

use auth::Actor;
use jiff::Timestamp;
use schedule::{CatchUp, Ends, Schedule, ScheduleError};
use service_kit::error::FieldViolations;

use super::{App, Draft};
use crate::domain::schedule::{Template, Timing};
use crate::error::Error;

/// Each part as far as it could be read by itself; what could not be is among the violations.
#[derive(Debug, Default)]
pub(crate) struct ScheduleDraft {
    /// What each occurrence distributes.
    pub terms: Option<Draft>,
    /// When.
    pub timing: Option<Timing>,
    /// What happens to what is missed.
    pub catch_up: Option<CatchUp>,
    /// The moment of the call, in nanoseconds since the epoch: a start that is not given.
    pub now_ns: i64,
    /// What is wrong with it so far, but for the terms.
    pub violations: FieldViolations,
}

/// A draft that is right, as far as its parts are given.
#[derive(Debug)]
pub(super) struct CheckedSchedule {
    pub(super) template: Option<Template>,
    pub(super) timing: Option<(Timing, Schedule)>,
    pub(super) catch_up: Option<CatchUp>,
}

impl ScheduleDraft {
    /// Checks what is given. Something has to fall due at `from` or later.
    ///
    /// # Errors
    /// All mistakes of its fields together; else what the terms name and is not there; else what stands against them now.
    pub(super) async fn check(
        mut self,
        app: &App,
        actor: &Actor,
        from: Timestamp,
    ) -> Result<CheckedSchedule, Error> {
        let mut violations = std::mem::take(&mut self.violations);
        let timing = self.timing.and_then(|timing| {
            let rule = rule(&timing, from, &mut violations);
            rule.map(|rule| (timing, rule))
        });
        let checked = match self.terms {
            None => Ok(None),
            Some(draft) => draft.check(app, actor).await.map(Some),
        };
        let checked = match checked {
            Err(Error::Request(problem)) => {
                violations.add_below("terms", problem);
                Ok(None)
            }
            checked => checked,
        };
        violations.into_result()?;
        let template = checked?.map(|checked| Template::of(checked.terms));
        Ok(CheckedSchedule { template, timing, catch_up: self.catch_up })
    }
}

/// The rule of a timing of which something falls due at `from` or later.
fn rule(timing: &Timing, from: Timestamp, violations: &mut FieldViolations) -> Option<Schedule> {
    let coming = |rule: Schedule| {
        let next = rule.occurrences_from(from).next().transpose()?;
        Ok::<_, ScheduleError>((rule, next.is_some()))
    };
    match Schedule::new(timing.clone()).and_then(coming) {
        Ok((rule, true)) => return Some(rule),
        Ok((_, false)) => violations.add(end_of(timing), PAST, "no occurrence falls due from now on"),
        Err(error) => violations.add(field(&error), error.reason(), error.to_string()),
    }
    None
}

/// The reason of a timing of which nothing is left to fall due.
pub(super) const PAST: &str = "IN_THE_PAST";

/// The field by which it has no more.
pub(super) fn end_of(timing: &Timing) -> &'static str {
    if timing.ends == Ends::Never { "timing.start" } else { "timing.end" }
}

fn field(error: &ScheduleError) -> &'static str {
    match error.field() {
        "cron" => "timing.cron",
        "zone" => "timing.time_zone",
        "calendar" => "timing.business_days.calendar",
        "start" => "timing.start",
        "business_day" => "timing.business_days",
        // The end, and its count.
        _ => "timing.end",
    }
}
