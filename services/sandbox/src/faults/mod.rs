//! What goes wrong on purpose. Faults are set one by one, act within their scope, and count how often they fired.
//!
//! At most one fault acts on one request: the first, in the order they were set, whose scope and dice say so. Faults
//! live as long as the process; they are not in the journal.

mod spec;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::ledger::ids::TransactionId;
use crate::ledger::status::Status;

pub use spec::{Fault, FaultSpec, Kind, SpecError};

/// What happens to a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSubmit {
    /// This precheck status, without effect.
    Refuse(Status),
    /// No answer, without effect.
    LoseBefore(Loss),
    /// No answer, with effect.
    LoseAfter(Loss),
    /// The effect at once, the answer so many milliseconds later.
    DelayAnswer(u64),
    /// The answer at once (or never), the effect so many milliseconds later.
    DelayEffect {
        /// How much later.
        millis: u64,
        /// How the answer is lost, if it is.
        lost: Option<Loss>,
    },
    /// This status at consensus instead of the effect.
    Consensus(Status),
}

/// How an answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The call fails with `UNAVAILABLE` at once, as when a connection breaks.
    Broken,
    /// The call hangs until the caller gives up.
    Silent,
}

/// What happens to a receipt query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnReceipt {
    /// The receipt is `UNKNOWN`; with a time, only until so many milliseconds after consensus.
    Unknown(Option<u64>),
    /// No answer.
    Lose(Loss),
}

/// The faults that are set.
#[derive(Debug, Default)]
pub struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    armed: Vec<Armed>,
    last_id: u64,
    /// Ids a fault acted on: the ledger may not have heard of them, but the caller has sent them.
    touched: HashSet<TransactionId>,
}

/// A fault with its counters, as the control API lists it.
#[derive(Debug, Clone, Serialize)]
pub struct Armed {
    /// Its number.
    pub id: u64,
    /// As it was set.
    #[serde(flatten)]
    pub spec: FaultSpec,
    /// How often it has acted.
    pub fired: u64,
    /// How often it still may; `null` is until it is removed.
    pub left: Option<u64>,
    #[serde(skip)]
    fault: Fault,
    #[serde(skip)]
    dice: u64,
}

impl Board {
    /// Sets a fault.
    pub fn set(&self, spec: FaultSpec) -> Result<Armed, SpecError> {
        let fault = spec.fault()?;
        let mut state = self.lock();
        state.last_id += 1;
        let (left, dice) = (spec.times, spec.seed);
        let armed = Armed { id: state.last_id, spec, fired: 0, left, fault, dice };
        state.armed.push(armed.clone());
        Ok(armed)
    }

    /// All faults, also those that have no more to do.
    pub fn list(&self) -> Vec<Armed> {
        self.lock().armed.clone()
    }

    /// Removes a fault; says whether it was there.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.armed.len();
        state.armed.retain(|armed| armed.id != id);
        state.armed.len() < before
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.lock().armed.clear();
    }

    /// What happens to this submission. `heard` says whether the network has heard of the id before.
    pub fn on_submit(&self, node: u64, memo: &str, id: TransactionId, heard: bool) -> Option<OnSubmit> {
        let mut state = self.lock();
        if state.armed.is_empty() {
            return None;
        }
        let resent = heard || state.touched.contains(&id);
        let scope = Scope { node: Some(node), memo: Some(memo), replica: None, path: None };
        let acted = state.first(&scope, |fault| fault.on_submit(resent));
        if acted.is_some() {
            state.touched.insert(id);
        }
        acted
    }

    /// What happens to this receipt query.
    pub fn on_receipt(&self, node: u64, memo: Option<&str>) -> Option<OnReceipt> {
        let scope = Scope { node: Some(node), memo, replica: None, path: None };
        self.lock().first(&scope, Fault::on_receipt)
    }

    /// The HTTP status this mirror request fails with.
    pub fn on_mirror(&self, replica: usize, path: &str) -> Option<u16> {
        let scope = Scope { node: None, memo: None, replica: Some(replica), path: Some(path) };
        self.lock().first(&scope, Fault::on_mirror)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a request happens.
struct Scope<'a> {
    node: Option<u64>,
    memo: Option<&'a str>,
    replica: Option<usize>,
    path: Option<&'a str>,
}

impl State {
    fn first<T>(&mut self, scope: &Scope<'_>, act: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.armed.iter_mut().find_map(|armed| {
            let acted = act(&armed.fault).filter(|_| armed.covers(scope))?;
            armed.fire().then_some(acted)
        })
    }
}

impl Armed {
    fn covers(&self, scope: &Scope<'_>) -> bool {
        let spec = &self.spec;
        let within = |part: &Option<String>, whole: Option<&str>| {
            part.as_ref().is_none_or(|part| whole.is_some_and(|whole| whole.contains(part.as_str())))
        };
        self.left != Some(0)
            && spec.node.is_none_or(|node| Some(node.0) == scope.node)
            && spec.replica.is_none_or(|replica| Some(replica) == scope.replica)
            && within(&spec.memo_contains, scope.memo)
            && within(&spec.path_contains, scope.path)
    }

    /// Throws the dice, and counts.
    fn fire(&mut self) -> bool {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        if mix(self.dice) % 100 >= u64::from(self.spec.percent) {
            return false;
        }
        self.fired += 1;
        self.left = self.left.map(|left| left - 1);
        true
    }
}

/// The output function of `SplitMix64`: spreads a counter over 64 bits, the same on every machine.
pub fn mix(counter: u64) -> u64 {
    let spread = (counter ^ (counter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let spread = (spread ^ (spread >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    spread ^ (spread >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ids::{EntityId, Timestamp};

    const ID: TransactionId = TransactionId { payer: 1, valid_start: Timestamp(1) };

    fn board(specs: &[FaultSpec]) -> Board {
        let board = Board::default();
        for spec in specs {
            board.set(spec.clone()).expect("a valid fault");
        }
        board
    }

    #[test]
    fn a_fault_acts_as_often_as_it_was_told_and_is_counted() {
        let board = board(&[FaultSpec { times: Some(2), ..FaultSpec::of(Kind::Busy) }]);
        let acted: Vec<_> = (0..4).map(|_| board.on_submit(3, "", ID, false).is_some()).collect();
        assert_eq!(acted, [true, true, false, false]);
        assert_eq!((board.list()[0].fired, board.list()[0].left), (2, Some(0)));
    }

    #[test]
    fn a_fault_keeps_to_its_memo_and_node() {
        let scoped = FaultSpec {
            memo_contains: Some("att_7".to_owned()),
            node: Some(EntityId(4)),
            ..FaultSpec::of(Kind::Busy)
        };
        let board = board(&[scoped]);
        assert_eq!(board.on_submit(3, "att_7", ID, false), None);
        assert_eq!(board.on_submit(4, "att_8", ID, false), None);
        assert_eq!(board.on_submit(4, "pay att_7", ID, false), Some(OnSubmit::Refuse(Status::Busy)));
    }

    #[test]
    fn dice_with_the_same_seed_fall_the_same_way_and_about_as_often_as_told() {
        let fires = |seed| {
            let board = board(&[FaultSpec { percent: 30, seed, ..FaultSpec::of(Kind::Busy) }]);
            (0..1_000).map(|_| board.on_submit(3, "", ID, false).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(fires(7), fires(7));
        assert_ne!(fires(7), fires(8));
        let count = fires(7).into_iter().filter(|fired| *fired).count();
        assert!((250..350).contains(&count), "{count}");
    }

    #[test]
    fn only_an_id_that_was_sent_before_is_refused_on_resend() {
        let board = board(&[
            FaultSpec::of(Kind::RefuseResend),
            FaultSpec { times: Some(1), ..FaultSpec::of(Kind::LostBefore) },
        ]);
        assert_eq!(board.on_submit(3, "", ID, false), Some(OnSubmit::LoseBefore(Loss::Broken)));
        assert_eq!(
            board.on_submit(3, "", ID, false),
            Some(OnSubmit::Refuse(Status::InsufficientPayerBalance))
        );
    }

    #[test]
    fn a_fault_without_what_it_needs_is_not_set() {
        for kind in
            [Kind::Precheck, Kind::DelayAnswer, Kind::DelayEffect, Kind::ConsensusStatus, Kind::MirrorError]
        {
            assert!(Board::default().set(FaultSpec::of(kind)).is_err(), "{kind:?}");
        }
        assert!(Board::default().set(FaultSpec { percent: 101, ..FaultSpec::of(Kind::Busy) }).is_err());
    }
}
