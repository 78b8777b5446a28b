//! EVM addresses of accounts.

use std::fmt;
use std::str::FromStr;

use super::AccountId;
use crate::time::shorten;

/// A text that is not `0x` and forty hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an EVM address (0x and 40 hexadecimal digits): {0:?}")]
pub struct ParseEvmAddressError(pub String);

/// The twenty bytes by which the EVM knows an account: an alias derived from a key, or its number padded with zeros
/// ("long-zero"). Read in either case, written in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvmAddress([u8; 20]);

impl EvmAddress {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The long-zero address of an account: its number. Only accounts of shard 0 and realm 0 have one.
    pub fn long_zero(account: AccountId) -> Option<Self> {
        if account.shard() != 0 || account.realm() != 0 {
            return None;
        }
        let mut bytes = [0; 20];
        bytes[12..].copy_from_slice(&account.num().to_be_bytes());
        Some(Self(bytes))
    }

    /// The account a long-zero address names. `None` for an alias, whose account only the ledger knows, and for zero.
    pub fn account(&self) -> Option<AccountId> {
        let (zeros, num) = self.0.split_at(12);
        let num = u64::from_be_bytes(num.try_into().ok()?);
        if num == 0 || zeros.iter().any(|b| *b != 0) {
            return None;
        }
        AccountId::from_num(num).ok()
    }

    /// The zero address, to which tokens are burned by convention. Nobody owns it.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 20]
    }
}

impl fmt::Display for EvmAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for EvmAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EvmAddress {
    type Err = ParseEvmAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 20];
        text.strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .ok_or_else(|| ParseEvmAddressError(shorten(text)))?;
        Ok(Self(bytes))
    }
}

impl<'de> serde::Deserialize<'de> for EvmAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::EvmAddress;
    use crate::ids::AccountId;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn an_address_reads_back_in_either_case(bytes in any::<[u8; 20]>()) {
            let address = EvmAddress::from_bytes(bytes);
            let upper = format!("0x{}", hex::encode_upper(bytes));
            assert_eq!(address.to_string().parse(), Ok(address));
            assert_eq!(upper.parse(), Ok(address));
        }

        #[test]
        fn a_long_zero_address_names_its_account(num in 1..=i64::MAX.unsigned_abs()) {
            let account = AccountId::from_num(num).expect("a number in range");
            assert_eq!(EvmAddress::long_zero(account).and_then(|a| a.account()), Some(account));
        }
    }

    #[test]
    fn loose_spellings_are_refused() {
        let digits = "00000000000000000000000000000000000003e9";
        for text in
            [digits.to_owned(), format!("0X{digits}"), format!("0x{digits}0"), format!("0x{}", &digits[1..])]
        {
            assert!(text.parse::<EvmAddress>().is_err(), "{text}");
        }
        assert!("0x0000000000000000000000000000000000000zzz".parse::<EvmAddress>().is_err());
    }

    #[test]
    fn an_alias_and_the_zero_address_name_no_account() {
        let alias: EvmAddress = "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd".parse().expect("an address");
        let beyond: EvmAddress = "0x000000000000000000000000ffffffffffffffff".parse().expect("an address");
        let zero = EvmAddress::from_bytes([0; 20]);
        assert_eq!((alias.account(), beyond.account(), zero.account()), (None, None, None));
        assert!(zero.is_zero() && !alias.is_zero());
    }
}
