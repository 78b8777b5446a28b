//! The judge: compares the record of a run with the rail's own ledger, payout by payout. Pure; it knows nothing of how
//! either came about.
//!
//! What it holds: each payout recorded as paid has exactly one effect, of the recorded transaction, with the right account
//! and units; no other payout has any; nobody else is paid; nothing is created or lost on the way; and every payout has
//! come to an end.

use std::collections::BTreeMap;

/// What was to be paid to one account. Each account of a run is named once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Who.
    pub account: String,
    /// How much, in smallest units.
    pub units: u128,
}

/// How a payout has ended, by our record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Paid by this transaction.
    Paid(String),
    /// Proven unpaid.
    Failed,
    /// Cancelled, proven unpaid.
    Cancelled,
    /// Proven unpaid, and replaced by a payout of another run.
    Superseded,
    /// It has not ended; how it is called instead.
    Unfinished(String),
}

/// A payout, by our record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Its place in the list.
    pub ordinal: u32,
    /// Who.
    pub account: String,
    /// How much, in smallest units.
    pub units: u128,
    /// How it ended.
    pub standing: Standing,
}

/// One line of the rail's ledger: what one transaction gave to an account (positive) or took from it (negative).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The rail's id of the transaction.
    pub transaction: String,
    /// Whose balance changed.
    pub account: String,
    /// By how much.
    pub units: i128,
}

/// Payouts and their sum, as the run's progress counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub payouts: u64,
    /// Their sum in smallest units.
    pub units: u128,
}

/// What a run's progress says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Paid.
    pub paid: Tally,
    /// Proven unpaid: failed, cancelled and superseded together.
    pub unpaid: Tally,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { payouts: self.payouts + other.payouts, units: self.units + other.units }
    }
}

impl Counted {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { paid: self.paid.plus(other.paid), unpaid: self.unpaid.plus(other.unpaid) }
    }
}

/// All there is to judge of a run, or of several together.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// As handed over, in their order.
    pub instructions: Vec<Instruction>,
    /// By our record, in their order.
    pub payouts: Vec<Payout>,
    /// What the run's progress says; none when it could not be read.
    pub counted: Option<Counted>,
    /// Every change of a balance in the run's asset, by the rail.
    pub ledger: Vec<Entry>,
    /// The account that pays.
    pub funding: String,
}

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// More than one effect for one payout.
    #[error("{account} was paid {times} times: {transactions:?}")]
    PaidTwice {
        /// Who.
        account: String,
        /// How often.
        times: usize,
        /// By what.
        transactions: Vec<String>,
    },
    /// An effect that our record excludes.
    #[error("the ledger shows that {transaction} paid {account}; our record says {standing:?}")]
    PaidAgainstRecord {
        /// Who.
        account: String,
        /// By what.
        transaction: String,
        /// What we say.
        standing: Standing,
    },
    /// A payment of ours that the rail does not know.
    #[error("{account} is paid by our record, and the ledger shows nothing")]
    PaidWithoutEffect {
        /// Who.
        account: String,
    },
    /// The right account got the wrong amount.
    #[error("{account} got {got} units and was owed {owed}")]
    WrongUnits {
        /// Who.
        account: String,
        /// What was due.
        owed: u128,
        /// What the ledger shows.
        got: i128,
    },
    /// The one effect is another transaction's than the recorded one.
    #[error("{account} was paid by {seen}, not by {recorded} as our record says")]
    OtherTransaction {
        /// Who.
        account: String,
        /// What we say.
        recorded: String,
        /// What the ledger shows.
        seen: String,
    },
    /// Somebody was paid who is not on the list.
    #[error("{transaction} paid {account}, who is not on the list")]
    Stranger {
        /// Who.
        account: String,
        /// By what.
        transaction: String,
    },
    /// A transaction that creates or destroys units, or takes them from somebody else than the funding account.
    #[error("{transaction} does not take from the funding account exactly what it gives")]
    NotConserved {
        /// Which.
        transaction: String,
    },
    /// A payout without an end.
    #[error("payout {ordinal} has not ended: {called}")]
    Unfinished {
        /// Which.
        ordinal: u32,
        /// What it is instead.
        called: String,
    },
    /// The record's payouts are not the instructions.
    #[error("payout {ordinal} of the record is not that of the list")]
    RecordDiffers {
        /// Which.
        ordinal: usize,
    },
    /// The service cannot say how far the run is.
    #[error("the run's progress cannot be read")]
    NoProgress,
    /// The run's progress does not count its payouts.
    #[error("progress counts {counted:?} {what}, the payouts make {actual:?}")]
    WrongTally {
        /// Which count.
        what: &'static str,
        /// What progress says.
        counted: Tally,
        /// What the payouts say.
        actual: Tally,
    },
}

impl Violation {
    /// Whether money went wrong, and not only the time or the form.
    pub fn is_about_money(&self) -> bool {
        match self {
            Self::PaidTwice { .. }
            | Self::PaidAgainstRecord { .. }
            | Self::PaidWithoutEffect { .. }
            | Self::WrongUnits { .. }
            | Self::OtherTransaction { .. }
            | Self::Stranger { .. }
            | Self::NotConserved { .. } => true,
            Self::Unfinished { .. }
            | Self::RecordDiffers { .. }
            | Self::NoProgress
            | Self::WrongTally { .. } => false,
        }
    }
}

/// Everything that is wrong; nothing when each payout was paid exactly once or, as recorded, not at all.
pub fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = compare_lists(evidence);
    let mut effects: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in evidence.ledger.iter().filter(|entry| entry.units > 0) {
        effects.entry(&entry.account).or_default().push(entry);
    }
    for payout in &evidence.payouts {
        let of_payee = effects.remove(payout.account.as_str()).unwrap_or_default();
        wrong.extend(judge_payout(payout, &of_payee));
    }
    wrong.extend(effects.into_values().flatten().map(|entry| Violation::Stranger {
        account: entry.account.clone(),
        transaction: entry.transaction.clone(),
    }));
    wrong.extend(judge_transactions(evidence));
    wrong.extend(judge_tallies(evidence));
    wrong
}

fn compare_lists(evidence: &Evidence) -> Vec<Violation> {
    let (list, record) = (&evidence.instructions, &evidence.payouts);
    let same = |ordinal: usize| match (list.get(ordinal), record.get(ordinal)) {
        (Some(asked), Some(kept)) => {
            asked.account == kept.account
                && asked.units == kept.units
                && usize::try_from(kept.ordinal).is_ok_and(|place| place == ordinal)
        }
        _ => false,
    };
    let ordinals = 0..list.len().max(record.len());
    ordinals.filter(|ordinal| !same(*ordinal)).map(|ordinal| Violation::RecordDiffers { ordinal }).collect()
}

fn judge_payout(payout: &Payout, effects: &[&Entry]) -> Vec<Violation> {
    let account = || payout.account.clone();
    let mut wrong = Vec::new();
    if effects.len() > 1 {
        let transactions = effects.iter().map(|entry| entry.transaction.clone()).collect();
        wrong.push(Violation::PaidTwice { account: account(), times: effects.len(), transactions });
    }
    for effect in effects {
        if u128::try_from(effect.units) != Ok(payout.units) {
            wrong.push(Violation::WrongUnits { account: account(), owed: payout.units, got: effect.units });
        }
    }
    match (&payout.standing, effects) {
        (Standing::Paid(_), []) => wrong.push(Violation::PaidWithoutEffect { account: account() }),
        (Standing::Paid(recorded), [effect]) if effect.transaction != *recorded => {
            let (recorded, seen) = (recorded.clone(), effect.transaction.clone());
            wrong.push(Violation::OtherTransaction { account: account(), recorded, seen });
        }
        (Standing::Failed | Standing::Cancelled | Standing::Superseded, [effect, ..]) => {
            wrong.push(Violation::PaidAgainstRecord {
                account: account(),
                transaction: effect.transaction.clone(),
                standing: payout.standing.clone(),
            });
        }
        (Standing::Unfinished(called), _) => {
            wrong.push(Violation::Unfinished { ordinal: payout.ordinal, called: called.clone() });
        }
        (Standing::Paid(_) | Standing::Failed | Standing::Cancelled | Standing::Superseded, _) => {}
    }
    wrong
}

fn judge_transactions(evidence: &Evidence) -> Vec<Violation> {
    let mut sums: BTreeMap<&str, (i128, bool)> = BTreeMap::new();
    for entry in &evidence.ledger {
        let (sum, ours) = sums.entry(&entry.transaction).or_insert((0, true));
        *sum += entry.units;
        *ours &= entry.units > 0 || entry.account == evidence.funding;
    }
    let off = sums.into_iter().filter(|(_, (sum, ours))| *sum != 0 || !ours);
    off.map(|(transaction, _)| Violation::NotConserved { transaction: transaction.to_owned() }).collect()
}

fn judge_tallies(evidence: &Evidence) -> Vec<Violation> {
    let (mut paid, mut unpaid) = (Tally::default(), Tally::default());
    for payout in &evidence.payouts {
        let tally = match payout.standing {
            Standing::Paid(_) => &mut paid,
            Standing::Failed | Standing::Cancelled | Standing::Superseded => &mut unpaid,
            Standing::Unfinished(_) => continue,
        };
        tally.payouts += 1;
        tally.units += payout.units;
    }
    let Some(counted) = evidence.counted else { return vec![Violation::NoProgress] };
    let pairs = [("paid", counted.paid, paid), ("unpaid", counted.unpaid, unpaid)];
    let off = pairs.into_iter().filter(|(_, counted, actual)| counted != actual);
    off.map(|(what, counted, actual)| Violation::WrongTally { what, counted, actual }).collect()
}

#[cfg(test)]
#[path = "checker_tests.rs"]
mod tests;
