//! Where a distribution stands, what can be done with it, and what follows.
//!
//! People act (execute, retry, cancel), the calculation ends, the run reports: each is a method that takes the state
//! and gives the next one, or says that it does not apply. Nothing else changes a state.

use super::failure::{Failure, FailureClass};
use super::phase::Phase;
use super::run_news::RunNews;

/// Where a distribution stands. Finer than the contract's states: each says what the job has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The snapshot has to be asked for (again).
    SnapshotWanted,
    /// The snapshot was asked for; entitlements are calculated from it when it is ready.
    Snapshotting,
    /// Calculated; waits for other people's approval.
    PendingApproval,
    /// Not approved: it was rejected, or the approval has expired. Waits for a person.
    Unapproved(Failure),
    /// Calculated; waits for a person.
    Upcoming,
    /// Calculated, and executed by itself if nothing is in the way.
    Due,
    /// Was not executed by itself, because something is in the way; goes on when it is not, or when a person says so.
    Refused(Failure),
    /// Being paid: execution has the run, or gets it.
    Ongoing,
    /// Its run is held by a person's pause, or by several; it goes on when none holds it any more.
    Paused(Failure),
    /// Being paid again: execution has to be told.
    Retrying,
    /// The run is stopped until an operator ends the cause; goes on when execution sees that, or when a person says so.
    Halted(Failure),
    /// Cancelled by a person; nothing new is begun, and what is in flight is followed to its end.
    Cancelling,
    /// Every payout is paid, or superseded by one of a rerun.
    Completed {
        /// When, in nanoseconds since the epoch.
        ended_ns: i64,
    },
    /// Nothing could be calculated.
    CalculationFailed {
        /// Why.
        failure: Failure,
        /// When, in nanoseconds since the epoch.
        ended_ns: i64,
    },
    /// The run ended with something definitely unpaid.
    RunFailed {
        /// Why.
        failure: Failure,
        /// When, in nanoseconds since the epoch.
        ended_ns: i64,
    },
    /// Cancelled, and nothing is in flight.
    Cancelled {
        /// When, in nanoseconds since the epoch.
        ended_ns: i64,
    },
}

/// What a person can do with a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start paying.
    Execute,
    /// Try again what failed.
    Retry,
    /// Stop it for good.
    Cancel,
    /// Change its terms.
    Modify,
    /// Agree that it is paid.
    Approve,
    /// Send it back.
    Reject,
    /// Try chosen payouts again, which failed.
    RetryPayouts,
    /// Make a new distribution of what is proven unpaid.
    Rerun,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 8] = [
        Self::Execute,
        Self::Retry,
        Self::Cancel,
        Self::Modify,
        Self::Approve,
        Self::Reject,
        Self::RetryPayouts,
        Self::Rerun,
    ];

    /// The name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Execute => "EXECUTE",
            Self::Retry => "RETRY",
            Self::Cancel => "CANCEL",
            Self::Modify => "MODIFY",
            Self::Approve => "APPROVE",
            Self::Reject => "REJECT",
            Self::RetryPayouts => "RETRY_PAYOUTS",
            Self::Rerun => "RERUN",
        }
    }
}

/// What an action comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The distribution goes to this state.
    Changes(State),
    /// It is done beside the state, which stays.
    Stays,
    /// It is done already.
    Unchanged,
}

/// The action does not apply to the state; it says so and is the caller's mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not allowed in state {}", action.as_str(), phase.as_str())]
pub struct NotAllowed {
    /// What was asked for.
    pub action: Action,
    /// Where the distribution stands.
    pub phase: Phase,
    /// What can be done.
    pub allowed: Vec<Action>,
}

impl State {
    /// One of each state, where only which it is matters.
    pub(crate) fn one_of_each() -> [Self; 16] {
        let failure = || Failure::new("", FailureClass::Bug, "");
        let ended_ns = 0;
        [
            Self::SnapshotWanted,
            Self::Snapshotting,
            Self::PendingApproval,
            Self::Unapproved(failure()),
            Self::Upcoming,
            Self::Due,
            Self::Refused(failure()),
            Self::Ongoing,
            Self::Paused(failure()),
            Self::Retrying,
            Self::Halted(failure()),
            Self::Cancelling,
            Self::Completed { ended_ns },
            Self::CalculationFailed { failure: failure(), ended_ns },
            Self::RunFailed { failure: failure(), ended_ns },
            Self::Cancelled { ended_ns },
        ]
    }

    /// The contract's state.
    pub(crate) const fn phase(&self) -> Phase {
        match self {
            Self::SnapshotWanted | Self::Snapshotting => Phase::Snapshotting,
            Self::PendingApproval => Phase::PendingApproval,
            Self::Upcoming | Self::Due => Phase::Upcoming,
            // A cancelled one that still has money in flight is not over.
            Self::Ongoing | Self::Retrying | Self::Cancelling => Phase::Ongoing,
            Self::Unapproved(_) | Self::Refused(_) | Self::Paused(_) | Self::Halted(_) => Phase::Paused,
            Self::Completed { .. } => Phase::Completed,
            Self::CalculationFailed { .. } | Self::RunFailed { .. } => Phase::Failed,
            Self::Cancelled { .. } => Phase::Cancelled,
        }
    }

    /// What a person can do now.
    pub(crate) fn allowed_actions(&self) -> Vec<Action> {
        let acts = |action: &Action| matches!(self.next(*action, 0), Some(Next::Changes(_) | Next::Stays));
        Action::ALL.into_iter().filter(acts).collect()
    }

    /// Whether it ended, or goes on only when a person acts.
    pub(crate) const fn rests(&self) -> bool {
        match self {
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::Due
            | Self::Ongoing
            | Self::Paused(_)
            | Self::Retrying
            | Self::Cancelling => false,
            Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Upcoming
            | Self::Refused(_)
            | Self::Halted(_)
            | Self::Completed { .. }
            | Self::CalculationFailed { .. }
            | Self::RunFailed { .. }
            | Self::Cancelled { .. } => true,
        }
    }

    /// Whether nothing of it can be tried again.
    pub(crate) const fn ended_for_good(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Cancelled { .. })
    }

    /// Why it failed or is paused.
    pub(crate) const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Unapproved(failure)
            | Self::Refused(failure)
            | Self::Paused(failure)
            | Self::Halted(failure)
            | Self::CalculationFailed { failure, .. }
            | Self::RunFailed { failure, .. } => Some(failure),
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Upcoming
            | Self::Due
            | Self::Ongoing
            | Self::Retrying
            | Self::Cancelling
            | Self::Completed { .. }
            | Self::Cancelled { .. } => None,
        }
    }

    /// When it ended, in nanoseconds since the epoch.
    pub(crate) const fn ended_ns(&self) -> Option<i64> {
        match self {
            Self::Completed { ended_ns }
            | Self::CalculationFailed { ended_ns, .. }
            | Self::RunFailed { ended_ns, .. }
            | Self::Cancelled { ended_ns } => Some(*ended_ns),
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Upcoming
            | Self::Due
            | Self::Refused(_)
            | Self::Ongoing
            | Self::Paused(_)
            | Self::Retrying
            | Self::Halted(_)
            | Self::Cancelling => None,
        }
    }

    /// What a person's action comes to at this time.
    pub(crate) fn act(&self, action: Action, now_ns: i64) -> Result<Next, NotAllowed> {
        let refused = || NotAllowed { action, phase: self.phase(), allowed: self.allowed_actions() };
        self.next(action, now_ns).ok_or_else(refused)
    }

    fn next(&self, action: Action, now_ns: i64) -> Option<Next> {
        match action {
            Action::Execute => self.execute(),
            Action::Retry => self.retry(),
            Action::Cancel => self.cancel(now_ns),
            Action::Modify => self.modify(),
            // What is approved goes on with the last approval that is needed.
            Action::Approve => self.approved(false).map(Next::Changes),
            Action::Reject => self.rejected().map(Next::Changes),
            Action::RetryPayouts => self.retry_payouts(),
            Action::Rerun => self.rerun(),
        }
    }

    /// A halted run stays halted: who names some payouts has not said that its cause is gone.
    fn retry_payouts(&self) -> Option<Next> {
        match self {
            Self::RunFailed { .. } => Some(Next::Changes(Self::Ongoing)),
            Self::Ongoing | Self::Paused(_) | Self::Retrying | Self::Halted(_) => Some(Next::Stays),
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Upcoming
            | Self::Due
            | Self::Refused(_)
            | Self::Cancelling
            | Self::Completed { .. }
            | Self::CalculationFailed { .. }
            | Self::Cancelled { .. } => None,
        }
    }

    /// Only of what has ended: until then somebody may still be paid.
    fn rerun(&self) -> Option<Next> {
        match self {
            Self::RunFailed { .. } | Self::Cancelled { .. } => Some(Next::Stays),
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Upcoming
            | Self::Due
            | Self::Refused(_)
            | Self::Ongoing
            | Self::Paused(_)
            | Self::Retrying
            | Self::Halted(_)
            | Self::Cancelling
            | Self::Completed { .. }
            | Self::CalculationFailed { .. } => None,
        }
    }

    fn execute(&self) -> Option<Next> {
        match self {
            Self::Upcoming | Self::Due | Self::Refused(_) => Some(Next::Changes(Self::Ongoing)),
            // It is being paid or was paid.
            Self::Ongoing | Self::Paused(_) | Self::Retrying | Self::Completed { .. } => {
                Some(Next::Unchanged)
            }
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Halted(_)
            | Self::Cancelling
            | Self::CalculationFailed { .. }
            | Self::RunFailed { .. }
            | Self::Cancelled { .. } => None,
        }
    }

    fn retry(&self) -> Option<Next> {
        match self {
            Self::CalculationFailed { .. } => Some(Next::Changes(Self::SnapshotWanted)),
            Self::Unapproved(_) => Some(Next::Changes(Self::PendingApproval)),
            Self::Refused(_) => Some(Next::Changes(Self::Due)),
            Self::Halted(_) | Self::RunFailed { .. } => Some(Next::Changes(Self::Retrying)),
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Upcoming
            | Self::Due
            | Self::Ongoing
            | Self::Paused(_)
            | Self::Retrying
            | Self::Cancelling
            | Self::Completed { .. }
            | Self::Cancelled { .. } => None,
        }
    }

    fn cancel(&self, now_ns: i64) -> Option<Next> {
        match self {
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Upcoming
            | Self::Due
            | Self::Refused(_)
            | Self::CalculationFailed { .. } => Some(Next::Changes(Self::Cancelled { ended_ns: now_ns })),
            Self::Ongoing | Self::Paused(_) | Self::Retrying | Self::Halted(_) => {
                Some(Next::Changes(Self::Cancelling))
            }
            Self::Cancelling | Self::Cancelled { .. } => Some(Next::Unchanged),
            Self::Completed { .. } | Self::RunFailed { .. } => None,
        }
    }

    /// Whatever was calculated counts no more. Nothing was handed over from any of these states.
    fn modify(&self) -> Option<Next> {
        match self {
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Upcoming
            | Self::Due
            | Self::Refused(_)
            | Self::CalculationFailed { .. } => Some(Next::Changes(Self::SnapshotWanted)),
            Self::Ongoing
            | Self::Paused(_)
            | Self::Retrying
            | Self::Halted(_)
            | Self::Cancelling
            | Self::Completed { .. }
            | Self::RunFailed { .. }
            | Self::Cancelled { .. } => None,
        }
    }

    /// The snapshot was asked for.
    pub(crate) fn snapshot_asked(&self) -> Option<Self> {
        matches!(self, Self::SnapshotWanted).then_some(Self::Snapshotting)
    }

    /// The entitlements are there; so many people have to approve them.
    pub(crate) fn calculated(&self, execute_now: bool, approvers: u8) -> Option<Self> {
        let next = if approvers > 0 { Self::PendingApproval } else { Self::executable(execute_now) };
        matches!(self, Self::Snapshotting).then_some(next)
    }

    /// As many people approved as have to.
    pub(crate) fn approved(&self, execute_now: bool) -> Option<Self> {
        matches!(self, Self::PendingApproval).then(|| Self::executable(execute_now))
    }

    const fn executable(execute_now: bool) -> Self {
        if execute_now { Self::Due } else { Self::Upcoming }
    }

    /// Somebody rejected it.
    pub(crate) fn rejected(&self) -> Option<Self> {
        matches!(self, Self::PendingApproval).then(|| Self::Unapproved(Failure::rejected()))
    }

    /// The approval that it waits for, or has, is over.
    pub(crate) fn approval_expired(&self) -> Option<Self> {
        let waits = matches!(self, Self::PendingApproval | Self::Upcoming | Self::Due | Self::Refused(_));
        waits.then(|| Self::Unapproved(Failure::expired()))
    }

    /// There will be no entitlements.
    pub(crate) fn calculation_failed(&self, failure: Failure, now_ns: i64) -> Option<Self> {
        matches!(self, Self::SnapshotWanted | Self::Snapshotting)
            .then_some(Self::CalculationFailed { failure, ended_ns: now_ns })
    }

    /// It executes by itself.
    pub(crate) fn fell_due(&self) -> Option<Self> {
        matches!(self, Self::Due).then_some(Self::Ongoing)
    }

    /// Something is in the way of executing it by itself, or something else than before.
    pub(crate) fn refused(&self, failure: Failure) -> Option<Self> {
        matches!(self, Self::Due | Self::Refused(_)).then_some(Self::Refused(failure))
    }

    /// Nothing is in the way any more.
    pub(crate) fn way_is_clear(&self) -> Option<Self> {
        matches!(self, Self::Refused(_)).then_some(Self::Due)
    }

    /// Execution was told to try again, or has nothing to try again.
    pub(crate) fn retried(&self) -> Option<Self> {
        matches!(self, Self::Retrying).then_some(Self::Ongoing)
    }

    /// Execution refuses the run for a reason that trying again does not end.
    pub(crate) fn start_refused(&self, failure: Failure) -> Option<Self> {
        matches!(self, Self::Ongoing | Self::Paused(_)).then_some(Self::Halted(failure))
    }

    /// Execution knows no such run, and will refuse it for ever.
    pub(crate) fn never_started(&self, now_ns: i64) -> Option<Self> {
        matches!(self, Self::Cancelling).then_some(Self::Cancelled { ended_ns: now_ns })
    }

    /// What execution says about the run. One that failed goes on when payouts of it are retried, and is complete once the
    /// last of them is superseded.
    pub(crate) fn run_reported(&self, news: RunNews, now_ns: i64) -> Option<Self> {
        let followed = match self {
            Self::Ongoing | Self::Paused(_) | Self::Halted(_) | Self::Cancelling => true,
            Self::RunFailed { .. } => !matches!(news, RunNews::Failed(_)),
            Self::SnapshotWanted
            | Self::Snapshotting
            | Self::PendingApproval
            | Self::Unapproved(_)
            | Self::Upcoming
            | Self::Due
            | Self::Refused(_)
            | Self::Retrying
            | Self::Completed { .. }
            | Self::CalculationFailed { .. }
            | Self::Cancelled { .. } => false,
        };
        let next = match news {
            // Our wish stands until execution has it.
            RunNews::Running | RunNews::Paused(_) | RunNews::Halted(_) if *self == Self::Cancelling => {
                Self::Cancelling
            }
            RunNews::Running => Self::Ongoing,
            RunNews::Paused(failure) => Self::Paused(failure),
            RunNews::Halted(failure) => Self::Halted(failure),
            RunNews::Cancelling => Self::Cancelling,
            RunNews::Completed => Self::Completed { ended_ns: now_ns },
            RunNews::Failed(failure) => Self::RunFailed { failure, ended_ns: now_ns },
            RunNews::Cancelled => Self::Cancelled { ended_ns: now_ns },
        };
        followed.then_some(next)
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
