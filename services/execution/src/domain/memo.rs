//! What a transaction of ours says about itself on the ledger: enough to find its payouts when the database has
//! forgotten it.

use std::fmt;

use ids::{AttemptId, RunId};

/// A transaction's memo, `att_… run_… FIRST+SIZE`; at most 87 bytes. Older ones name the attempt alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memo {
    /// The attempt.
    pub attempt: AttemptId,
    /// What it pays; none in older memos.
    pub place: Option<Place>,
}

/// Payouts of a run that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The run.
    pub run: RunId,
    /// The first payout's ordinal.
    pub first: u32,
    /// How many.
    pub size: u32,
}

impl fmt::Display for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attempt)?;
        match self.place {
            Some(Place { run, first, size }) => write!(f, " {run} {first}+{size}"),
            None => Ok(()),
        }
    }
}

impl Memo {
    /// The memo with this text; none where it is not one of ours to the letter.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let attempt = words.next()?.parse().ok()?;
        let place = match (words.next(), words.next()) {
            (None, None) => None,
            (Some(run), Some(range)) => {
                let (first, size) = range.split_once('+')?;
                Some(Place { run: run.parse().ok()?, first: first.parse().ok()?, size: size.parse().ok()? })
            }
            _ => return None,
        };
        let memo = Self { attempt, place };
        (memo.to_string() == text).then_some(memo)
    }
}

#[cfg(test)]
mod tests {
    use ids::{AttemptId, RunId, Uuid};

    use super::{Memo, Place};

    #[test]
    fn a_memo_reads_back_and_fits_the_network() {
        let attempt = AttemptId::from_uuid(Uuid::from_u128(1));
        let place = Place { run: RunId::from_uuid(Uuid::from_u128(2)), first: u32::MAX, size: 9 };
        for place in [None, Some(place)] {
            let memo = Memo { attempt, place };
            let text = memo.to_string();
            assert!(text.len() <= hedera::transfer::MEMO_MAX_BYTES, "{text}");
            assert_eq!(Memo::read(&text), Some(memo));
        }
    }

    #[test]
    fn what_is_not_ours_to_the_letter_is_nobodys() {
        let (attempt, run) = (format!("att_{}", "1".repeat(32)), format!("run_{}", "2".repeat(32)));
        assert!(Memo::read(&format!("{attempt} {run} 0+9")).is_some());
        for bad in [
            String::new(),
            "bursar-sentinel".to_owned(),
            format!("{attempt} "),
            format!("{attempt} {run}"),
            format!("{attempt} {run} 0"),
            format!("{attempt} {run} 00+9"),
            format!("{attempt} {run} +0+9"),
            format!("{attempt} {run} 0+9 "),
            format!("{attempt}  {run} 0+9"),
            format!("{run} {attempt} 0+9"),
            format!("{attempt} {run} -1+9"),
        ] {
            assert_eq!(Memo::read(&bad), None, "{bad:?}");
        }
    }
}
