//! A recurring distribution: what each occurrence distributes, when, and where the schedule stands.

use std::collections::BTreeSet;

use ids::{AssetId, DistributionId, ScheduleId, SnapshotId};
use jiff::Timestamp;
use schedule::{CatchUp, Occurrence, ScheduleError};

use super::distribution::{FromHolders, SnapshotChoice, Terms};
use super::treatment::Parties;

/// When a schedule falls due, as somebody said it.
pub(crate) type Timing = schedule::Terms;

/// The terms of a distribution but for its record time and its snapshot, which each occurrence has of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Terms<FromHolders>);

/// What somebody decided; a change is a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// From 1.
    pub version: u32,
    /// Which timing, from 1: each numbers its occurrences anew.
    pub series: u32,
    /// What each occurrence distributes.
    pub template: Template,
    /// When.
    pub timing: Timing,
    /// What happens to what is missed.
    pub catch_up: CatchUp,
    /// Who decided it: distributions are created in their name.
    pub decided_by: String,
    /// When, in nanoseconds since the epoch.
    pub decided_ns: i64,
}

/// Who paused or ended a schedule, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Who; empty when it ended by itself.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
    /// When, in nanoseconds since the epoch.
    pub at_ns: i64,
}

/// Where a schedule stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It fires.
    Active,
    /// It fires nothing until somebody resumes it.
    Paused(Decision),
    /// Nothing comes any more.
    Ended(Decision),
}

/// The names of the three, for filters and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It fires.
    Active,
    /// It waits for somebody.
    Paused,
    /// It is over.
    Ended,
}

/// What somebody may want of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Change what comes next.
    Update,
    /// Fire nothing for now.
    Pause,
    /// Fire again.
    Resume,
    /// Fire nothing any more.
    End,
    /// Leave one occurrence out.
    Skip,
}

/// It does not apply to where the schedule stands; the caller's mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not allowed in state {}", steer.as_str(), stand.as_str())]
pub struct NotSteered {
    /// What was asked for.
    pub steer: Steer,
    /// Where the schedule stands.
    pub stand: Stand,
}

/// Why an occurrence never fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    /// Somebody decided so.
    Person {
        /// Who.
        by: String,
        /// Why; may be empty.
        reason: String,
    },
    /// It was missed, and the policy passes over it.
    CatchUp,
    /// It was missed during a pause, and then the timing was changed.
    TimingChanged,
}

/// What became of an occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It fired this distribution.
    Fired(DistributionId),
    /// It never fires.
    Skipped(Skip),
}

/// An occurrence that is decided. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Which timing it is of.
    pub series: u32,
    /// Its number; of several that were passed over together, the last of theirs.
    pub number: u64,
    /// The first of their numbers.
    pub first_number: u64,
    /// When it fell due, in nanoseconds since the epoch.
    pub due_ns: i64,
    /// What the rule said, on the wall clock of the zone.
    pub nominal: String,
    /// What became of it.
    pub fate: Fate,
    /// When that was decided, in nanoseconds since the epoch.
    pub decided_ns: i64,
}

/// A schedule and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// Who created it.
    pub created_by: String,
    /// When, in nanoseconds since the epoch.
    pub created_ns: i64,
    /// What was decided last.
    pub plan: Plan,
    /// Where it stands.
    pub standing: Standing,
    /// The number of the series up to which nothing is open.
    pub settled: u64,
    /// Numbers of the series above it that somebody skipped.
    pub skipped: BTreeSet<u64>,
    /// The last occurrence that fired.
    pub last_fired: Option<Recorded>,
}

impl Template {
    /// Of the terms of a distribution.
    pub(crate) const fn of(terms: Terms<FromHolders>) -> Self {
        Self(terms)
    }

    /// The terms; record time and snapshot mean nothing.
    pub(crate) const fn terms(&self) -> &Terms<FromHolders> {
        &self.0
    }

    /// The terms of the distribution of an occurrence.
    pub(crate) fn fill(&self, record_time_ns: i64, snapshot: SnapshotId, parties: Parties) -> Terms {
        let snapshot = SnapshotChoice::Own(snapshot);
        let holders = FromHolders { record_time_ns, snapshot, ..self.0.source.clone() };
        Terms { parties, ..self.0.with_source(holders.into()) }
    }
}

impl Schedule {
    /// Whose holders.
    pub(crate) const fn asset(&self) -> AssetId {
        self.plan.template.terms().source.asset
    }

    /// The rule of its timing. It was checked when it was saved, but a release may know fewer zones than the last one.
    pub(crate) fn rule(&self) -> Result<schedule::Schedule, ScheduleError> {
        schedule::Schedule::new(self.plan.timing.clone())
    }

    /// Up to `count` occurrences above the number `after` that are not decided, skipped ones among them; none unless it
    /// is active.
    pub(crate) fn upcoming(&self, after: u64, count: usize) -> Result<Vec<Occurrence>, ScheduleError> {
        if self.standing != Standing::Active {
            return Ok(Vec::new());
        }
        self.rule()?.occurrences_above(after.max(self.settled)).take(count).collect()
    }

    /// The next that fires; none while it is paused, and when nothing comes any more.
    pub(crate) fn next(&self) -> Result<Option<Occurrence>, ScheduleError> {
        if self.standing != Standing::Active {
            return Ok(None);
        }
        let rule = self.rule()?;
        let mut coming = rule.occurrences_above(self.settled);
        // Bounded by how many were skipped.
        let open = |found: &Result<Occurrence, _>| {
            found.as_ref().map_or(true, |found| !self.skipped.contains(&found.number))
        };
        coming.find(open).transpose()
    }
}

impl Standing {
    /// Its name.
    pub(crate) const fn stand(&self) -> Stand {
        match self {
            Self::Active => Stand::Active,
            Self::Paused(_) => Stand::Paused,
            Self::Ended(_) => Stand::Ended,
        }
    }

    /// What can be done.
    pub(crate) fn allowed(&self) -> Vec<Steer> {
        self.stand().allowed().to_vec()
    }

    /// Whether this may be done.
    pub(crate) fn ensure(&self, steer: Steer) -> Result<(), NotSteered> {
        let stand = self.stand();
        if stand.allowed().contains(&steer) { Ok(()) } else { Err(NotSteered { steer, stand }) }
    }

    /// Where this leads; none when it is there already.
    pub(crate) fn steered(&self, steer: Steer, decision: Decision) -> Result<Option<Self>, NotSteered> {
        match (steer, self.stand()) {
            (Steer::Pause, Stand::Paused)
            | (Steer::Resume, Stand::Active)
            | (Steer::End, Stand::Ended)
            | (Steer::Update | Steer::Skip, _) => return Ok(None),
            (Steer::Pause | Steer::Resume | Steer::End, _) => self.ensure(steer)?,
        }
        Ok(match steer {
            Steer::Pause => Some(Self::Paused(decision)),
            Steer::Resume => Some(Self::Active),
            Steer::End => Some(Self::Ended(decision)),
            Steer::Update | Steer::Skip => None,
        })
    }
}

impl Stand {
    /// All three.
    pub(crate) const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Ended];

    /// The name in the contract and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Ended => "ENDED",
        }
    }

    /// What can be done.
    pub(crate) const fn allowed(self) -> &'static [Steer] {
        match self {
            Self::Active => &[Steer::Update, Steer::Pause, Steer::End, Steer::Skip],
            Self::Paused => &[Steer::Update, Steer::Resume, Steer::End, Steer::Skip],
            Self::Ended => &[],
        }
    }
}

impl Steer {
    /// The name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "UPDATE",
            Self::Pause => "PAUSE",
            Self::Resume => "RESUME",
            Self::End => "END",
            Self::Skip => "SKIP_OCCURRENCE",
        }
    }
}

/// The instant of these nanoseconds since the epoch.
pub(crate) fn instant(ns: i64) -> Timestamp {
    Timestamp::from_nanosecond(ns.into()).expect("64 bits end in the year 2262")
}

/// The nanoseconds since the epoch of an instant; times after 2262 are read as the last that can be.
pub(crate) fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Decision, Stand, Standing, Steer};

    fn decision() -> Decision {
        Decision { by: "alice".to_owned(), reason: String::new(), at_ns: 1 }
    }

    #[test]
    fn pausing_resuming_and_ending_lead_where_they_say_and_twice_is_harmless() {
        let (active, paused, ended) =
            (Standing::Active, Standing::Paused(decision()), Standing::Ended(decision()));
        let to = |from: &Standing, steer| {
            from.steered(steer, decision()).map(|next| next.map(|next| next.stand()))
        };
        assert_eq!(to(&active, Steer::Pause), Ok(Some(Stand::Paused)));
        assert_eq!(to(&paused, Steer::Resume), Ok(Some(Stand::Active)));
        for from in [&active, &paused] {
            assert_eq!(to(from, Steer::End), Ok(Some(Stand::Ended)));
        }
        for (from, steer) in [(&active, Steer::Resume), (&paused, Steer::Pause), (&ended, Steer::End)] {
            assert_eq!(to(from, steer), Ok(None));
        }
        for steer in [Steer::Pause, Steer::Resume] {
            assert!(to(&ended, steer).is_err(), "{steer:?}");
        }
        for steer in [Steer::Update, Steer::Skip] {
            assert!(
                active.ensure(steer).is_ok() && paused.ensure(steer).is_ok() && ended.ensure(steer).is_err()
            );
        }
    }
}
