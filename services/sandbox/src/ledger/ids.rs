//! How the network names things: moments, entities, transactions, EVM addresses, keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A text that is not what it should name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub(crate) &'static str);

/// A moment on the network, in nanoseconds since the Unix epoch; text `seconds.nanoseconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Later than everything.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `seconds` and `nanos` name in the network's messages, if they name one.
    pub fn from_parts(seconds: i64, nanos: i32) -> Option<Self> {
        let nanos = u64::try_from(nanos).ok().filter(|nanos| *nanos < NANOS_PER_SECOND)?;
        let seconds = u64::try_from(seconds).ok()?;
        Some(Self(seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)?))
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// Nanoseconds within the second.
    pub fn nanos(self) -> u64 {
        self.0 % NANOS_PER_SECOND
    }

    /// This moment and so many seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(NANOS_PER_SECOND)))
    }

    /// So many milliseconds before this moment.
    #[must_use]
    pub fn minus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis.saturating_mul(1_000_000)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.seconds(), self.nanos())
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = ParseError("a timestamp is seconds, or seconds.nanoseconds");
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let seconds = digits(seconds, 10).ok_or(bad.clone())?;
        let nanos = digits(fraction, 9).ok_or(bad.clone())?;
        let scale = 9 - u32::try_from(fraction.len()).map_err(|_| bad.clone())?;
        let nanos = nanos * 10_u64.pow(scale);
        seconds.checked_mul(NANOS_PER_SECOND).and_then(|whole| whole.checked_add(nanos)).map(Self).ok_or(bad)
    }
}

/// An unsigned integer of 1 to `longest` decimal digits and nothing else.
fn digits(text: &str, longest: usize) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// An account, contract or token: shard and realm are always 0 here. Text `0.0.N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EntityId(pub u64);

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0.0.{}", self.0)
    }
}

impl FromStr for EntityId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let number = text.strip_prefix("0.0.").unwrap_or(text);
        let number = digits(number, 19).filter(|number| i64::try_from(*number).is_ok());
        number.map(Self).ok_or(ParseError("an entity is 0.0.N"))
    }
}

impl From<EntityId> for String {
    fn from(id: EntityId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for EntityId {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

/// What the network deduplicates by: the payer and the start of the validity window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TransactionId {
    /// The account that pays the fee.
    pub payer: u64,
    /// When the transaction begins to be valid.
    pub valid_start: Timestamp,
}

impl TransactionId {
    /// The mirror node's form, `0.0.N-seconds-nanoseconds`.
    pub fn dashed(&self) -> String {
        format!("0.0.{}-{}-{:09}", self.payer, self.valid_start.seconds(), self.valid_start.nanos())
    }

    /// Reads the mirror node's form.
    pub fn from_dashed(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let payer =
            parts.next().filter(|payer| payer.starts_with("0.0.")).and_then(|payer| payer.parse().ok());
        let payer: EntityId = payer?;
        let seconds = digits(parts.next()?, 19)?;
        let nanos = digits(parts.next()?, 9)?;
        let valid_start = seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos).map(Timestamp)?;
        Some(Self { payer: payer.0, valid_start })
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0.0.{}@{}", self.payer, self.valid_start)
    }
}

/// Bytes of fixed length whose text is hex, with or without `0x`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexBytes<const N: usize>(pub [u8; N]);

/// An EVM address, in lower case with `0x` where it is shown.
pub type EvmAddress = HexBytes<20>;
/// An Ed25519 public key.
pub type PublicKey = HexBytes<32>;
/// A transaction's hash: SHA-384 of its signed bytes.
pub type TransactionHash = HexBytes<48>;

impl<const N: usize> fmt::Display for HexBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for HexBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for HexBytes<N> {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let mut bytes = [0_u8; N];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| ParseError("hex of the wrong length or alphabet"))?;
        Ok(Self(bytes))
    }
}

impl<const N: usize> Serialize for HexBytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexBytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl EvmAddress {
    /// The account number this address spells out, if it is of the long-zero form (12 zero bytes, then the number).
    pub fn long_zero(&self) -> Option<u64> {
        let (prefix, number) = self.0.split_first_chunk::<12>()?;
        let number = u64::from_be_bytes(number.try_into().ok()?);
        (*prefix == [0; 12]).then_some(number)
    }

    /// The long-zero form of an account number.
    pub fn of_number(number: u64) -> Self {
        let mut bytes = [0; 20];
        bytes[12..].copy_from_slice(&number.to_be_bytes());
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_what_it_writes() {
        let moment = Timestamp(1_795_188_269_000_000_007);
        assert_eq!(moment.to_string(), "1795188269.000000007");
        assert_eq!(moment.to_string().parse(), Ok(moment));
        assert_eq!("12".parse(), Ok(Timestamp(12 * NANOS_PER_SECOND)));
        assert_eq!("12.5".parse(), Ok(Timestamp(12_500_000_000)));
        for bad in ["", "1.", ".1", "-1", "1.1234567890", "1e3", "12345678901"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_transaction_id_has_two_spellings() {
        let id = TransactionId { payer: 7, valid_start: Timestamp(5_000_000_009) };
        assert_eq!(id.to_string(), "0.0.7@5.000000009");
        assert_eq!(id.dashed(), "0.0.7-5-000000009");
        assert_eq!(TransactionId::from_dashed("0.0.7-5-9"), Some(id));
        for bad in ["0.0.7", "0.0.7-5", "0.0.7@5.9", "7-5-9", "0.0.7-5-9-1", "0.1.7-5-9"] {
            assert_eq!(TransactionId::from_dashed(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_twelve_leading_zero_bytes_make_an_account_number() {
        assert_eq!(EvmAddress::of_number(77).long_zero(), Some(77));
        let mut other = EvmAddress::of_number(77);
        other.0[0] = 1;
        assert_eq!(other.long_zero(), None);
    }
}
