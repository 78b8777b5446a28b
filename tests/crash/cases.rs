//! Which failpoint is met how, under which trouble.

use bursar_tests::rig::{Action, Ledger, Outcome};
use serde_json::json;

use crate::{asked, restored, setting};

/// What is wrong with the network meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Answers are lost before and after the effect, and receipts come late.
    LostAnswers,
    /// What was sent before is refused for want of funds, whatever became of it.
    RefusedResends,
    /// The mirror node's two replicas lag, one more than the other, and receipts get lost.
    DisagreeingMirrors,
    /// Copies take effect seconds after their answer, which is lost.
    LateCopies,
    /// Copies fail at consensus in ways that leave the id open: another copy can still take effect.
    BadCopies,
}

const TROUBLES: [Trouble; 5] = [
    Trouble::LostAnswers,
    Trouble::RefusedResends,
    Trouble::DisagreeingMirrors,
    Trouble::LateCopies,
    Trouble::BadCopies,
];

impl Trouble {
    pub(crate) async fn set(self, ledger: &Ledger, seed: usize) -> Outcome<()> {
        let faults = match self {
            Self::LostAnswers => vec![
                json!({"kind": "lost_after", "percent": 35, "seed": seed}),
                json!({"kind": "lost_before", "percent": 20, "seed": seed + 1}),
                json!({"kind": "receipt_unknown", "millis": 700}),
            ],
            Self::RefusedResends => vec![
                json!({"kind": "refuse_resend", "percent": 70, "seed": seed}),
                json!({"kind": "lost_after", "percent": 50, "seed": seed + 1}),
                json!({"kind": "receipt_unknown", "millis": 1500}),
            ],
            Self::DisagreeingMirrors => vec![
                json!({"kind": "lost_after", "percent": 40, "seed": seed}),
                json!({"kind": "lost_before", "percent": 10, "seed": seed + 1}),
                json!({"kind": "receipt_lost", "percent": 60, "seed": seed + 2}),
            ],
            Self::LateCopies => vec![
                json!({"kind": "delay_effect", "percent": 40, "seed": seed, "millis": 1500, "lose_answer": true}),
                json!({"kind": "busy", "percent": 15, "seed": seed + 1}),
            ],
            Self::BadCopies => vec![
                json!({"kind": "consensus_status", "percent": 25, "seed": seed, "status": "INVALID_NODE_ACCOUNT"}),
                json!({"kind": "consensus_status", "percent": 15, "seed": seed + 1, "status": "INVALID_PAYER_SIGNATURE"}),
                json!({"kind": "lost_after", "percent": 20, "seed": seed + 2}),
            ],
        };
        for fault in faults {
            ledger.fault(fault).await?;
        }
        if self == Self::DisagreeingMirrors {
            ledger.lag(0, 1_000).await?;
            ledger.lag(1, 5_000).await?;
        }
        Ok(())
    }
}

/// How a run is brought to the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// It is started and paid.
    Pay,
    /// Its first copies never arrive, so that they are sent again.
    Resend,
    /// None of its copies arrives until their windows have closed, so that absence must be proven.
    Absence,
    /// One payee cannot receive; that is mended, and the failure retried.
    Retry,
    /// The same, and that one payout is chosen.
    RetryChosen,
    /// One payee of another run cannot receive, and this run pays somebody else instead.
    Supersede,
    /// It is cancelled while copies are in flight.
    Cancel,
    /// It is paused while copies are in flight, and resumed.
    Pause,
    /// A batch is above what the day allows, so that it halts.
    Halt,
    /// The same, and the day allows more then, so that it goes on by itself.
    GoOn,
    /// A lease is lost while answers are on their way.
    Overtaken,
}

/// One kill or stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) failpoint: &'static str,
    pub(crate) passes: usize,
    pub(crate) action: Action,
    pub(crate) road: Road,
    pub(crate) trouble: Trouble,
    /// The run is cancelled by another worker while this one is gone or frozen.
    pub(crate) cancelled_meanwhile: bool,
    /// All batches of the run are in the hands of one visit.
    pub(crate) together: bool,
}

impl Case {
    /// As `BURSAR_FAILPOINT` has it.
    pub(crate) fn setting(&self) -> String {
        setting(self.failpoint, self.action, self.passes)
    }

    /// Whether the place is inside a transaction: there a frozen worker holds locks, and no other can take over.
    pub(crate) fn holds_locks(&self) -> bool {
        self.failpoint.ends_with(".before_commit")
    }

    /// Whether the place is met while a batch is worked on, so that another worker can take that batch over.
    pub(crate) fn holds_a_lease(&self) -> bool {
        let place = self.failpoint.split('.').next().unwrap_or_default();
        matches!(place, "intend" | "send" | "resend" | "sentinel") || self.failpoint == "record.before_commit"
    }
}

/// The way to a failpoint, and how often it is passed before it strikes.
fn roads(failpoint: &str) -> (Road, usize) {
    match failpoint {
        // In the middle: some batches, and some sends of a batch, are behind.
        "intend.before_commit"
        | "record.before_commit"
        | "record.after_commit"
        | "send.before"
        | "send.after" => (Road::Pay, 1),
        "resend.before_commit" | "resend.after_commit" => (Road::Resend, 0),
        "sentinel.before" | "sentinel.after" => (Road::Absence, 0),
        "retry.before_commit" | "retry.after_commit" => (Road::Retry, 0),
        "retry_payouts.before_commit" | "retry_payouts.after_commit" => (Road::RetryChosen, 0),
        "supersede.before_commit" | "supersede.after_commit" => (Road::Supersede, 0),
        "cancel.before_commit" | "cancel.after_commit" => (Road::Cancel, 0),
        "pause.before_commit" | "pause.after_commit" => (Road::Pause, 0),
        "halt.before_commit" | "halt.after_commit" => (Road::Halt, 0),
        "go_on.before_commit" | "go_on.after_commit" => (Road::GoOn, 0),
        "keep_effects.before_commit"
        | "keep_effects.after_commit"
        | "keep.before_commit"
        | "keep.after_commit" => (Road::Overtaken, 0),
        _ => (Road::Pay, 0),
    }
}

impl Road {
    /// Whether a run has to fail first, because somebody cannot receive.
    pub(crate) fn fails_first(self) -> bool {
        matches!(self, Self::Retry | Self::RetryChosen | Self::Supersede)
    }
}

/// Places at which a cancel races the worker that is gone or frozen.
const RACED: [&str; 6] = [
    "intend.before_commit",
    "intend.after_commit",
    "send.before",
    "send.after",
    "resend.after_commit",
    "record.before_commit",
];

/// Every failpoint but those that only a call from outside or a restored database leads to, killed and stopped, most under two
/// troubles: batch by batch under one, in a visit to all batches under the other; and some with a cancel racing,
/// under a third.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let elsewhere = |place: &str| asked::Call::at(place).is_some() || restored::is_at(place);
    let here = execution::failpoints::ALL.iter().filter(|place| !elsewhere(place));
    for (index, failpoint) in here.enumerate() {
        for (offset, action) in [Action::Kill, Action::Stop].into_iter().enumerate() {
            let (road, passes) = roads(failpoint);
            // What people ask of a run under way would come after the one visit to all of it.
            let together = |turn| turn > 0 && !matches!(road, Road::Cancel | Road::Pause);
            let turns = match road {
                // What the network does has no part in these.
                Road::Halt | Road::GoOn | Road::Overtaken => 1,
                _ if RACED.contains(failpoint) => 3,
                _ => 2,
            };
            cases.extend((0..turns).map(|turn| Case {
                failpoint,
                // One visit to all batches passes its own places once.
                passes: if together(turn) && !failpoint.starts_with("send.") { 0 } else { passes },
                action,
                road,
                trouble: TROUBLES[(index + 2 * offset + turn) % TROUBLES.len()],
                cancelled_meanwhile: turn == 2,
                together: together(turn),
            }));
        }
    }
    cases
}
