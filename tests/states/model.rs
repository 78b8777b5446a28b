//! What must be so of a distribution and its payouts, whoever does what to it. Written from the contract's words; it knows
//! nothing of the service's own state machine.

use std::collections::BTreeSet;

use proto::distribution::v1::{Distribution, DistributionAction, DistributionState};
use proto::execution::v1::{Payout, PayoutStatus, Run, RunProgress, RunState};

/// What people do to a distribution by its own service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Act {
    Execute,
    Retry,
    Cancel,
}

/// How the service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// Refused, because the state does not allow it.
    NotAllowed {
        state: DistributionState,
        allowed: BTreeSet<String>,
    },
    /// Refused, because the asset is paused.
    AssetPaused,
}

/// Whether it holds; otherwise what is wrong.
pub(crate) type Verdict = Result<(), String>;

/// A distribution as it was seen last, and what people did to it since it began.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    state: DistributionState,
    /// What was accepted; a retry until it was seen at rest after it.
    accepted: BTreeSet<Act>,
    paid: u64,
    /// Attempts that there were when a pause returned, or when the run was seen cancelled: there will be no more.
    attempts_held: Option<u64>,
    run_cancelled: bool,
    asset_paused: bool,
    payouts: Vec<PayoutStatus>,
}

impl Act {
    /// What the contract calls it.
    pub(crate) const fn in_contract(self) -> DistributionAction {
        match self {
            Self::Execute => DistributionAction::Execute,
            Self::Retry => DistributionAction::Retry,
            Self::Cancel => DistributionAction::Cancel,
        }
    }

    fn name(self) -> String {
        self.in_contract().as_str_name().trim_start_matches("DISTRIBUTION_ACTION_").to_owned()
    }

    /// Whether a distribution in this state takes it: always, never, or as more than the state decides.
    fn taken(self, state: DistributionState, cancelled: bool) -> Option<bool> {
        use DistributionState as State;
        match (self, state) {
            (Self::Execute, State::Upcoming | State::Completed)
            | (Self::Retry, State::Failed)
            | (
                Self::Cancel,
                State::Cancelled | State::Snapshotting | State::Upcoming | State::Ongoing | State::Paused,
            ) => Some(true),
            // What is being paid is executed already.
            (Self::Execute, State::Ongoing) if !cancelled => Some(true),
            // A pause holds it, or a failure stopped it; or it is being cancelled.
            (Self::Execute | Self::Retry, State::Paused) | (Self::Execute, State::Ongoing) => None,
            (Self::Execute | Self::Retry | Self::Cancel, _) => Some(false),
        }
    }
}

impl Model {
    /// A distribution that was calculated and that nobody touched.
    pub(crate) fn new(payees: usize) -> Self {
        Self {
            state: DistributionState::Upcoming,
            accepted: BTreeSet::new(),
            paid: 0,
            attempts_held: None,
            run_cancelled: false,
            asset_paused: false,
            payouts: vec![PayoutStatus::Pending; payees],
        }
    }

    /// Where it was seen last.
    pub(crate) const fn state(&self) -> DistributionState {
        self.state
    }

    /// The distribution was read.
    pub(crate) fn see(&mut self, seen: &Distribution) -> Verdict {
        let (before, after) = (self.state, seen.state());
        if !self.may_become(after) {
            return Err(format!("{} became {}", before.as_str_name(), after.as_str_name()));
        }
        self.state = after;
        if self.rests() {
            self.accepted.remove(&Act::Retry);
        }
        self.judge_allowed(seen)?;
        seen.progress.as_ref().map_or(Ok(()), |progress| self.see_progress(progress))
    }

    fn may_become(&self, after: DistributionState) -> bool {
        use DistributionState as State;
        let by_people = match after {
            State::Cancelled => self.did(Act::Cancel),
            State::Ongoing | State::Paused | State::Completed | State::Failed => self.did(Act::Execute),
            State::Unspecified | State::PendingApproval | State::Snapshotting => false,
            State::Upcoming => true,
        };
        let by_order = match self.state {
            State::Upcoming => true,
            State::Ongoing | State::Paused => after != State::Upcoming,
            State::Failed => after == State::Failed || (self.did(Act::Retry) && after != State::Upcoming),
            State::Completed | State::Cancelled => after == self.state,
            State::Unspecified | State::PendingApproval | State::Snapshotting => false,
        };
        by_people && by_order
    }

    /// What the reading says can be done is what the contract says can be done.
    fn judge_allowed(&self, seen: &Distribution) -> Verdict {
        for act in [Act::Execute, Act::Retry, Act::Cancel] {
            let offered = seen.allowed_actions().any(|action| action == act.in_contract());
            // An act that would change nothing is taken and not offered.
            if offered && act.taken(self.state, self.did(Act::Cancel)) == Some(false) {
                return Err(format!("{act:?} is offered in {}", self.state.as_str_name()));
            }
        }
        let wanted = match self.state {
            DistributionState::Upcoming => vec![Act::Execute, Act::Cancel],
            DistributionState::Failed => vec![Act::Retry],
            DistributionState::Paused => vec![Act::Cancel],
            DistributionState::Ongoing if !self.did(Act::Cancel) => vec![Act::Cancel],
            _ => Vec::new(),
        };
        let missing = |act: &Act| !seen.allowed_actions().any(|action| action == act.in_contract());
        match wanted.into_iter().find(missing) {
            Some(act) => Err(format!("{act:?} is not offered in {}", self.state.as_str_name())),
            None => Ok(()),
        }
    }

    /// A person acted on what was seen last, and was answered; meanwhile it may have gone on by itself.
    pub(crate) fn answered(&mut self, act: Act, answer: &Answer) -> Verdict {
        match answer {
            Answer::Done => {
                if self.rests() && act.taken(self.state, self.did(Act::Cancel)) == Some(false) {
                    return Err(format!("{act:?} was taken in {}", self.state.as_str_name()));
                }
                self.accepted.insert(act);
                Ok(())
            }
            Answer::AssetPaused if self.asset_paused && act != Act::Cancel => Ok(()),
            Answer::AssetPaused => Err(format!("{act:?} was refused for the pause of an asset")),
            Answer::NotAllowed { state, allowed } => {
                if !self.may_become(*state) {
                    let (before, said) = (self.state.as_str_name(), state.as_str_name());
                    return Err(format!("refused {act:?} as {said} after {before}"));
                }
                if act.taken(*state, self.did(Act::Cancel)) == Some(true) || allowed.contains(&act.name()) {
                    return Err(format!(
                        "{act:?} was refused in {}, allowing {allowed:?}",
                        state.as_str_name()
                    ));
                }
                Ok(())
            }
        }
    }

    fn did(&self, act: Act) -> bool {
        self.accepted.contains(&act)
    }

    /// Whether nothing changes unless a person acts.
    fn rests(&self) -> bool {
        matches!(
            self.state,
            DistributionState::Upcoming
                | DistributionState::Completed
                | DistributionState::Failed
                | DistributionState::Cancelled
        )
    }

    /// A pause of the run, or of its asset, has returned; the run was read after it.
    pub(crate) fn paused(&mut self, run: Option<&Run>, asset: bool) {
        self.asset_paused |= asset;
        self.attempts_held = run.map(attempts).or(self.attempts_held);
    }

    /// Somebody is about to end all pauses.
    pub(crate) fn resuming(&mut self) {
        self.asset_paused = false;
        if !self.run_cancelled {
            self.attempts_held = None;
        }
    }

    /// The run was read.
    pub(crate) fn see_run(&mut self, run: &Run) -> Verdict {
        let attempts = attempts(run);
        if let Some(held) = self.attempts_held.filter(|held| *held != attempts) {
            return Err(format!("{attempts} attempts, {held} when it was stopped: {run:?}"));
        }
        if matches!(run.state(), RunState::Cancelling | RunState::Cancelled) {
            self.attempts_held = Some(attempts);
            self.run_cancelled = true;
        }
        run.progress.as_ref().map_or(Ok(()), |progress| {
            let (sum, total) = (units(progress)?, run.total.as_ref().map(|total| total.units.as_str()));
            if total == Some(sum.to_string().as_str()) {
                Ok(())
            } else {
                Err(format!("{sum} units of {total:?}: {progress:?}"))
            }
        })
    }

    fn see_progress(&mut self, progress: &RunProgress) -> Verdict {
        let counted: u64 = tallies(progress).iter().map(|tally| tally.payouts).sum();
        if usize::try_from(counted) != Ok(self.payouts.len()) {
            return Err(format!("{counted} payouts of {}: {progress:?}", self.payouts.len()));
        }
        let paid = progress.paid.as_ref().map_or(0, |tally| tally.payouts);
        if paid < self.paid {
            return Err(format!("{paid} paid after {}", self.paid));
        }
        self.paid = paid;
        Ok(())
    }

    /// All payouts were read, in their order.
    pub(crate) fn see_payouts(&mut self, seen: &[Payout]) -> Verdict {
        if seen.len() != self.payouts.len() {
            return Err(format!("{} payouts of {}", seen.len(), self.payouts.len()));
        }
        let (cancelled, retried) = (self.did(Act::Cancel), self.did(Act::Retry));
        for (before, payout) in self.payouts.iter_mut().zip(seen) {
            let after = payout.status();
            let legal = match *before {
                PayoutStatus::Paid | PayoutStatus::Cancelled => after == *before,
                PayoutStatus::Failed => after == PayoutStatus::Failed || retried,
                _ => known(after),
            };
            if !legal {
                return Err(format!("{} became {}: {payout:?}", before.as_str_name(), after.as_str_name()));
            }
            if after == PayoutStatus::Cancelled && !cancelled {
                return Err(format!("cancelled by nobody: {payout:?}"));
            }
            *before = after;
        }
        Ok(())
    }
}

/// What a payout on this rail can be.
const fn known(status: PayoutStatus) -> bool {
    matches!(
        status,
        PayoutStatus::Pending
            | PayoutStatus::Processing
            | PayoutStatus::InDoubt
            | PayoutStatus::Paid
            | PayoutStatus::Failed
            | PayoutStatus::Cancelled
    )
}

fn attempts(run: &Run) -> u64 {
    run.progress.as_ref().map_or(0, |progress| progress.attempts)
}

fn tallies(progress: &RunProgress) -> Vec<&proto::execution::v1::Tally> {
    let all = [
        &progress.pending,
        &progress.processing,
        &progress.in_doubt,
        &progress.paid,
        &progress.failed,
        &progress.cancelled,
    ];
    all.into_iter().flatten().collect()
}

fn units(progress: &RunProgress) -> Result<u128, String> {
    let each = tallies(progress).into_iter().map(|tally| tally.units.parse::<u128>());
    each.sum::<Result<u128, _>>().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proto::execution::v1::Tally;

    use super::*;

    fn seen(state: DistributionState, allowed: &[DistributionAction]) -> Distribution {
        let allowed_actions = allowed.iter().map(|action| i32::from(*action)).collect();
        Distribution { state: state.into(), allowed_actions, ..Distribution::default() }
    }

    fn ongoing() -> Model {
        let mut model = Model::new(2);
        model.answered(Act::Execute, &Answer::Done).expect("legal");
        model.see(&seen(DistributionState::Ongoing, &[DistributionAction::Cancel])).expect("legal");
        model
    }

    #[test]
    fn what_ended_does_not_begin_again_and_what_nobody_cancelled_is_not_cancelled() {
        let mut model = ongoing();
        model.clone().see(&seen(DistributionState::Cancelled, &[])).expect_err("nobody cancelled");
        model.see(&seen(DistributionState::Completed, &[])).expect("legal");
        model
            .see(&seen(DistributionState::Ongoing, &[DistributionAction::Cancel]))
            .expect_err("it was completed");
    }

    #[test]
    fn what_failed_goes_on_only_by_a_retry() {
        let mut model = ongoing();
        model.see(&seen(DistributionState::Failed, &[DistributionAction::Retry])).expect("legal");
        let again = seen(DistributionState::Ongoing, &[DistributionAction::Cancel]);
        model.clone().see(&again).expect_err("nobody retried");
        model.answered(Act::Retry, &Answer::Done).expect("legal");
        model.see(&again).expect("legal");
    }

    #[test]
    fn an_offer_that_is_missing_or_wrong_is_seen() {
        ongoing().see(&seen(DistributionState::Ongoing, &[])).expect_err("no cancel");
        let both = [DistributionAction::Cancel, DistributionAction::Retry];
        ongoing().see(&seen(DistributionState::Ongoing, &both)).expect_err("a retry of what goes on");
        let refused = Answer::NotAllowed { state: DistributionState::Ongoing, allowed: BTreeSet::new() };
        ongoing().answered(Act::Cancel, &refused).expect_err("it can be cancelled");
    }

    #[test]
    fn a_pause_of_an_asset_is_no_excuse_where_there_is_none_and_none_for_a_cancel() {
        ongoing().answered(Act::Execute, &Answer::AssetPaused).expect_err("it is not paused");
        let mut model = ongoing();
        model.paused(None, true);
        model.answered(Act::Execute, &Answer::AssetPaused).expect("legal");
        model.answered(Act::Cancel, &Answer::AssetPaused).expect_err("a cancel needs no asset");
    }

    #[test]
    fn an_attempt_under_a_pause_and_a_lost_unit_are_seen() {
        let run = |attempts, units: &str| {
            let paid = Some(Tally { payouts: 2, units: units.to_owned() });
            let total = proto::r#type::v1::Amount { units: "9".to_owned(), asset: String::new() };
            let progress = Some(RunProgress { paid, attempts, ..RunProgress::default() });
            Run { progress, total: Some(total), ..Run::default() }
        };
        let mut model = ongoing();
        model.paused(Some(&run(3, "9")), false);
        model.see_run(&run(3, "9")).expect("legal");
        model.see_run(&run(4, "9")).expect_err("an attempt under a pause");
        model.resuming();
        model.see_run(&run(4, "9")).expect("legal");
        model.see_run(&run(4, "8")).expect_err("a unit is missing");
    }

    #[test]
    fn a_paid_payout_that_is_paid_no_more_is_seen() {
        let payouts = |status: PayoutStatus| {
            vec![
                Payout { status: status.into(), ..Payout::default() },
                Payout { status: PayoutStatus::Pending.into(), ..Payout::default() },
            ]
        };
        let mut model = ongoing();
        model.see_payouts(&payouts(PayoutStatus::Paid)).expect("legal");
        model.clone().see_payouts(&payouts(PayoutStatus::Failed)).expect_err("it was paid");
        model.see_payouts(&payouts(PayoutStatus::Cancelled)).expect_err("nobody cancelled");
    }
}
