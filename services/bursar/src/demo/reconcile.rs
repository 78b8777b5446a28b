//! Our record against the rail's own ledger, payout by payout.
//!
//! Pure. Owns the question "do the two agree?": every payout recorded as paid has exactly one effect on the rail, with
//! its units and under its transaction id, and the rail has no effect beside those. Payouts are told apart by
//! (account, transaction id), so that several payouts to one account are judged one by one.

use std::collections::HashMap;
use std::fmt;

use money::Overflow;

/// Where our record says a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Paid: the rail must show it once.
    Paid,
    /// Definitely not paid (failed, cancelled): the rail must show nothing.
    Unpaid,
    /// Not decided yet: the rail may show it, once.
    Open,
}

/// What our record says of one payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Position in the run.
    pub ordinal: u32,
    /// The payee's account on the rail.
    pub account: String,
    /// What was to be paid, in smallest units.
    pub units: u128,
    /// Where it stands.
    pub standing: Standing,
    /// The rail's transaction id of its latest attempt; empty before the first.
    pub transaction_id: String,
}

/// One credit in the rail's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The transaction.
    pub transaction_id: String,
    /// Who received.
    pub account: String,
    /// How much, in smallest units.
    pub units: u128,
}

/// One thing in which the two disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// Recorded as paid; the rail shows nothing.
    MissingEffect {
        /// Which payout.
        ordinal: u32,
        /// To whom.
        account: String,
    },
    /// The rail paid a payout once more.
    DoubleEffect {
        /// Which payout.
        ordinal: u32,
        /// The effect too many.
        effect: Effect,
    },
    /// The rail paid another amount than recorded.
    WrongUnits {
        /// Which payout.
        ordinal: u32,
        /// What we recorded, in smallest units.
        recorded: u128,
        /// What the rail shows.
        effect: Effect,
    },
    /// The rail paid in another transaction than recorded.
    WrongTransaction {
        /// Which payout.
        ordinal: u32,
        /// The transaction id we recorded.
        recorded: String,
        /// What the rail shows.
        effect: Effect,
    },
    /// The rail paid what we recorded as definitely unpaid.
    EffectForUnpaid {
        /// Which payout.
        ordinal: u32,
        /// What the rail shows.
        effect: Effect,
    },
    /// The rail paid somebody who has no payout.
    UnknownEffect {
        /// What the rail shows.
        effect: Effect,
    },
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} units to {} in {}", self.units, self.account, self.transaction_id)
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingEffect { ordinal, account } => {
                write!(f, "payout {ordinal} to {account} is recorded as paid, and the rail shows nothing")
            }
            Self::DoubleEffect { ordinal, effect } => {
                write!(f, "payout {ordinal} was paid once more: {effect}")
            }
            Self::WrongUnits { ordinal, recorded, effect } => {
                write!(f, "payout {ordinal} is recorded with {recorded} units, and the rail shows {effect}")
            }
            Self::WrongTransaction { ordinal, recorded, effect } => {
                write!(f, "payout {ordinal} is recorded in {recorded}, and the rail shows {effect}")
            }
            Self::EffectForUnpaid { ordinal, effect } => {
                write!(f, "payout {ordinal} is recorded as unpaid, and the rail shows {effect}")
            }
            Self::UnknownEffect { effect } => write!(f, "no payout has this effect: {effect}"),
        }
    }
}

/// What comparing the two came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Payouts recorded as paid.
    pub paid: u64,
    /// Payouts recorded as definitely unpaid.
    pub unpaid: u64,
    /// Payouts that are not decided.
    pub open: u64,
    /// Sum of what we recorded as paid, in smallest units.
    pub recorded_units: u128,
    /// Effects in the rail's ledger.
    pub rail_effects: u64,
    /// Their sum, in smallest units.
    pub rail_units: u128,
    /// Effects beyond the first of a payout.
    pub duplicate_effects: u64,
    /// Everything else that has no counterpart: effects without their payout, paid payouts without their effect.
    pub unmatched: u64,
    /// All that disagrees, payouts first, by ordinal.
    pub disagreements: Vec<Disagreement>,
}

impl Reconciliation {
    /// Whether the two agree in everything that is decided.
    pub fn agrees(&self) -> bool {
        self.disagreements.is_empty()
    }
}

/// Compares our record with the rail's ledger.
///
/// # Errors
/// When a sum does not fit 128 bits.
pub fn reconcile(
    payouts: impl IntoIterator<Item = Recorded>,
    effects: impl IntoIterator<Item = Effect>,
) -> Result<Reconciliation, Overflow> {
    let mut result = Reconciliation::default();
    let mut ledger: HashMap<String, Vec<Effect>> = HashMap::new();
    for effect in effects {
        result.rail_effects += 1;
        result.rail_units = result.rail_units.checked_add(effect.units).ok_or(Overflow)?;
        ledger.entry(effect.account.clone()).or_default().push(effect);
    }
    let mut accounts: HashMap<String, Vec<Judged>> = HashMap::new();
    for payout in payouts {
        result.count(&payout)?;
        let effects = ledger.get_mut(&payout.account);
        let found = effects.is_some_and(|effects| take_own(effects, &payout));
        accounts.entry(payout.account.clone()).or_default().push(Judged { payout, found });
    }
    for (account, judged) in accounts {
        result.judge(judged, ledger.remove(&account).unwrap_or_default());
    }
    let strangers = ledger.into_values().flatten();
    result.disagreements.extend(strangers.map(|effect| Disagreement::UnknownEffect { effect }));
    result.finish();
    Ok(result)
}

/// A payout, and whether its own effect was found.
struct Judged {
    payout: Recorded,
    found: bool,
}

/// Takes out the effect that is exactly what the record says; an unpaid payout has none.
fn take_own(effects: &mut Vec<Effect>, payout: &Recorded) -> bool {
    let own = |effect: &Effect| {
        effect.transaction_id == payout.transaction_id
            && effect.units == payout.units
            && payout.standing != Standing::Unpaid
    };
    let position = effects.iter().position(own);
    if let Some(position) = position {
        effects.swap_remove(position);
    }
    position.is_some()
}

impl Reconciliation {
    fn count(&mut self, payout: &Recorded) -> Result<(), Overflow> {
        match payout.standing {
            Standing::Paid => {
                self.paid += 1;
                self.recorded_units = self.recorded_units.checked_add(payout.units).ok_or(Overflow)?;
            }
            Standing::Unpaid => self.unpaid += 1,
            Standing::Open => self.open += 1,
        }
        Ok(())
    }

    /// Explains the effects of one account that were nobody's own, then names the payouts that have none.
    fn judge(&mut self, mut payouts: Vec<Judged>, left: Vec<Effect>) {
        for effect in left {
            let disagreement = explain(&mut payouts, effect);
            self.disagreements.extend(disagreement);
        }
        let missing =
            payouts.into_iter().filter(|judged| judged.payout.standing == Standing::Paid && !judged.found);
        self.disagreements.extend(missing.map(|Judged { payout, .. }| Disagreement::MissingEffect {
            ordinal: payout.ordinal,
            account: payout.account,
        }));
    }

    /// Counts what disagrees, and puts it into an order that does not depend on the hash.
    fn finish(&mut self) {
        self.disagreements.sort_by_cached_key(|disagreement| {
            (disagreement.ordinal().unwrap_or(u32::MAX), disagreement.to_string())
        });
        for disagreement in &self.disagreements {
            match disagreement {
                Disagreement::DoubleEffect { .. } => self.duplicate_effects += 1,
                Disagreement::MissingEffect { .. }
                | Disagreement::WrongUnits { .. }
                | Disagreement::WrongTransaction { .. }
                | Disagreement::EffectForUnpaid { .. }
                | Disagreement::UnknownEffect { .. } => self.unmatched += 1,
            }
        }
    }
}

impl Disagreement {
    fn ordinal(&self) -> Option<u32> {
        match self {
            Self::MissingEffect { ordinal, .. }
            | Self::DoubleEffect { ordinal, .. }
            | Self::WrongUnits { ordinal, .. }
            | Self::WrongTransaction { ordinal, .. }
            | Self::EffectForUnpaid { ordinal, .. } => Some(*ordinal),
            Self::UnknownEffect { .. } => None,
        }
    }
}

/// Whose effect this could be, in the order in which it says most: a paid or open payout that still lacks one, one that
/// has one already, one that should have none. `None` where an open payout may have it.
fn explain(payouts: &mut [Judged], effect: Effect) -> Option<Disagreement> {
    let decided = |judged: &&mut Judged| judged.payout.standing == Standing::Paid && !judged.found;
    let same =
        |judged: &&mut Judged| decided(judged) && judged.payout.transaction_id == effect.transaction_id;
    if let Some(judged) = payouts.iter_mut().find(same) {
        judged.found = true;
        let (ordinal, recorded) = (judged.payout.ordinal, judged.payout.units);
        return Some(Disagreement::WrongUnits { ordinal, recorded, effect });
    }
    let equal = |judged: &&mut Judged| decided(judged) && judged.payout.units == effect.units;
    if let Some(judged) = payouts.iter_mut().find(equal) {
        judged.found = true;
        let (ordinal, recorded) = (judged.payout.ordinal, judged.payout.transaction_id.clone());
        return Some(Disagreement::WrongTransaction { ordinal, recorded, effect });
    }
    let open = |judged: &&mut Judged| judged.payout.standing == Standing::Open && !judged.found;
    if let Some(judged) = payouts.iter_mut().find(open) {
        judged.found = true;
        return None;
    }
    if let Some(judged) = payouts.iter().find(|judged| judged.found) {
        return Some(Disagreement::DoubleEffect { ordinal: judged.payout.ordinal, effect });
    }
    let unpaid = payouts.iter_mut().find(|judged| judged.payout.standing == Standing::Unpaid);
    Some(match unpaid {
        Some(judged) => {
            // A second one is a duplicate, whatever we recorded.
            judged.found = true;
            Disagreement::EffectForUnpaid { ordinal: judged.payout.ordinal, effect }
        }
        None => Disagreement::UnknownEffect { effect },
    })
}

#[cfg(test)]
#[path = "reconcile_tests.rs"]
mod tests;
