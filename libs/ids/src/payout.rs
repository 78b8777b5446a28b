//! A payout is named by its place in its run, which never changes; it has no UUID of its own.

use std::fmt;
use std::str::FromStr;

use crate::parse::{ParseIdError, uuid_after};
use crate::typed::RunId;

const FORM: &str = "pay_<32 lowercase hex digits>_<ordinal>";

/// One payee's payment in a run: `pay_<run's hex digits>_<ordinal>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayoutId {
    /// The run it is part of.
    pub run: RunId,
    /// Its place in the run, from 0.
    pub ordinal: u32,
}

impl PayoutId {
    /// What the text of these ids starts with, before the underscore.
    pub const PREFIX: &'static str = "pay";
}

impl fmt::Display for PayoutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", Self::PREFIX, self.run.as_uuid().simple(), self.ordinal)
    }
}

/// The same as `Display`: logs and messages then show one form.
impl fmt::Debug for PayoutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PayoutId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let read = || {
            let (run, ordinal) = text.rsplit_once('_')?;
            Some(Self {
                run: RunId::from_uuid(uuid_after(Self::PREFIX, run)?),
                ordinal: canonical_ordinal(ordinal)?,
            })
        };
        read().ok_or(ParseIdError::expected(FORM))
    }
}

/// Refuses "+5" and "05", which `u32` would read: one payout has one text.
fn canonical_ordinal(text: &str) -> Option<u32> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payout_reads_back_the_text_it_writes() -> Result<(), ParseIdError> {
        let run: RunId = "run_0190f3c85d0e7a3b8c4d5e6f708192ab".parse()?;
        for ordinal in [0, 1, 10, 999_999, u32::MAX] {
            let payout = PayoutId { run, ordinal };
            assert_eq!(payout.to_string(), format!("pay_0190f3c85d0e7a3b8c4d5e6f708192ab_{ordinal}"));
            assert_eq!(payout.to_string().parse::<PayoutId>()?, payout);
        }
        Ok(())
    }

    #[test]
    fn only_the_canonical_text_is_a_payout() {
        for bad in [
            "",
            "pay",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_05",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_+5",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_-5",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_ 5",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_5_5",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_4294967296",
            "pay_0190f3c85d0e7a3b8c4d5e6f708192ab_١",
            "run_0190f3c85d0e7a3b8c4d5e6f708192ab_5",
            "pay_0190F3C85D0E7A3B8C4D5E6F708192AB_5",
        ] {
            assert!(bad.parse::<PayoutId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn payouts_sort_by_run_and_then_by_place() -> Result<(), ParseIdError> {
        let run: RunId = "run_0190f3c85d0e7a3b8c4d5e6f708192ab".parse()?;
        let next: RunId = "run_0190f3c85d0e7a3b8c4d5e6f708192ac".parse()?;
        let at = |run, ordinal| PayoutId { run, ordinal };
        assert!([at(run, 2), at(run, 10), at(next, 0)].is_sorted());
        Ok(())
    }
}
