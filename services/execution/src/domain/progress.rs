//! Where a run's payouts stand, in numbers.

use std::time::Duration;

/// A number of payouts with their sum in smallest units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub payouts: u64,
    /// Their sum.
    pub units: u128,
}

/// Where a run's payouts stand. The tallies add up to count and total of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Not begun, or waiting for their next attempt.
    pub pending: Tally,
    /// In an attempt whose outcome is awaited.
    pub processing: Tally,
    /// In an attempt whose outcome is unknown past its time.
    pub in_doubt: Tally,
    /// Paid.
    pub paid: Tally,
    /// Proven unpaid.
    pub failed: Tally,
    /// Cancelled.
    pub cancelled: Tally,
    /// Proven unpaid, and replaced by payouts of another run.
    pub superseded: Tally,
    /// Batch worked on last, 0 before the first.
    pub current_batch: u32,
    /// Batches with nothing left to do.
    pub batches_done: u32,
    /// Batches in all.
    pub batches_total: u32,
    /// Attempts intended so far.
    pub attempts: u64,
    /// Payouts that joined a later attempt, counted each time.
    pub retries: u64,
    /// From the first batch's start to now, or to the run's end.
    pub worked: Duration,
}

impl Progress {
    /// Paid per second while the run was worked on, rounded down; what is paid in the first second counts as such.
    pub fn payouts_per_second(&self) -> u64 {
        let worked_ms = u64::try_from(self.worked.as_millis()).unwrap_or(u64::MAX).max(1);
        self.paid.payouts.saturating_mul(1000) / worked_ms
    }

    /// Estimated seconds until nothing is pending or processing, at the pace so far; none before the first is paid.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.pending.payouts.saturating_add(self.processing.payouts);
        if left == 0 {
            return Some(0);
        }
        if self.paid.payouts == 0 {
            return None;
        }
        let worked_ms = u64::try_from(self.worked.as_millis()).unwrap_or(u64::MAX);
        Some(left.saturating_mul(worked_ms) / self.paid.payouts / 1000)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Progress, Tally};

    #[test]
    fn pace_and_time_left_follow_from_what_is_paid() {
        let tally = |payouts| Tally { payouts, units: 0 };
        let mut progress =
            Progress { pending: tally(300), worked: Duration::from_secs(2), ..Progress::default() };
        assert_eq!(progress.seconds_left(), None, "nothing is paid yet");
        progress.paid = tally(100);
        assert_eq!((progress.payouts_per_second(), progress.seconds_left()), (50, Some(6)));
        progress.pending = tally(0);
        assert_eq!(progress.seconds_left(), Some(0));
    }

    #[test]
    fn counts_that_no_run_has_give_an_estimate_all_the_same() {
        let most = Tally { payouts: u64::MAX, units: u128::MAX };
        let worked = Duration::MAX;
        let mut progress = Progress { pending: most, processing: most, worked, ..Progress::default() };
        assert_eq!(progress.seconds_left(), None, "nothing is paid yet");
        progress.paid.payouts = 1;
        assert_eq!(progress.seconds_left(), Some(u64::MAX / 1000));
        progress.paid = most;
        assert_eq!((progress.payouts_per_second(), progress.seconds_left()), (1, Some(0)));
    }
}
