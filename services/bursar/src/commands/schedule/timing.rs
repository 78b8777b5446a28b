//! When a schedule falls due, as typed.

use proto::distribution::v1 as pb;
use proto::distribution::v1::timing::{End, Recurrence, Start};

use crate::error::CommandError;
use crate::time;

/// How a schedule recurs from its start on.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Recurs {
    Once,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Yearly,
}

/// Which business day stands for a day that is none.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Rule {
    Following,
    ModifiedFollowing,
    Preceding,
}

/// What happens to what is missed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum CatchUp {
    /// The latest fires.
    RunOnce,
    /// What is late by more than ten minutes does not fire.
    Skip,
    /// All fire, in order.
    All,
}

/// When; each flag by itself, as a change gives some of them.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Flags {
    /// Minute, hour, day of month, month, day of week, as in "0 9 L * *".
    #[arg(long, value_name = "EXPR", conflicts_with = "recurrence")]
    cron: Option<String>,
    /// How it recurs from its start on, in place of --cron.
    #[arg(long, value_enum)]
    recurrence: Option<Recurs>,
    /// The time zone whose wall clock counts, as in Europe/Berlin.
    #[arg(long)]
    zone: Option<String>,
    /// When it begins: on the zone's wall clock (2026-01-31T09:00) or at an instant (2026-01-31T08:00:00Z); at once when
    /// absent. What fell due before the schedule is saved never fires.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// When it ends; an occurrence at this very time is one. Never when absent.
    #[arg(long, value_name = "TIME", value_parser = time::parse, conflicts_with = "count")]
    end: Option<prost_types::Timestamp>,
    /// It ends with the occurrence of this number, counted from the start.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Which business day stands for a day that is none.
    #[arg(long, value_enum, value_name = "RULE", requires = "calendar")]
    business_day: Option<Rule>,
    /// Whose business days: target2, us-fed, uk or weekends.
    #[arg(long, value_name = "NAME", requires = "business_day")]
    calendar: Option<String>,
}

impl Flags {
    /// A whole timing.
    pub(super) fn whole(self) -> Result<pb::Timing, CommandError> {
        if self.cron.is_none() && self.recurrence.is_none() {
            return Err(CommandError::input("one of --cron and --recurrence must be given"));
        }
        if self.zone.is_none() {
            return Err(CommandError::input("--zone must be given, as in Europe/Berlin"));
        }
        Ok(self.over(pb::Timing::default()).0)
    }

    /// A timing with what is given in the place of what it had, and whether anything was given.
    pub(super) fn over(self, mut timing: pb::Timing) -> (pb::Timing, bool) {
        let before = timing.clone();
        if let Some(recurs) = self.recurrence {
            timing.recurrence = Some(Recurrence::Frequency(recurs.to_proto().into()));
        }
        if let Some(cron) = self.cron {
            timing.recurrence = Some(Recurrence::Cron(cron));
        }
        if let Some(zone) = self.zone {
            timing.time_zone = zone;
        }
        if let Some(start) = self.start {
            timing.start = Some(match time::parse(&start) {
                Ok(instant) => Start::StartTime(instant),
                // What is no time of a wall clock either is refused with its reason.
                Err(_) => Start::StartLocal(start),
            });
        }
        if let Some(end) = self.end {
            timing.end = Some(End::EndTime(end));
        }
        if let Some(count) = self.count {
            timing.end = Some(End::EndCount(count));
        }
        if let Some((rule, calendar)) = self.business_day.zip(self.calendar) {
            timing.business_days = Some(pb::BusinessDays { rule: rule.to_proto().into(), calendar });
        }
        let changed = timing != before;
        (timing, changed)
    }
}

impl Recurs {
    fn to_proto(self) -> pb::Frequency {
        match self {
            Recurs::Once => pb::Frequency::Once,
            Recurs::Hourly => pb::Frequency::Hourly,
            Recurs::Daily => pb::Frequency::Daily,
            Recurs::Weekly => pb::Frequency::Weekly,
            Recurs::Monthly => pb::Frequency::Monthly,
            Recurs::Quarterly => pb::Frequency::Quarterly,
            Recurs::Yearly => pb::Frequency::Yearly,
        }
    }
}

impl Rule {
    fn to_proto(self) -> pb::BusinessDayRule {
        match self {
            Rule::Following => pb::BusinessDayRule::Following,
            Rule::ModifiedFollowing => pb::BusinessDayRule::ModifiedFollowing,
            Rule::Preceding => pb::BusinessDayRule::Preceding,
        }
    }
}

impl CatchUp {
    pub(super) fn to_proto(self) -> pb::CatchUpPolicy {
        match self {
            CatchUp::RunOnce => pb::CatchUpPolicy::RunOnce,
            CatchUp::Skip => pb::CatchUpPolicy::Skip,
            CatchUp::All => pb::CatchUpPolicy::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Flags, Recurrence, Recurs, Start, pb};

    #[test]
    fn a_start_is_an_instant_where_it_has_an_offset_and_on_the_wall_clock_where_it_has_none() {
        let start = |text: &str| {
            let flags = Flags { start: Some(text.to_owned()), ..Flags::default() };
            flags.over(pb::Timing::default()).0.start
        };
        let instant = prost_types::Timestamp { seconds: 1_769_846_400, nanos: 0 };
        assert_eq!(start("2026-01-31T09:00:00+01:00"), Some(Start::StartTime(instant)));
        assert_eq!(start("2026-01-31T09:00"), Some(Start::StartLocal("2026-01-31T09:00".to_owned())));
    }

    #[test]
    fn a_change_keeps_what_is_not_given() {
        let before = pb::Timing {
            recurrence: Some(Recurrence::Cron("0 9 * * *".to_owned())),
            time_zone: "UTC".to_owned(),
            end: Some(End::EndCount(3)),
            ..pb::Timing::default()
        };
        assert_eq!(Flags::default().over(before.clone()), (before.clone(), false));
        let flags = Flags { recurrence: Some(Recurs::Daily), ..Flags::default() };
        let daily = Some(Recurrence::Frequency(pb::Frequency::Daily.into()));
        assert_eq!(flags.over(before.clone()), (pb::Timing { recurrence: daily, ..before }, true));
        assert!(Flags::default().whole().is_err());
    }
}
