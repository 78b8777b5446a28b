//! Every failpoint on the way of a run × kill and stop.

use crate::{cases, play, play_all};

const CASES_AT_ONCE: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_or_frozen_at_any_failpoint_everybody_is_paid_exactly_once() {
    let seeded = cases::all().into_iter().enumerate().collect();
    let setting = |(_, case): &(usize, cases::Case)| case.setting();
    let report = play_all(
        "crash-matrix-execution",
        seeded,
        setting,
        CASES_AT_ONCE,
        |(seed, case), program| async move { play::play(case, 100 * seed, &program).await },
    )
    .await;
    assert!(report.is_empty(), "{report}");
}
