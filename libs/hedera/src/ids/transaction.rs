//! Transaction ids.

use std::fmt;
use std::str::FromStr;

use super::AccountId;
use crate::hapi;
use crate::time::{join_ns, parse_ns, shorten, split_ns};

/// A text that is not a transaction id in one of its two spellings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a transaction id as payer@seconds.nanoseconds or payer-seconds-nanoseconds: {0:?}")]
pub struct ParseTransactionIdError(pub String);

/// Names a transaction: who pays its fees and from when it is valid. The network gives effect to an id at most once.
///
/// Two spellings: `0.0.1001@1795188269.124372290` ([`Display`](fmt::Display), as client libraries and explorers show it) and
/// `0.0.1001-1795188269-124372290` ([`TransactionId::mirror_text`], as mirror nodes write it). Both are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId {
    payer: AccountId,
    valid_start_ns: i64,
}

impl TransactionId {
    /// `valid_start_ns` is not negative; a negative one is taken as zero.
    pub fn new(payer: AccountId, valid_start_ns: i64) -> Self {
        Self { payer, valid_start_ns: valid_start_ns.max(0) }
    }

    /// The account that pays the fees.
    pub const fn payer(self) -> AccountId {
        self.payer
    }

    /// The first nanosecond of its validity, since the Unix epoch.
    pub const fn valid_start_ns(self) -> i64 {
        self.valid_start_ns
    }

    /// As mirror nodes write it: `0.0.1001-1795188269-124372290`.
    pub fn mirror_text(self) -> String {
        let (seconds, nanos) = split_ns(self.valid_start_ns);
        format!("{}-{seconds}-{nanos:09}", self.payer)
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = split_ns(self.valid_start_ns);
        write!(f, "{}@{seconds}.{nanos:09}", self.payer)
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TransactionId {
    type Err = ParseTransactionIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| ParseTransactionIdError(shorten(text)))
    }
}

fn read(text: &str) -> Option<TransactionId> {
    let (payer, valid_start_ns) = if let Some((payer, time)) = text.split_once('@') {
        (payer, parse_ns(time).ok()?)
    } else {
        let (payer, time) = text.split_once('-')?;
        let (seconds, nanos) = time.split_once('-')?;
        (payer, join_ns(seconds, nanos)?)
    };
    Some(TransactionId { payer: payer.parse().ok()?, valid_start_ns })
}

impl<'de> serde::Deserialize<'de> for TransactionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl From<TransactionId> for hapi::TransactionId {
    fn from(id: TransactionId) -> Self {
        let (seconds, nanos) = split_ns(id.valid_start_ns);
        Self {
            transaction_valid_start: Some(hapi::Timestamp { seconds, nanos }),
            account_id: Some(id.payer.into()),
            scheduled: false,
            nonce: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TransactionId;
    use crate::ids::AccountId;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn an_id_reads_back_from_both_spellings(num in 0..=i64::MAX.unsigned_abs(), ns in 0..=i64::MAX) {
            let id = TransactionId::new(AccountId::from_num(num).expect("a number in range"), ns);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.mirror_text().parse(), Ok(id));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(text in any::<String>()) {
            if let Ok(id) = text.parse::<TransactionId>() {
                assert!(id.to_string() == text || id.mirror_text() == text);
            }
        }
    }

    #[test]
    fn the_spellings_are_those_of_the_network() {
        let id = TransactionId::new("0.0.1001".parse().expect("an id"), 1_795_188_269_004_372_290);
        assert_eq!(id.to_string(), "0.0.1001@1795188269.004372290");
        assert_eq!(id.mirror_text(), "0.0.1001-1795188269-004372290");
    }

    #[test]
    fn mixed_and_loose_spellings_are_refused() {
        for text in
            ["0.0.1@1-000000002", "0.0.1-1.000000002", "0.0.1@1.2", "0.0.1-1-2", "0.0.1", "@1.000000002"]
        {
            assert!(text.parse::<TransactionId>().is_err(), "{text}");
        }
        for text in [
            "0.0.1@1.000000002?scheduled",
            "0.0.1@1.000000002/1",
            "0.0.1-1-000000002-1",
            "0.0.1--1-000000002",
        ] {
            assert!(text.parse::<TransactionId>().is_err(), "{text}");
        }
    }
}
