//! Random acts on small distributions, each beside a model of its own that says what may be seen.

use std::time::Duration;

use proto::distribution::v1::{Distribution, DistributionState};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use test_harness::{Edge, Harness, Terms};

use crate::model::{Act, Model};
use crate::subject::{Scope, Subject};
use crate::{PATIENCE, start};

const SEEDS: std::ops::Range<u64> = 0..10;
const ACTS: usize = 40;
const HOLDERS: u64 = 45;
/// All distributions share the rail's pace: with one payout a batch in ten lanes this is some seconds for each.
const TRANSACTIONS_PER_SECOND: u32 = 40;
const LOOK: Duration = Duration::from_millis(50);
/// Milliseconds between two acts.
const PAUSE_MS: std::ops::Range<u64> = 0..150;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_people_do_states_follow_the_model_and_the_ledger_shows_each_payment_once() {
    let (harness, edge) = start(TRANSACTIONS_PER_SECOND).await;
    let control = harness.control().expect("a sandbox");
    for fault in [
        json!({ "kind": "busy", "percent": 10, "seed": 1 }),
        json!({ "kind": "lost_before", "percent": 2, "seed": 2 }),
        json!({ "kind": "lost_after", "percent": 5, "seed": 3 }),
        json!({ "kind": "precheck", "status": "INSUFFICIENT_PAYER_BALANCE", "percent": 2, "seed": 4 }),
    ] {
        control.set_fault(&fault).await.expect("set");
    }
    let mut plays = tokio::task::JoinSet::new();
    for seed in SEEDS {
        let play = Play::new(&harness, &edge, seed).await;
        plays.spawn(play.play());
    }
    let mut ends = Vec::new();
    while let Some(end) = plays.join_next().await {
        ends.push(end.expect("a play without violation"));
    }
    // All ways to end were seen: otherwise these seeds show less than they should.
    for state in [DistributionState::Completed, DistributionState::Cancelled, DistributionState::Failed] {
        assert!(ends.contains(&state), "{ends:?}");
    }
    harness.stop().await.expect("stopped");
}

struct Play {
    seed: u64,
    dice: StdRng,
    subject: Subject,
    model: Model,
    frozen: Vec<String>,
    /// What was done, for whoever reads a failure.
    story: Vec<String>,
}

impl Play {
    async fn new(harness: &Harness, edge: &Edge, seed: u64) -> Self {
        let terms = Terms { holders: HOLDERS, seed, batch_size: 5, parallelism: 2, ..Terms::default() };
        let subject = Subject::new(harness, edge, terms).await;
        let mut dice = StdRng::seed_from_u64(seed);
        let frozen = [0, 1, 2].map(|_| dice.random_range(0..subject.instructions.len()));
        let frozen: Vec<String> = frozen.map(|place| subject.instructions[place].account.clone()).into();
        for account in &frozen {
            subject.freeze(account, true).await;
        }
        let model = Model::new(subject.instructions.len());
        Self { seed, dice, subject, model, frozen, story: Vec::new() }
    }

    async fn play(mut self) -> DistributionState {
        for _ in 0..ACTS {
            self.look().await;
            self.do_something().await;
            let pause = self.dice.random_range(PAUSE_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self.resume().await;
        self.come_to_rest().await;
        let wrong = self.subject.judge().await;
        assert!(wrong.is_empty(), "seed {}: {wrong:#?}\n{:#?}", self.seed, self.story);
        self.model.state()
    }

    /// Everything there is to see, held against the model.
    async fn look(&mut self) -> Distribution {
        let distribution = self.subject.read().await;
        let verdict = self.model.see(&distribution);
        self.hold(verdict);
        if let Some(run) = self.subject.read_run().await {
            let verdict = self.model.see_run(&run);
            self.hold(verdict);
        }
        if let Some(payouts) = self.subject.payouts().await {
            let verdict = self.model.see_payouts(&payouts);
            self.hold(verdict);
        }
        distribution
    }

    fn hold(&self, verdict: Result<(), String>) {
        let Err(wrong) = verdict else { return };
        panic!("seed {}: {wrong}\n{:#?}\n{:#?}", self.seed, self.story, self.model);
    }

    async fn do_something(&mut self) {
        match self.dice.random_range(0..100) {
            0..20 => self.act(Act::Execute).await,
            20..45 => self.act(Act::Retry).await,
            45..48 => self.act(Act::Cancel).await,
            48..58 => self.pause(Scope::Run).await,
            58..64 => self.pause(Scope::Asset).await,
            64..85 => self.resume().await,
            _ => self.heal().await,
        }
    }

    async fn act(&mut self, act: Act) {
        let answer = self.subject.act(act).await;
        self.story.push(format!("{act:?}: {answer:?}"));
        let verdict = self.model.answered(act, &answer);
        self.hold(verdict);
    }

    async fn pause(&mut self, scope: Scope) {
        let paused = self.subject.pause(scope).await;
        self.story.push(format!("pause {scope:?}: {paused}"));
        if paused {
            let run = self.subject.read_run().await;
            self.model.paused(run.as_ref(), scope == Scope::Asset);
        }
    }

    async fn resume(&mut self) {
        self.story.push("resume".to_owned());
        self.model.resuming();
        self.subject.resume(Scope::Run).await;
        self.subject.resume(Scope::Asset).await;
    }

    async fn heal(&mut self) {
        let Some(account) = self.frozen.pop() else { return };
        self.subject.freeze(&account, false).await;
        self.story.push(format!("unfrozen {account}"));
    }

    /// Waits until nothing goes on by itself: what was stopped by a failure is retried.
    async fn come_to_rest(&mut self) {
        let rest = async {
            loop {
                match self.look().await.state() {
                    DistributionState::Paused => self.act(Act::Retry).await,
                    DistributionState::Upcoming => self.act(Act::Execute).await,
                    DistributionState::Completed
                    | DistributionState::Failed
                    | DistributionState::Cancelled => {
                        return;
                    }
                    _ => {}
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, rest).await.expect("rest in time");
    }
}
