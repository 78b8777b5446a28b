//! Several people at once on one distribution of 5,000 payees that is being paid.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proto::distribution::v1::{Distribution, DistributionState};
use proto::execution::v1::{Run, RunProgress, RunState, Tally};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use test_harness::{Edge, Harness, HarnessError, Terms, wait};

use crate::model::{Act, Answer};
use crate::subject::{Scope, Subject};
use crate::{PATIENCE, start};

const HOLDERS: u64 = 5_000;
/// The rail's pace: about 560 transactions are to be sent.
const TRANSACTIONS_PER_SECOND: u32 = 120;
/// Milliseconds between two acts of one person.
const BETWEEN_MS: std::ops::Range<u64> = 20..300;
/// Milliseconds for which a person pauses.
const PAUSED_MS: std::ops::Range<u64> = 5..60;

#[tokio::test(flavor = "multi_thread")]
async fn pauses_and_retries_in_the_middle_of_5000_payments_lose_and_double_none() {
    let (harness, edge) = start(TRANSACTIONS_PER_SECOND).await;
    let subject = misbehaving(&harness, &edge, 1).await;
    let frozen = subject.instructions[17].account.clone();
    subject.freeze(&frozen, true).await;
    assert_eq!(subject.act(Act::Execute).await, Answer::Done);
    let mut crowd = Crowd::on(&subject);
    let ended = crowd.meanwhile(until(&subject, is(DistributionState::Failed))).await;
    crowd.leave().await;
    // A retry that was under way when everything had ended may have begun again.
    subject.freeze(&frozen, false).await;
    until(&subject, |seen| matches!(seen.state(), DistributionState::Failed | DistributionState::Completed))
        .await;
    if subject.read().await.state() == DistributionState::Failed {
        assert_eq!(subject.act(Act::Retry).await, Answer::Done);
    }
    let completed = until(&subject, is(DistributionState::Completed)).await;
    assert!(tally(&ended, |progress| &progress.failed) >= 1, "{ended:?}");
    let all = u64::try_from(subject.instructions.len()).expect("few");
    assert_eq!(tally(&completed, |progress| &progress.paid), all);
    let wrong = subject.judge().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_races_with_pauses_retries_and_5000_payments_conserves_the_sum() {
    let (harness, edge) = start(TRANSACTIONS_PER_SECOND).await;
    let subject = misbehaving(&harness, &edge, 2).await;
    assert_eq!(subject.act(Act::Execute).await, Answer::Done);
    let mut crowd = Crowd::on(&subject);
    let some = wait::until("payments", PATIENCE, async || {
        let paid = subject.paid_by_the_ledger().await;
        Ok::<_, HarnessError>((paid >= 1_000).then_some(()))
    });
    crowd.meanwhile(some).await.expect("in time");
    // Three at once: one is enough, and none may break another.
    let cancels = tokio::join!(subject.act(Act::Cancel), subject.act(Act::Cancel), subject.act(Act::Cancel));
    assert_eq!(cancels, (Answer::Done, Answer::Done, Answer::Done));
    let cancelled = crowd.meanwhile(until(&subject, is(DistributionState::Cancelled))).await;
    crowd.leave().await;
    let (paid, rest) = (
        tally(&cancelled, |progress| &progress.paid),
        tally(&cancelled, |progress| &progress.cancelled) + tally(&cancelled, |progress| &progress.failed),
    );
    assert!(paid >= 1_000 && rest >= 1, "{paid} paid, {rest} not");
    assert_eq!(usize::try_from(paid + rest), Ok(subject.instructions.len()));
    let wrong = subject.judge().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    harness.stop().await.expect("stopped");
}

async fn misbehaving(harness: &Harness, edge: &Edge, seed: u64) -> Subject {
    let terms = Terms { holders: HOLDERS, seed, batch_size: 50, parallelism: 16, ..Terms::default() };
    let subject = Subject::new(harness, edge, terms).await;
    let control = harness.control().expect("a sandbox");
    for fault in [
        json!({ "kind": "busy", "percent": 5, "seed": seed }),
        json!({ "kind": "lost_after", "percent": 5, "seed": seed }),
        json!({ "kind": "precheck", "status": "INSUFFICIENT_PAYER_BALANCE", "percent": 1, "seed": seed }),
    ] {
        control.set_fault(&fault).await.expect("set");
    }
    subject
}

async fn until(subject: &Subject, seen: impl Fn(&Distribution) -> bool) -> Distribution {
    let found = wait::until("a state", PATIENCE, async || {
        let distribution = subject.read().await;
        Ok::<_, HarnessError>(seen(&distribution).then_some(distribution))
    });
    found.await.expect("in time")
}

fn is(state: DistributionState) -> impl Fn(&Distribution) -> bool {
    move |seen| seen.state() == state
}

fn tally(seen: &Distribution, which: impl Fn(&RunProgress) -> &Option<Tally>) -> u64 {
    let tally = seen.progress.as_ref().and_then(|progress| which(progress).clone());
    tally.map_or(0, |tally| tally.payouts)
}

/// People who act at random moments until they are asked to leave; they leave nothing paused.
struct Crowd {
    leave: Arc<AtomicBool>,
    people: tokio::task::JoinSet<()>,
}

impl Crowd {
    fn on(subject: &Subject) -> Self {
        let leave = Arc::new(AtomicBool::new(false));
        let mut people = tokio::task::JoinSet::new();
        for (seed, scope) in (0..).zip([Scope::Run, Scope::Asset, Scope::Everything]) {
            people.spawn(pauser(subject.clone(), scope, StdRng::seed_from_u64(seed), Arc::clone(&leave)));
        }
        people.spawn(retrier(subject.clone(), StdRng::seed_from_u64(3), Arc::clone(&leave)));
        people.spawn(reader(subject.clone(), Arc::clone(&leave)));
        Self { leave, people }
    }

    /// Waits for `work`, unless one of the people complains before.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            person = self.people.join_next() => {
                panic!("somebody left: {person:?}");
            }
        }
    }

    async fn leave(mut self) {
        self.leave.store(true, Ordering::Relaxed);
        while let Some(person) = self.people.join_next().await {
            person.expect("a person without complaint");
        }
    }
}

async fn pauser(subject: Subject, scope: Scope, mut dice: StdRng, leave: Arc<AtomicBool>) {
    while !leave.load(Ordering::Relaxed) {
        if subject.pause(scope).await {
            let before = subject.read_run().await;
            tokio::time::sleep(Duration::from_millis(dice.random_range(PAUSED_MS))).await;
            let after = subject.read_run().await;
            let attempts =
                |run: Option<Run>| run.and_then(|run| run.progress).map(|progress| progress.attempts);
            // Before there is a run there is nothing to compare.
            if let (Some(before), Some(after)) = (attempts(before), attempts(after)) {
                assert_eq!(before, after, "intended under a pause of {scope:?}");
            }
            subject.resume(scope).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.random_range(BETWEEN_MS))).await;
    }
}

/// Retries whatever failed or was stopped by a failure; what is held by a pause it cannot, and is told so.
async fn retrier(subject: Subject, mut dice: StdRng, leave: Arc<AtomicBool>) {
    while !leave.load(Ordering::Relaxed) {
        // An operator's failure halts the run: without retries it would not go on.
        let _refused_or_done = subject.act(Act::Retry).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(BETWEEN_MS))).await;
    }
}

/// Looks all the time: no unit is missing or doubled at any moment, and what is paid stays paid.
async fn reader(subject: Subject, leave: Arc<AtomicBool>) {
    let total: u128 = subject.instructions.iter().map(|one| one.units).sum();
    let mut paid_before = 0;
    while !leave.load(Ordering::Relaxed) {
        if let Some(run) = subject.read_run().await {
            assert_ne!(run.state(), RunState::Unspecified);
            let progress = run.progress.expect("progress");
            let tallies = [
                &progress.pending,
                &progress.processing,
                &progress.in_doubt,
                &progress.paid,
                &progress.failed,
                &progress.cancelled,
            ];
            let units = |tally: &Option<Tally>| -> u128 {
                tally.as_ref().map_or(0, |tally| tally.units.parse().expect("digits"))
            };
            let sum: u128 = tallies.iter().map(|tally| units(tally)).sum();
            assert_eq!(sum, total, "{progress:?}");
            let paid = units(&progress.paid);
            assert!(paid >= paid_before, "{paid} units paid after {paid_before}");
            paid_before = paid;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
