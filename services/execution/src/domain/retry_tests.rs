use std::time::Duration;

use hedera::status::Class;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{Aftermath, RetryPolicy, Tries, aftermath};
use crate::domain::attempt::Cause;

const PATIENT: RetryPolicy = RetryPolicy {
    max_attempts: 5,
    base: Duration::from_secs(1),
    cap: Duration::from_mins(5),
    factor_hundredths: 200,
    jitter_percent: 50,
    recipient_max_attempts: 3,
};

fn after(policy: &RetryPolicy, class: Class, payees: usize, retryable: u32, recipient: u32) -> Aftermath {
    let cause = Cause { reason: "TEST".to_owned(), class };
    aftermath(&cause, payees, Tries { retryable, recipient }, policy, 0)
}

fn by_default(class: Class, payees: usize, retryable: u32) -> Aftermath {
    after(&RetryPolicy::default(), class, payees, retryable, 0)
}

#[test]
fn retryable_failures_end_after_the_configured_number_of_attempts() {
    let tries = Tries { retryable: 4, recipient: 0 };
    assert_eq!(
        by_default(Class::Retryable, 9, 3),
        Aftermath::Again { after: Duration::from_secs(8), split: false, tries }
    );
    assert_eq!(by_default(Class::Retryable, 9, 4), Aftermath::Final);
}

#[test]
fn a_refused_nine_is_split_into_singles_and_a_refused_single_has_failed() {
    let tries = Tries { retryable: 2, recipient: 0 };
    assert_eq!(
        by_default(Class::Recipient, 9, 2),
        Aftermath::Again { after: Duration::ZERO, split: true, tries }
    );
    assert_eq!(by_default(Class::Recipient, 1, 0), Aftermath::Final);
}

#[test]
fn each_class_has_a_maximum_of_its_own() {
    let tries = Tries { retryable: 4, recipient: 2 };
    assert_eq!(
        after(&PATIENT, Class::Recipient, 1, 4, 1),
        Aftermath::Again { after: Duration::from_secs(2), split: false, tries }
    );
    assert_eq!(after(&PATIENT, Class::Recipient, 1, 0, 2), Aftermath::Final);
    assert!(matches!(after(&PATIENT, Class::Retryable, 1, 0, 2), Aftermath::Again { .. }));
}

#[test]
fn an_operators_failure_burns_no_payee_and_compliance_is_never_tried_again() {
    let tries = Tries { retryable: 4, recipient: 2 };
    let unchanged = Aftermath::Again { after: Duration::ZERO, split: false, tries };
    assert_eq!(after(&PATIENT, Class::Operator, 1, 4, 2), unchanged);
    assert_eq!(after(&PATIENT, Class::Bug, 1, 4, 2), unchanged);
    assert_eq!(after(&PATIENT, Class::Compliance, 1, 0, 0), Aftermath::Final);
}

#[test]
fn the_whole_jitter_is_taken_by_the_highest_chance_and_none_by_the_lowest() {
    let policy = RetryPolicy { jitter_percent: 30, factor_hundredths: 150, ..PATIENT };
    assert_eq!(policy.wait(2, 0), Duration::from_millis(2250));
    assert_eq!(policy.wait(2, u32::MAX), Duration::from_millis(1575));
    let all = RetryPolicy { jitter_percent: 100, ..policy };
    assert_eq!(all.wait(7, u32::MAX), Duration::ZERO);
}

fn policies() -> impl Strategy<Value = RetryPolicy> {
    let day_ms = 24 * 60 * 60 * 1000_u64;
    (1..=day_ms, 1..=day_ms, 100..=1000_u32, 0..=100_u32).prop_map(
        |(one, other, factor_hundredths, jitter)| RetryPolicy {
            base: Duration::from_millis(one.min(other)),
            cap: Duration::from_millis(one.max(other)),
            factor_hundredths,
            jitter_percent: jitter,
            ..RetryPolicy::default()
        },
    )
}

proptest! {
    #[test]
    fn a_wait_is_within_the_jitter_below_its_step_and_the_step_never_above_the_cap(
        policy in policies(), earlier in 0_u32..200, chance in any::<u32>()
    ) {
        let longest = policy.wait(earlier, 0);
        prop_assert!(longest <= policy.cap && longest >= policy.base.min(policy.cap));
        let wait = policy.wait(earlier, chance);
        let kept = longest.as_nanos() * u128::from(100 - policy.jitter_percent) / 100;
        prop_assert!(wait <= longest && wait.as_nanos() >= kept);
    }

    #[test]
    fn a_later_wait_is_never_shorter_and_follows_the_factor(policy in policies(), earlier in 0_u32..30) {
        let (now, next) = (policy.wait(earlier, 0), policy.wait(earlier + 1, 0));
        prop_assert!(next >= now);
        let grown = now.as_nanos() * u128::from(policy.factor_hundredths) / 100;
        prop_assert_eq!(next.as_nanos(), grown.min(policy.cap.as_nanos()));
    }

    #[test]
    fn the_longest_waits_there_are_overflow_nothing(earlier in any::<u32>(), chance in any::<u32>()) {
        let policy = RetryPolicy { base: Duration::MAX, cap: Duration::MAX, factor_hundredths: 1000, ..PATIENT };
        prop_assert!(policy.wait(earlier, chance) <= Duration::MAX);
        let still = RetryPolicy { base: Duration::ZERO, ..policy };
        prop_assert_eq!(still.wait(earlier, chance), Duration::ZERO);
    }
}
