//! What comes off a gross amount before it is paid: what is withheld, and what is carried forward because it is below the
//! minimum; and what earlier distributions carried forward, which comes on top. `docs/ENTITLEMENTS.md` has the order.

use std::collections::{BTreeMap, BTreeSet};

use money::{Decimal, Rounding, percent_of};

use super::account::{Account, EvmAddress};
use super::calculation::{CalculationError, Holder};
use super::treatment::HolderKind;

/// The terms of it. The default takes nothing off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deductions {
    /// What is withheld.
    pub withholding: Withholding,
    /// Less than this is carried forward, in smallest units of the payment token; zero for everything is paid.
    pub minimum: u128,
}

/// What is withheld of gross amounts. Invariants: percentages are at most 100, and no account has two rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Withholding {
    /// In percent, of everybody who has no rate of its own.
    pub default_percent: Decimal,
    /// Rates of payees and groups, in the order they were given.
    pub rates: Vec<Rate>,
    /// How each withheld amount is rounded.
    pub rounding: Rounding,
}

/// The rate of one payee or of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// What the group is called; may be empty.
    pub group: String,
    /// In percent.
    pub percent: Decimal,
    /// Whose it is.
    pub accounts: BTreeSet<Account>,
}

impl Default for Withholding {
    fn default() -> Self {
        Self { default_percent: Decimal::ZERO, rates: Vec::new(), rounding: Rounding::Down }
    }
}

impl Withholding {
    /// Whether nothing is ever withheld.
    pub(crate) fn is_none(&self) -> bool {
        self.default_percent.is_zero() && self.rates.iter().all(|rate| rate.percent.is_zero())
    }
}

/// What became of an amount that was carried forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CarryStatus {
    /// The payee's next distribution pays it, unless it stays below the minimum.
    Open,
    /// It is part of a payout of another distribution.
    Taken,
    /// The distribution that owes it was cancelled before another one took it.
    Void,
}

impl CarryStatus {
    /// Its name in the database and in messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Taken => "TAKEN",
            Self::Void => "VOID",
        }
    }

    /// The status with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Taken, Self::Void].into_iter().find(|status| status.as_str() == name)
    }
}

/// What earlier distributions of the same asset and payment token carried forward and nobody has taken: smallest units of
/// each account, ascending by account, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenCarries(pub Vec<(Account, u128)>);

impl OpenCarries {
    /// What is open of one account.
    pub(crate) fn of(&self, account: Account) -> u128 {
        let place = self.0.binary_search_by_key(&account, |(account, _)| *account);
        place.map_or(0, |place| self.0[place].1)
    }
}

impl OpenCarries {
    /// Puts who holds nothing any more among the holders, if what is open of it is not below the minimum: nobody else would
    /// ever pay it. Both are ascending by account.
    pub(crate) fn join(&self, holders: Vec<Holder>, minimum: u128) -> Vec<Holder> {
        let holds =
            |account: &Account| holders.binary_search_by_key(account, |holder| holder.account).is_ok();
        let due = self.0.iter().filter(|(account, units)| *units >= minimum && !holds(account));
        let former = due.map(|(account, _)| Holder {
            account: *account,
            evm: EvmAddress([0; 20]),
            balance: 0,
            kind: HolderKind::Former,
        });
        let former: Vec<Holder> = former.collect();
        if former.is_empty() {
            return holders;
        }
        let mut all = holders;
        all.extend(former);
        all.sort_unstable_by_key(|holder| holder.account);
        all
    }
}

/// What one holder is owed, taken apart. Invariant: `paid = gross − withheld − carried + brought`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// What is paid now.
    pub paid: u128,
    /// What is withheld of the gross amount.
    pub withheld: u128,
    /// What is carried forward; nothing is paid then.
    pub carried: u128,
    /// What is paid of earlier distributions'.
    pub brought: u128,
}

/// The terms, ready for many holders.
#[derive(Debug)]
pub(crate) struct Deducting<'a> {
    withholding: &'a Withholding,
    own_rates: BTreeMap<Account, &'a Decimal>,
    minimum: u128,
    open: &'a OpenCarries,
}

impl<'a> Deducting<'a> {
    /// With what is open before.
    pub(crate) fn new(terms: &'a Deductions, open: &'a OpenCarries) -> Self {
        let withholding = &terms.withholding;
        let of_rate = |rate: &'a Rate| rate.accounts.iter().map(|account| (*account, &rate.percent));
        let own_rates = withholding.rates.iter().flat_map(of_rate).collect();
        Self { withholding, own_rates, minimum: terms.minimum, open }
    }

    /// What becomes of a gross amount.
    pub(crate) fn apply(&self, account: Account, gross: u128) -> Result<Parts, CalculationError> {
        const BAD: CalculationError = CalculationError::AmountOutOfRange;
        let percent = self.own_rates.get(&account).copied().unwrap_or(&self.withholding.default_percent);
        let withheld = percent_of(gross, percent, self.withholding.rounding).map_err(|_| BAD)?;
        let own = gross.checked_sub(withheld).ok_or(BAD)?;
        let open = self.open.of(account);
        let due = own.checked_add(open).ok_or(BAD)?;
        if due >= self.minimum {
            return Ok(Parts { paid: due, withheld, carried: 0, brought: open });
        }
        Ok(Parts { paid: 0, withheld, carried: own, brought: 0 })
    }
}

/// Terms that take nothing off, and nothing that is open.
#[cfg(test)]
pub(crate) mod none {
    use super::{Decimal, Deductions, OpenCarries, Rounding, Withholding};

    pub(crate) static DEDUCTIONS: Deductions = Deductions {
        withholding: Withholding {
            default_percent: Decimal::ZERO,
            rates: Vec::new(),
            rounding: Rounding::Down,
        },
        minimum: 0,
    };
    pub(crate) static OPEN: OpenCarries = OpenCarries(Vec::new());
}

#[cfg(test)]
#[path = "deduction_tests.rs"]
mod tests;
