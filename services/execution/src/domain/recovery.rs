//! When a halted run goes on by itself: once the network, or the limit, is seen to be as it has to be.
//!
//! What is seen is only a reason to try: the run halts again where it was wrong. So each time is further off than the last,
//! and there is a last one.

use std::time::Duration;

use hedera::status::Class;

use crate::domain::attempt::Cause;

/// The longest wait before a cause is looked at.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// What has to be seen before a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The funding account has what is still to be paid, and the fee payer its fees.
    Funds,
    /// The keys are those of the accounts on the network.
    Keys,
    /// The token moves.
    Token,
    /// Another day has begun (UTC), or the limit was set anew.
    DayLimit,
    /// The limit was set anew.
    Limit,
    /// The files of both keys can be read.
    KeyFiles,
}

impl Remedy {
    /// How often a run goes on by itself after the same cause; then a person has to look. Where the keys are the accounts' and
    /// it halts again, it was not the keys: each payee alone may have to sign.
    const fn times_max(self) -> u32 {
        match self {
            Self::Keys => 1,
            Self::Funds | Self::Token | Self::DayLimit | Self::Limit | Self::KeyFiles => 30,
        }
    }
}

/// What ends a cause; none where only a person can tell. A class alone says too little: where all payees of a transaction
/// fail alike the sender is blamed, and nothing that can be read shows whether it still has to be.
pub fn remedy(cause: &Cause) -> Option<Remedy> {
    if cause.class != Class::Operator {
        return None;
    }
    match cause.reason.as_str() {
        "INSUFFICIENT_PAYER_BALANCE" | "INSUFFICIENT_ACCOUNT_BALANCE" | "INSUFFICIENT_TOKEN_BALANCE" => {
            Some(Remedy::Funds)
        }
        "INVALID_SIGNATURE" | "INVALID_PAYER_SIGNATURE" => Some(Remedy::Keys),
        "TOKEN_IS_PAUSED" => Some(Remedy::Token),
        "DAILY_LIMIT_REACHED" => Some(Remedy::DayLimit),
        "DAILY_LIMIT_BELOW_BATCH" => Some(Remedy::Limit),
        "KEY_NOT_READABLE" => Some(Remedy::KeyFiles),
        _ => None,
    }
}

/// How long a run stays halted before this is looked for, when it has gone on by itself `times` times after the same
/// cause: the base, doubled for each of these. None when a person has to look.
pub fn wait(remedy: Remedy, base: Duration, times: u32) -> Option<Duration> {
    let doubled = base.saturating_mul(2_u32.saturating_pow(times));
    (times < remedy.times_max()).then(|| doubled.min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::{Cause, Class, Duration, Remedy, WAIT_MAX, remedy, wait};

    fn cause(reason: &str, class: Class) -> Cause {
        Cause { reason: reason.to_owned(), class }
    }

    #[test]
    fn what_can_be_read_is_waited_for_and_all_else_is_a_persons() {
        for (reason, expected) in [
            ("INSUFFICIENT_PAYER_BALANCE", Some(Remedy::Funds)),
            ("INSUFFICIENT_TOKEN_BALANCE", Some(Remedy::Funds)),
            ("INVALID_SIGNATURE", Some(Remedy::Keys)),
            ("TOKEN_IS_PAUSED", Some(Remedy::Token)),
            ("DAILY_LIMIT_REACHED", Some(Remedy::DayLimit)),
            ("DAILY_LIMIT_BELOW_BATCH", Some(Remedy::Limit)),
            ("KEY_NOT_READABLE", Some(Remedy::KeyFiles)),
            ("TOKEN_WAS_DELETED", None),
            ("ACCOUNT_FROZEN_FOR_TOKEN", None),
            ("AMOUNT_EXCEEDS_ALLOWANCE", None),
            ("FORGOTTEN_PAYMENTS", None),
        ] {
            assert_eq!(remedy(&cause(reason, Class::Operator)), expected, "{reason}");
        }
    }

    #[test]
    fn a_defect_and_a_break_are_never_gone_by_themselves() {
        for class in [Class::Bug, Class::Recipient, Class::Retryable, Class::Compliance] {
            assert_eq!(remedy(&cause("TOKEN_IS_PAUSED", class)), None);
        }
        assert_eq!(remedy(&cause("BREAK", Class::Bug)), None);
    }

    #[test]
    fn each_time_is_further_off_and_there_is_a_last_one() {
        let base = Duration::from_secs(30);
        let of = |times| wait(Remedy::Funds, base, times);
        let waits: Vec<u64> = (0..9).filter_map(of).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!((of(29), of(30)), (Some(WAIT_MAX), None));
        // What the keys show does not change by trying.
        assert_eq!((wait(Remedy::Keys, base, 0), wait(Remedy::Keys, base, 1)), (Some(base), None));
    }
}
