//! Accounts and their EVM addresses, as the holder service names them.

use std::fmt::{self, Write as _};
use std::str::FromStr;

/// The text is not `0.0.<number>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an account such as 0.0.5005")]
pub(crate) struct ParseAccountError;

/// A Hedera account of shard 0 and realm 0, where every account of the public networks is. Ordered by number.
///
/// Invariant: the number is at most `i64::MAX`, as on the network and in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Account(u64);

impl Account {
    /// The zero account: nobody's, and no rail can pay it.
    pub(crate) const ZERO: Self = Self(0);

    /// The account with this number.
    pub(crate) fn from_number(number: u64) -> Result<Self, ParseAccountError> {
        if i64::try_from(number).is_err() {
            return Err(ParseAccountError);
        }
        Ok(Self(number))
    }

    /// Its number.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    /// Its payee key in entitlements: the number, 8 bytes, big-endian.
    pub(crate) const fn payee_key(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0.0.{}", self.0)
    }
}

impl FromStr for Account {
    type Err = ParseAccountError;

    fn from_str(text: &str) -> Result<Self, ParseAccountError> {
        let digits = text.strip_prefix("0.0.").ok_or(ParseAccountError)?;
        let canonical =
            digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        let number = canonical.then(|| digits.parse().ok()).flatten().ok_or(ParseAccountError)?;
        Self::from_number(number)
    }
}

/// The text is not `0x` and 40 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and 40 hexadecimal digits")]
pub(crate) struct ParseEvmAddressError;

/// An account's EVM address as of a snapshot; written in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EvmAddress(pub [u8; 20]);

impl fmt::Display for EvmAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        for byte in self.0 {
            for nibble in [byte >> 4, byte & 15] {
                f.write_char(char::from_digit(nibble.into(), 16).unwrap_or('?'))?;
            }
        }
        Ok(())
    }
}

impl FromStr for EvmAddress {
    type Err = ParseEvmAddressError;

    fn from_str(text: &str) -> Result<Self, ParseEvmAddressError> {
        let digits = text.strip_prefix("0x").ok_or(ParseEvmAddressError)?.as_bytes();
        if digits.len() != 40 {
            return Err(ParseEvmAddressError);
        }
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            b'A'..=b'F' => Ok(digit - b'A' + 10),
            _ => Err(ParseEvmAddressError),
        };
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, EvmAddress};

    #[test]
    fn an_account_has_one_text() {
        for text in ["0.0.0", "0.0.5005", "0.0.9223372036854775807"] {
            let account: Account = text.parse().expect("canonical");
            assert_eq!(account.to_string(), text);
        }
        for text in ["", "5005", "0.0.", "0.0.05", "0.0.-1", "0.0.+1", "0.0.1 ", "1.0.5", "0.1.5", "0.0.5.5"]
        {
            assert!(text.parse::<Account>().is_err(), "{text:?}");
        }
        assert!("0.0.9223372036854775808".parse::<Account>().is_err(), "beyond int64");
    }

    #[test]
    fn an_address_is_read_in_either_case_and_written_in_lower_case() {
        let address: EvmAddress = "0xABcdef0123456789abcdef0123456789ABCDEF01".parse().expect("an address");
        assert_eq!(address.to_string(), "0xabcdef0123456789abcdef0123456789abcdef01");
        for text in ["", "0x", "abcdef0123456789abcdef0123456789abcdef0100", "0xzz", "0x+1"] {
            assert!(text.parse::<EvmAddress>().is_err(), "{text:?}");
        }
        assert!("0x+bcdef0123456789abcdef0123456789ABCDEF01".parse::<EvmAddress>().is_err());
    }
}
