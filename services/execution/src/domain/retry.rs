//! When a payout that failed is tried again, and when it is not.

use std::time::Duration;

use hedera::status::Class;

use crate::domain::attempt::Cause;

/// Which failures are tried again by themselves, how often and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts per payout in all, automatic ones, while they fail with class RETRYABLE; above zero.
    pub max_attempts: u32,
    /// Wait before the second attempt.
    pub base: Duration,
    /// Longest wait.
    pub cap: Duration,
    /// How much longer each later wait is, in hundredths: 100 to 1000.
    pub factor_hundredths: u32,
    /// How much of each wait chance takes away at most, in percent: 0 to 100.
    pub jitter_percent: u32,
    /// Attempts per payout in all, automatic ones, while it fails alone with class RECIPIENT; above zero.
    pub recipient_max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            base: Duration::from_secs(1),
            cap: Duration::from_mins(5),
            factor_hundredths: 200,
            jitter_percent: 50,
            recipient_max_attempts: 1,
        }
    }
}

impl RetryPolicy {
    /// The wait after a failure that has `earlier` failures of its class before it: the base, grown by the factor for each
    /// of these, at most the cap. `chance` is uniform over its range and takes up to the jitter's part away, so that
    /// payouts which failed together do not return together.
    pub fn wait(&self, earlier: u32, chance: u32) -> Duration {
        let step = self.step(earlier).as_nanos();
        let most_taken = step * u128::from(self.jitter_percent.min(100)) / 100;
        let taken = most_taken * u128::from(chance) / u128::from(u32::MAX);
        nanos(step - taken)
    }

    /// The longest wait after so many earlier failures.
    fn step(&self, earlier: u32) -> Duration {
        // A duration's nanoseconds are below 2^94: times the factor they are far from the end of 128 bits.
        let (cap, factor) = (self.cap.as_nanos(), u128::from(self.factor_hundredths.clamp(100, 1000)));
        let mut step = self.base.as_nanos();
        for _ in 0..earlier {
            let next = step * factor / 100;
            if step >= cap || next == step {
                break;
            }
            step = next;
        }
        nanos(step.min(cap))
    }
}

fn nanos(nanos: u128) -> Duration {
    const NANOS_PER_S: u128 = 1_000_000_000;
    let secs = u64::try_from(nanos / NANOS_PER_S).unwrap_or(u64::MAX);
    Duration::new(secs, u32::try_from(nanos % NANOS_PER_S).expect("below a second"))
}

/// Automatic failures behind a payout, each class counted for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// Of class RETRYABLE.
    pub retryable: u32,
    /// Of class RECIPIENT, alone in its attempt.
    pub recipient: u32,
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
        /// Failures behind them then.
        tries: Tries,
    },
    /// They are FAILED until somebody retries them.
    Final,
}

/// What becomes of the payouts of an attempt that died for `cause`, with `payees` in it and `tries` before it.
pub fn aftermath(cause: &Cause, payees: usize, tries: Tries, policy: &RetryPolicy, chance: u32) -> Aftermath {
    let again = |after, split, tries| Aftermath::Again { after, split, tries };
    match cause.class {
        Class::Retryable if tries.retryable + 1 < policy.max_attempts => {
            let after = policy.wait(tries.retryable, chance);
            again(after, false, Tries { retryable: tries.retryable + 1, ..tries })
        }
        // One payee spoils an atomic transaction for all: find out which by trying each alone.
        Class::Recipient if payees > 1 => again(Duration::ZERO, true, tries),
        Class::Recipient if tries.recipient + 1 < policy.recipient_max_attempts => {
            let after = policy.wait(tries.recipient, chance);
            again(after, false, Tries { recipient: tries.recipient + 1, ..tries })
        }
        // The run halts; they go on from here when it is resumed.
        Class::Operator | Class::Bug => again(Duration::ZERO, false, tries),
        Class::Retryable | Class::Recipient | Class::Compliance => Aftermath::Final,
    }
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
