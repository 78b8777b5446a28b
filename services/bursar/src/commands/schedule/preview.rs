//! `bursar schedule preview`.

use clap::ArgGroup;
use jiff::Timestamp;
use schedule::{
    BusinessDayRule, BusinessDays, Ends, Occurrence, Recurrence, Schedule, ScheduleError, Start, Terms,
};
use serde_json::json;

use super::timing::{Recurs, Rule};
use crate::error::CommandError;
use crate::output::Screen;
use crate::output::table::table;
use crate::session::Globals;
use crate::time;

/// Say when a schedule would fall due, without saving it. `docs/SCHEDULES.md` has the rules.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("recurs").required(true).args(["cron", "recurrence"]))]
pub struct Preview {
    /// Minute, hour, day of month, month, day of week, as in "0 9 L * *".
    #[arg(long, value_name = "EXPR")]
    cron: Option<String>,
    /// How it recurs from --from on, in place of --cron.
    #[arg(long, value_enum)]
    recurrence: Option<Recurs>,
    /// The time zone whose wall clock counts, as in Europe/Berlin.
    #[arg(long)]
    zone: String,
    /// When the schedule begins (2026-03-28T00:00:00+01:00); an occurrence at this very time is one.
    #[arg(long, value_name = "TIME", value_parser = time::parse_instant)]
    from: Timestamp,
    /// When it ends; an occurrence at this very time is one.
    #[arg(long, value_name = "TIME", value_parser = time::parse_instant)]
    end: Option<Timestamp>,
    /// How many occurrences to show, 1000 at most.
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    /// Which business day stands for a day that is none.
    #[arg(long, value_enum, value_name = "RULE", requires = "calendar")]
    business_day: Option<Rule>,
    /// Whose business days: target2, us-fed, uk or weekends.
    #[arg(long, value_name = "NAME", requires = "business_day")]
    calendar: Option<String>,
}

const COLUMNS: [&str; 4] = ["number", "time", "nominal", "moved by"];

impl Preview {
    /// Prints the occurrences, or which flag is wrong and why.
    pub fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let business_days = self.business_days().map_err(|error| explain(&error))?;
        let found = self.occurrences(business_days).map_err(|error| explain(&error))?;
        let json = || json!({ "occurrences": found.iter().map(due).collect::<Vec<_>>() });
        let row = |one: &Occurrence| {
            let (number, nominal) = (one.number.to_string(), one.nominal.to_string());
            [number, due(one), nominal, moved_by(one, business_days)]
        };
        let text = || table(&COLUMNS, found.iter().map(row));
        Ok(Screen::of(globals).answer(json, text)?)
    }

    fn occurrences(self, business_days: Option<BusinessDays>) -> Result<Vec<Occurrence>, ScheduleError> {
        let recurrence = match (self.cron, self.recurrence) {
            (Some(cron), _) => Recurrence::Cron(cron.parse()?),
            (None, Some(recurs)) => recurs.into(),
            (None, None) => unreachable!("the group of the two is required"),
        };
        let (zone, start) = (self.zone, Start::At(self.from));
        let ends = self.end.map_or(Ends::Never, Ends::At);
        Schedule::new(Terms { recurrence, zone, start, ends, business_days })?.preview(self.from, self.count)
    }

    fn business_days(&self) -> Result<Option<BusinessDays>, ScheduleError> {
        let given = self.business_day.zip(self.calendar.as_deref());
        given
            .map(|(rule, calendar)| Ok(BusinessDays { rule: rule.into(), calendar: calendar.parse()? }))
            .transpose()
    }
}

impl From<Recurs> for Recurrence {
    fn from(recurs: Recurs) -> Recurrence {
        match recurs {
            Recurs::Once => Recurrence::Once,
            Recurs::Hourly => Recurrence::Hourly,
            Recurs::Daily => Recurrence::Daily,
            Recurs::Weekly => Recurrence::Weekly,
            Recurs::Monthly => Recurrence::Monthly,
            Recurs::Quarterly => Recurrence::Quarterly,
            Recurs::Yearly => Recurrence::Yearly,
        }
    }
}

impl From<Rule> for BusinessDayRule {
    fn from(rule: Rule) -> BusinessDayRule {
        match rule {
            Rule::Following => BusinessDayRule::Following,
            Rule::ModifiedFollowing => BusinessDayRule::ModifiedFollowing,
            Rule::Preceding => BusinessDayRule::Preceding,
        }
    }
}

/// When it falls due: RFC 3339, with the zone's offset.
fn due(occurrence: &Occurrence) -> String {
    let time = &occurrence.time;
    time.timestamp().display_with_offset(time.offset()).to_string()
}

/// Why it does not fall due at its nominal time; empty when it does.
fn moved_by(occurrence: &Occurrence, business_days: Option<BusinessDays>) -> String {
    let closed = business_days.filter(|_| occurrence.moved.business_day).and_then(|days| {
        // A day that was moved is covered, so there is an answer.
        days.calendar.closed(occurrence.nominal.date()).ok().flatten()
    });
    let clock = occurrence.moved.clock_change.then_some("clock change");
    [closed, clock].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The flag, the reason, and the words.
fn explain(error: &ScheduleError) -> CommandError {
    let flag = match error.field() {
        "start" => "from",
        "business_day" => "business-day",
        field => field,
    };
    CommandError::input(format!("--{flag}: {error} ({})", error.reason()))
}
