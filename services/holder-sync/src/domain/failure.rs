//! Why a sync or a snapshot was given up, and when it is tried again.

use std::time::Duration;

/// Failures after which a job is given up.
pub(super) const FAILURES_MAX: u32 = 5;
/// The same where only time can help: with the pauses between, some six minutes.
const PATIENT_FAILURES_MAX: u32 = 16;
/// Beginnings after which a job is given up although nobody reported a failure: whoever begins it dies of it.
pub(crate) const BEGINNINGS_MAX: u32 = 20;
/// The reason of such an end.
pub(crate) const ABANDONED: &str = "ABANDONED";

/// One failure of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobFailure {
    /// Stable, shown to users.
    pub reason: &'static str,
    /// After how many failures the job is given up.
    failures_max: u32,
}

impl JobFailure {
    /// The mirror node has no stored balances at or before the time asked for.
    pub(crate) const NO_STORED_BALANCES: Self = Self::last("NO_STORED_BALANCES");
    /// The network has no such token.
    pub(crate) const TOKEN_NOT_FOUND: Self = Self::last("TOKEN_NOT_FOUND");
    /// The token cannot be counted here: more decimals than amounts can have.
    pub(crate) const TOKEN_DECIMALS_UNSUPPORTED: Self = Self::last("TOKEN_DECIMALS_UNSUPPORTED");
    /// An account outside shard 0 and realm 0.
    pub(crate) const ACCOUNT_OUTSIDE_REALM: Self = Self::last("ACCOUNT_OUTSIDE_REALM");
    /// A page was of another stored state than the first: replicas of the mirror node disagree.
    pub(crate) const MIRROR_DISAGREES: Self = Self::again("MIRROR_DISAGREES");
    /// The newest stored state is older than the one known: a replica of the mirror node lags.
    pub(crate) const MIRROR_BEHIND: Self = Self::again("MIRROR_BEHIND");
    /// The mirror node has not passed the time that is read, or not all that is behind its address.
    pub(crate) const MIRROR_NOT_PAST: Self = Self::later("MIRROR_BEHIND");
    /// The newest stored state is too old for a snapshot's record time. A mirror node shows a state some while after its time.
    pub(crate) const STORED_BALANCES_TOO_OLD: Self = Self::later("STORED_BALANCES_TOO_OLD");
    /// The mirror node does not know an account it gave a balance of.
    pub(crate) const ACCOUNTS_UNKNOWN: Self = Self::again("ACCOUNTS_UNKNOWN");
    /// The rows stored are not the rows read.
    pub(crate) const ROWS_LOST: Self = Self::again("ROWS_LOST");
    /// The database failed.
    pub(crate) const STORAGE_FAILED: Self = Self::again("STORAGE_FAILED");

    /// A failure after which another try can help.
    pub(crate) const fn again(reason: &'static str) -> Self {
        Self { reason, failures_max: FAILURES_MAX }
    }

    /// A failure that ends by itself, given time.
    const fn later(reason: &'static str) -> Self {
        Self { reason, failures_max: PATIENT_FAILURES_MAX }
    }

    /// A failure that no other try can help.
    const fn last(reason: &'static str) -> Self {
        Self { reason, failures_max: 1 }
    }

    /// Whether the job is tried again after this failure, its `failures`-th.
    pub(crate) const fn is_tried_again(self, failures: u32) -> bool {
        failures < self.failures_max
    }
}

/// The pause after the `failures`-th failure: `first`, doubled each time.
pub(crate) fn backoff(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(1 << failures.saturating_sub(1).min(FAILURES_MAX))
}

#[cfg(test)]
mod tests {
    use super::{BEGINNINGS_MAX, FAILURES_MAX, JobFailure, PATIENT_FAILURES_MAX, backoff};
    use std::time::Duration;

    #[test]
    fn what_another_try_cannot_help_is_not_tried_again() {
        assert!(!JobFailure::NO_STORED_BALANCES.is_tried_again(1));
        assert!(JobFailure::MIRROR_BEHIND.is_tried_again(FAILURES_MAX - 1));
        assert!(!JobFailure::MIRROR_BEHIND.is_tried_again(FAILURES_MAX));
    }

    #[test]
    fn what_time_alone_helps_is_given_minutes_and_an_end_with_its_own_reason() {
        const { assert!(PATIENT_FAILURES_MAX < BEGINNINGS_MAX, "or it would end as abandoned") };
        let patient = JobFailure::MIRROR_NOT_PAST;
        let tries = (1..).take_while(|failures| patient.is_tried_again(*failures));
        let waited: Duration = tries.map(|failures| backoff(Duration::from_secs(1), failures)).sum();
        assert_eq!(waited, Duration::from_secs(351));
    }

    #[test]
    fn pauses_double_and_stay_bounded() {
        let first = Duration::from_secs(1);
        let pauses: Vec<u64> = (1..=4).map(|failures| backoff(first, failures).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8]);
        assert_eq!(backoff(first, u32::MAX), Duration::from_secs(32));
    }
}
