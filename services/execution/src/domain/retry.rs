//! When a payout that failed is tried again, and when it is not.

use std::time::Duration;

use hedera::status::Class;

use crate::domain::attempt::Cause;

/// How failures of class RETRYABLE are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts per payout in all, automatic ones.
    pub max_attempts: u32,
    /// Wait before the second attempt.
    pub base: Duration,
    /// Longest wait.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 5, base: Duration::from_secs(1), cap: Duration::from_mins(5) }
    }
}

impl RetryPolicy {
    /// The wait before the next attempt after `tries` failures before this one: doubled each time, at most the cap,
    /// less up to half of it. `chance` is uniform; without it, payouts that failed together would return together.
    pub fn wait(&self, tries: u32, chance: u32) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(tries)).min(self.cap);
        let half_ms = u64::try_from(doubled.as_millis() / 2).unwrap_or(u64::MAX);
        doubled
            .saturating_sub(Duration::from_millis(half_ms / 1000 * u64::from(chance % 1001)))
            .saturating_sub(Duration::from_millis(half_ms % 1000 * u64::from(chance % 1001) / 1000))
    }
}

/// What becomes of a dead attempt's payouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// They join a new attempt after a wait, each alone when split.
    Again {
        /// How long they wait.
        after: Duration,
        /// Each in an attempt of its own.
        split: bool,
        /// Failures of class RETRYABLE behind them then.
        tries: u32,
    },
    /// They are FAILED until somebody retries them.
    Final,
}

/// What becomes of the payouts of an attempt that died for `cause`, with `payees` in it and `tries` before it.
pub fn aftermath(cause: &Cause, payees: usize, tries: u32, policy: &RetryPolicy, chance: u32) -> Aftermath {
    match cause.class {
        Class::Retryable if tries + 1 < policy.max_attempts => {
            Aftermath::Again { after: policy.wait(tries, chance), split: false, tries: tries + 1 }
        }
        // One payee spoils an atomic transaction for all: find out which by trying each alone.
        Class::Recipient if payees > 1 => Aftermath::Again { after: Duration::ZERO, split: true, tries },
        // The run halts; they go on from here when it is resumed.
        Class::Operator | Class::Bug => Aftermath::Again { after: Duration::ZERO, split: false, tries },
        Class::Retryable | Class::Recipient | Class::Compliance => Aftermath::Final,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hedera::status::Class;
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Aftermath, RetryPolicy, aftermath};
    use crate::domain::attempt::Cause;

    fn after(class: Class, payees: usize, tries: u32) -> Aftermath {
        let cause = Cause { reason: "TEST".to_owned(), class };
        aftermath(&cause, payees, tries, &RetryPolicy::default(), 0)
    }

    #[test]
    fn retryable_failures_end_after_the_configured_number_of_attempts() {
        assert!(matches!(after(Class::Retryable, 9, 3), Aftermath::Again { split: false, tries: 4, .. }));
        assert_eq!(after(Class::Retryable, 9, 4), Aftermath::Final);
    }

    #[test]
    fn a_refused_nine_is_split_into_singles_and_a_refused_single_has_failed() {
        assert!(matches!(after(Class::Recipient, 9, 2), Aftermath::Again { split: true, tries: 2, .. }));
        assert_eq!(after(Class::Recipient, 1, 0), Aftermath::Final);
    }

    #[test]
    fn an_operators_failure_burns_no_payee() {
        assert!(matches!(after(Class::Operator, 1, 4), Aftermath::Again { split: false, tries: 4, .. }));
        assert!(matches!(after(Class::Bug, 1, 4), Aftermath::Again { .. }));
    }

    proptest! {
        #[test]
        fn a_wait_is_between_half_of_its_step_and_the_step_and_never_above_the_cap(tries in 0_u32..40, chance in any::<u32>()) {
            let policy = RetryPolicy::default();
            let step = policy.base.saturating_mul(2_u32.saturating_pow(tries)).min(policy.cap);
            let wait = policy.wait(tries, chance);
            prop_assert!(wait <= step && wait + Duration::from_millis(1) >= step / 2);
        }
    }
}
