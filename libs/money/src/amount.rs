//! Counts of an asset's smallest unit.

use std::fmt;
use std::str::FromStr;

use crate::Overflow;
use crate::asset::AssetCode;
use crate::text::{ParseAmountError, read_integer};

/// A count of smallest units whose asset is known from the place it stands in. Its text is a canonical unsigned
/// integer, as in the protos and in the database: "0" or digits without a leading zero, at most 2^128 - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(pub u128);

impl Units {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, if it fits.
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference, if it is not negative.
    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Units {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        read_integer(text).map(Self)
    }
}

/// So much of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Smallest units of the asset.
    pub units: u128,
    /// The asset.
    pub asset: AssetCode,
}

/// Two amounts do not make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The amounts are of different assets.
    #[error("the amounts are of different assets")]
    AssetMismatch,
    /// The sum is above 2^128 - 1 units, or the difference below zero.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Amount {
    /// The sum of two amounts of one asset.
    pub fn checked_add(&self, other: &Self) -> Result<Self, AmountError> {
        self.combine(other, Units::checked_add)
    }

    /// The difference of two amounts of one asset.
    pub fn checked_sub(&self, other: &Self) -> Result<Self, AmountError> {
        self.combine(other, Units::checked_sub)
    }

    fn combine(
        &self,
        other: &Self,
        operation: fn(Units, Units) -> Result<Units, Overflow>,
    ) -> Result<Self, AmountError> {
        if self.asset != other.asset {
            return Err(AmountError::AssetMismatch);
        }
        let Units(units) = operation(Units(self.units), Units(other.units))?;
        Ok(Self { units, asset: self.asset.clone() })
    }
}

/// Units and code, for logs and messages: `1500 hedera:testnet/hbar`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.units, self.asset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn units_read_back_the_text_they_write() {
        for units in [0, 1, 10, u128::from(u64::MAX), u128::MAX] {
            assert_eq!(Units(units).to_string().parse(), Ok(Units(units)));
        }
    }

    #[test]
    fn only_a_canonical_integer_is_a_count_of_units() {
        use ParseAmountError::{Empty, LeadingZero, NotADigit, TooLarge};
        for (text, error) in [
            ("", Empty),
            ("01", LeadingZero),
            ("00", LeadingZero),
            ("1.", NotADigit),
            ("1.0", NotADigit),
            (".5", NotADigit),
            ("1e3", NotADigit),
            ("+5", NotADigit),
            ("-1", NotADigit),
            ("-0", NotADigit),
            ("0x10", NotADigit),
            (" 1", NotADigit),
            ("1 ", NotADigit),
            ("1_000", NotADigit),
            ("1,000", NotADigit),
            ("١", NotADigit),
            ("１", NotADigit),
            ("340282366920938463463374607431768211456", TooLarge),
            ("1000000000000000000000000000000000000000", TooLarge),
        ] {
            assert_eq!(text.parse::<Units>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn units_neither_wrap_nor_clamp() {
        assert_eq!(Units(2).checked_add(Units(3)), Ok(Units(5)));
        assert_eq!(Units(3).checked_sub(Units(3)), Ok(Units::ZERO));
        assert_eq!(Units(u128::MAX).checked_add(Units(1)), Err(Overflow));
        assert_eq!(Units(2).checked_sub(Units(3)), Err(Overflow));
    }

    #[test]
    fn amounts_of_different_assets_do_not_mix() {
        let here = Amount { units: 5, asset: AssetCode::hbar(Network::Testnet) };
        let there = Amount { units: 3, asset: AssetCode::hbar(Network::Mainnet) };
        assert_eq!(here.checked_add(&there), Err(AmountError::AssetMismatch));
        assert_eq!(here.checked_sub(&there), Err(AmountError::AssetMismatch));
        assert_eq!(here.checked_add(&here).map(|sum| sum.units), Ok(10));
        assert_eq!(here.to_string(), "5 hedera:testnet/hbar");
        let more = Amount { units: 6, ..here.clone() };
        assert_eq!(here.checked_sub(&more), Err(AmountError::Overflow(Overflow)));
    }
}
