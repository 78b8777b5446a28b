//! A bond's principal: what a whole token is owed, and how much of each holding is owed still.

use money::{Amount, AssetCode, AssetKind, Decimal, minor_unit_decimals};

use super::account::Account;
use super::calculation::{CalculationError, Holder};

/// What only a bond has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bond {
    /// Principal of one whole token.
    pub nominal: Amount,
    /// When it is due, in nanoseconds since the epoch.
    pub maturity_ns: i64,
}

/// The payment token cannot pay the principal exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotPayable {
    /// It is not what the nominal value is stated in, and does not stand for it.
    OtherCurrency {
        /// What the nominal value is stated in.
        nominal: AssetCode,
    },
    /// The nominal value has more decimals than the payment token.
    NotExact {
        /// The nominal value in whole units of its currency.
        nominal: Decimal,
        /// Decimals of the payment token.
        decimals: u8,
    },
}

impl Bond {
    /// What one whole token of the bond is stated to be worth, in whole payment tokens.
    ///
    /// A token is taken for the currency it is named for by whoever accepted it: nothing on the network says what it is
    /// worth. What is stated in HBAR or a token is paid in that, and HBAR stands for no currency.
    pub(crate) fn value(&self, token: &AssetCode, decimals: u8) -> Result<Decimal, NotPayable> {
        let other = || NotPayable::OtherCurrency { nominal: self.nominal.asset.clone() };
        let nominal_decimals = match (self.nominal.asset.parts(), token.parts()) {
            (AssetKind::Fiat { currency }, AssetKind::Token { .. }) => minor_unit_decimals(currency),
            (AssetKind::Hbar { .. } | AssetKind::Token { .. }, _) if self.nominal.asset == *token => decimals,
            (AssetKind::Fiat { .. } | AssetKind::Hbar { .. } | AssetKind::Token { .. }, _) => {
                return Err(other());
            }
        };
        // A token can have more decimals than a number here; one whole unit of it is out of range then anyway.
        Decimal::new(self.nominal.units, nominal_decimals).map_err(|_| other())
    }

    /// The same where it can be paid exactly.
    pub(crate) fn principal(&self, token: &AssetCode, decimals: u8) -> Result<Decimal, NotPayable> {
        let nominal = self.value(token, decimals)?;
        if nominal.scale() > decimals {
            return Err(NotPayable::NotExact { nominal, decimals });
        }
        Ok(nominal)
    }
}

/// What became of a payout, as far as a redemption has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// By the rail's own evidence.
    Paid,
    /// Proven.
    Unpaid,
    /// Neither is proven.
    Undecided,
}

/// What redemptions of an asset have of its holdings, reserved or redeemed, as it was at one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Redeemed {
    /// Rises with every change: what is calculated from this counts only while it is the same.
    pub version: i64,
    /// The network's time of the newest balances that anything was reserved from, in nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// The highest total supply that a redemption saw, in smallest units.
    pub supply: u128,
    /// Smallest units taken in all.
    pub taken: u128,
    /// Smallest units taken of each account's holding, ascending by account.
    pub holdings: Vec<(Account, u128)>,
}

impl Redeemed {
    /// Smallest units of a holding that are owed still. Who holds less than was taken is owed nothing.
    pub(crate) fn left_of(&self, holder: &Holder) -> u128 {
        let place = self.holdings.binary_search_by_key(&holder.account, |(account, _)| *account);
        let taken = place.map_or(0, |place| self.holdings[place].1);
        holder.balance.saturating_sub(taken)
    }

    /// Holds a snapshot to be no older than what was reserved from. Older balances would count tokens where they were,
    /// after newer ones counted them where they are.
    pub(crate) const fn ensure_not_older(&self, consensus_ns: i64) -> Result<(), CalculationError> {
        if consensus_ns < self.consensus_ns { Err(CalculationError::RedemptionOvertaken) } else { Ok(()) }
    }

    /// Whether so many more can be redeemed with this total supply.
    ///
    /// The highest supply counts: with the one of now, burning what was redeemed would keep all others from their
    /// principal. With it, what left the accounts that were paid must have been burnt, or the sum shows it.
    pub(crate) fn ensure_within(&self, units: u128, total_supply: u128) -> Result<(), CalculationError> {
        let taken = self.taken.checked_add(units).ok_or(CalculationError::AmountOutOfRange)?;
        let supply = self.supply.max(total_supply);
        if taken > supply {
            return Err(CalculationError::RedeemedBeyondSupply { taken, supply });
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "redemption_tests.rs"]
mod tests;
