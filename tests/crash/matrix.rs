//! Every failpoint × kill and stop.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use bursar_tests::rig::Action;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{cases, play, program};

/// Part of a failpoint's setting, as `send.after:stop`: only such cases are played, to look into one.
const FILTER: &str = "BURSAR_CRASH_CASE";
/// Cases at a time: they mostly wait.
const CASES_AT_ONCE: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_or_frozen_at_any_failpoint_everybody_is_paid_exactly_once() {
    let program = Arc::new(program("crash-matrix-execution").expect("a program with failpoints"));
    let places = Arc::new(Semaphore::new(CASES_AT_ONCE));
    let mut playing = JoinSet::new();
    let filter = std::env::var(FILTER).unwrap_or_default();
    for (seed, case) in
        cases::all().into_iter().enumerate().filter(|(_, case)| case.setting().contains(&filter))
    {
        let (places, program) = (Arc::clone(&places), Arc::clone(&program));
        playing.spawn(async move {
            let _place = places.acquire_owned().await.expect("nobody closes the semaphore");
            (case, play::play(case, 100 * seed, &program).await)
        });
    }
    let (mut report, mut reached) = (String::new(), BTreeSet::new());
    for (case, outcome) in playing.join_all().await {
        match outcome {
            Ok(wrong) if wrong.is_empty() => {
                reached.insert((case.failpoint, case.action));
            }
            Ok(wrong) => writeln!(report, "{case:?}: {wrong:#?}").expect("a string takes everything"),
            Err(error) => writeln!(report, "{case:?}: {error}").expect("a string takes everything"),
        }
    }
    assert!(report.is_empty(), "{report}");
    let all: BTreeSet<_> = execution::failpoints::ALL
        .iter()
        .flat_map(|failpoint| [(*failpoint, Action::Kill), (*failpoint, Action::Stop)])
        .collect();
    assert!(
        reached == all || !filter.is_empty(),
        "no case of these: {:?}",
        all.difference(&reached).collect::<Vec<_>>()
    );
}
