//! The scenarios: each makes the one thing happen that one rule of the protocol is there for.

use std::path::Path;
use std::time::Duration;

use bursar_tests::rig::checker::Violation;
use bursar_tests::rig::{Action, Driver, Outcome, Rig, Worker};
use proto::execution::v1 as pb;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Three transactions of nine payees.
const PAYEES: usize = 27;
const TO_THE_PLACE: Duration = Duration::from_secs(40);
/// A run that a bug has broken may never end; the ledger is judged all the same.
const PATIENCE: Duration = Duration::from_secs(50);
/// Longer than a window (15 s), its margin and a look.
const PAST_THE_WINDOW: Duration = Duration::from_secs(22);
/// Time for a second worker to come as far as it can; less than a database connection waits for a lock (10 s).
const TO_MEET: Duration = Duration::from_secs(6);
/// Until everything that was delayed has arrived.
const LATE: Duration = Duration::from_secs(6);
const TICK: Duration = Duration::from_millis(40);

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// A copy takes effect and its answer is lost; no receipt shows; the next copy is refused.
    RefusedResend,
    /// The same, and the mirror node is far behind until after the window.
    LaggingMirror,
    /// The same, and one replica of the mirror node is current while the other is far behind.
    DisagreeingReplicas,
    /// A copy is under way for seconds; meanwhile another node lets one fail as not its own.
    WrongNode,
    /// The same, with a signature that this node calls invalid.
    WrongSignature,
    /// A worker is frozen before it sends; the run is cancelled; it goes on.
    CancelInFlight,
    /// A worker is killed before its intents are committed.
    KilledBeforeCommit,
    /// A worker is frozen before its intents are committed, and another takes the same batch.
    TwoClaims,
    /// A worker is frozen after it sent; another sees these attempts fail, and pays by new ones; the first goes on.
    Overtaken,
    /// Copies take effect late and unanswered; meanwhile another run asks to replace their payouts.
    SupersededInFlight,
    /// The same, and they are chosen to be tried again.
    RetriedInFlight,
}

/// How a scenario is staged.
struct Stage {
    faults: Vec<Value>,
    /// Milliseconds by which each replica of the mirror node is behind.
    lags: [u64; 2],
    payees: usize,
    parallelism: u32,
    /// As `BURSAR_FAILPOINT` has it, and what it does.
    failpoint: Option<(&'static str, Action)>,
    /// How long all this goes on.
    lasts: Duration,
}

impl Stage {
    fn calm() -> Self {
        Self {
            faults: Vec::new(),
            lags: [0, 0],
            payees: PAYEES,
            parallelism: 1,
            failpoint: None,
            lasts: Duration::ZERO,
        }
    }

    async fn set(&self, rig: &Rig) -> Outcome<()> {
        for fault in &self.faults {
            rig.ledger.fault(fault.clone()).await?;
        }
        for (replica, lag) in self.lags.into_iter().enumerate() {
            rig.ledger.lag(replica, lag).await?;
        }
        Ok(())
    }

    /// Settings of the worker that meets the failpoint. It works alone: another one of the same process could be frozen
    /// inside a transaction, with locks that keep everybody out.
    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let Some((failpoint, _)) = self.failpoint else { return Vec::new() };
        // When it goes on, on a busy machine, it still hears what became of what it had sent.
        let patience = ("BURSAR_RECEIPT_PATIENCE_MS", "20000");
        vec![("BURSAR_FAILPOINT", failpoint), ("BURSAR_WORKERS", "1"), patience]
    }

    /// Only the list of the payer's transactions is left to look at: its anchor is shown by the current replica alone, and its
    /// pages by the one that is behind.
    fn disagreeing(mut faults: Vec<Value>) -> Self {
        let away = |replica: usize, words: &str| json!({"kind": "mirror_error", "http_status": 503, "replica": replica, "path_contains": words});
        faults.extend([
            json!({"kind": "mirror_error", "http_status": 404, "path_contains": "/transactions/"}),
            away(1, "order=asc"),
            away(0, "order=desc"),
        ]);
        Self { faults, lags: [0, 60_000], lasts: PAST_THE_WINDOW, ..Self::calm() }
    }

    /// The first copies take effect late and unanswered; the next ones fail with a status that leaves the id open.
    fn bad_copies(status: &str) -> Self {
        let faults = vec![
            json!({"kind": "delay_effect", "times": 3, "millis": 4000, "lose_answer": true}),
            json!({"kind": "consensus_status", "times": 3, "status": status}),
        ];
        Self { faults, lasts: LATE, ..Self::calm() }
    }
}

impl Scenario {
    pub(crate) const ALL: [Self; 11] = [
        Self::RefusedResend,
        Self::LaggingMirror,
        Self::DisagreeingReplicas,
        Self::WrongNode,
        Self::WrongSignature,
        Self::CancelInFlight,
        Self::KilledBeforeCommit,
        Self::TwoClaims,
        Self::Overtaken,
        Self::SupersededInFlight,
        Self::RetriedInFlight,
    ];

    fn stage(self) -> Stage {
        let effects_without_answer =
            || vec![json!({"kind": "receipt_unknown"}), json!({"kind": "lost_after", "times": 3})];
        let calm = Stage::calm();
        match self {
            Self::RefusedResend => Stage {
                faults: vec![
                    json!({"kind": "refuse_resend", "status": "INSUFFICIENT_TX_FEE"}),
                    json!({"kind": "lost_after", "times": 3}),
                    json!({"kind": "receipt_unknown", "millis": 3000}),
                ],
                lasts: LATE,
                ..calm
            },
            Self::LaggingMirror => Stage {
                faults: effects_without_answer(),
                lags: [60_000, 60_000],
                lasts: PAST_THE_WINDOW,
                ..calm
            },
            Self::DisagreeingReplicas => Stage::disagreeing(effects_without_answer()),
            Self::SupersededInFlight | Self::RetriedInFlight => Stage {
                faults: vec![
                    json!({"kind": "delay_effect", "times": 3, "millis": 4000, "lose_answer": true}),
                ],
                lasts: LATE,
                ..calm
            },
            Self::WrongNode => Stage::bad_copies("INVALID_NODE_ACCOUNT"),
            Self::WrongSignature => Stage::bad_copies("INVALID_PAYER_SIGNATURE"),
            Self::CancelInFlight => Stage { failpoint: Some(("send.before:stop", Action::Stop)), ..calm },
            Self::KilledBeforeCommit => {
                Stage { failpoint: Some(("intend.before_commit:kill", Action::Kill)), ..calm }
            }
            Self::TwoClaims => Stage {
                failpoint: Some(("intend.before_commit:stop", Action::Stop)),
                // More slots than the one visit takes.
                parallelism: 64,
                lasts: LATE,
                ..calm
            },
            Self::Overtaken => Stage {
                faults: vec![
                    // What is lost stays out, so that the batch stays open.
                    json!({"kind": "refuse_resend", "status": "BUSY"}),
                    json!({"kind": "consensus_status", "times": 2, "status": "THROTTLED_AT_CONSENSUS"}),
                    json!({"kind": "lost_before", "times": 1}),
                ],
                payees: 10,
                // When both of its transactions are sent.
                failpoint: Some(("send.after:stop:1", Action::Stop)),
                lasts: LATE,
                ..calm
            },
        }
    }

    /// Plays it with `program` and judges; the error is of the stage, not of the actors.
    pub(crate) async fn play(self, program: &Path, sql: &str) -> Outcome<Vec<Violation>> {
        let stage = self.stage();
        let rig = Rig::new(program).await?;
        if !sql.is_empty() {
            rig.sql(sql).await?;
        }
        let mut first = rig.worker("first", &stage.settings()).await?;
        let driver = rig.driver(&first)?;
        let payees: Vec<(u64, u64)> =
            rig.ledger.accounts(stage.payees).await?.into_iter().zip(100..).collect();
        let header = rig.header(&driver, &payees).await?;
        let header = pb::RunHeader { batch_size: 27, parallelism: stage.parallelism, ..header };
        stage.set(&rig).await?;
        // A worker that is frozen or killed at once does not answer.
        let (starter, begun, list) = (driver.clone(), header.clone(), payees.clone());
        let starting = tokio::spawn(async move { starter.start_run(begun, &list).await });
        if stage.failpoint.is_none() {
            starting.await??;
            self.while_in_flight(&rig, &driver, &header, &payees).await?;
        }
        let mut second = None;
        if let Some((_, action)) = stage.failpoint {
            first.reached(action, TO_THE_PLACE).await?;
            second = Some(rig.worker("second", &[]).await?);
        }
        let worker = second.as_ref().unwrap_or(&first);
        let driver = rig.driver(worker)?;
        if let Some((_, Action::Stop)) = stage.failpoint {
            self.meanwhile(&rig, &driver, &header.run_id, &first).await?;
        }
        sleep(stage.lasts).await;
        rig.ledger.heal().await?;
        finish(&rig, &driver, &header.run_id).await;
        rig.judge(&driver, &header.run_id, &payees).await
    }

    /// Asks for another payment of payouts whose copies are under way. It has to be refused, and then nothing happens.
    async fn while_in_flight(
        self,
        rig: &Rig,
        driver: &Driver,
        header: &pb::RunHeader,
        payees: &[(u64, u64)],
    ) -> Outcome<()> {
        if !matches!(self, Self::SupersededInFlight | Self::RetriedInFlight) {
            return Ok(());
        }
        let begun = |run: &pb::Run| run.progress.as_ref().is_some_and(|progress| progress.attempts == 3);
        let begun = rig.wait(driver, &header.run_id, TO_THE_PLACE, begun).await?;
        begun.map_err(|run| format!("nothing was intended: {run:?}"))?;
        let ordinals: Vec<u32> = (0..).zip(payees).map(|(ordinal, _)| ordinal).collect();
        if self == Self::RetriedInFlight {
            drop(driver.retry_payouts(&header.run_id, &ordinals).await);
            return Ok(());
        }
        let again = rig.header(driver, payees).await?;
        let again = pb::RunHeader { supersedes_run_id: header.run_id.clone(), batch_size: 27, ..again };
        drop(driver.supersede(again, payees, &ordinals).await);
        Ok(())
    }

    /// What the second worker does while the first is frozen; then the first goes on.
    async fn meanwhile(self, rig: &Rig, driver: &Driver, run: &str, first: &Worker) -> Outcome<()> {
        match self {
            Self::CancelInFlight => driver.cancel_run(run).await?,
            Self::Overtaken => {
                let paid = |run: &pb::Run| {
                    run.progress
                        .as_ref()
                        .and_then(|progress| progress.paid.as_ref())
                        .is_some_and(|paid| paid.payouts > 0)
                };
                rig.wait(driver, run, TO_THE_PLACE, paid)
                    .await?
                    .map_err(|run| format!("nothing is paid: {run:?}"))?;
            }
            // Where nothing keeps it out of the batch, the second worker waits now for what the first has written.
            _ => {
                let until = Instant::now() + TO_MEET;
                while !rig.somebody_waits_for_a_lock().await? && Instant::now() < until {
                    sleep(TICK).await;
                }
            }
        }
        first.resume()
    }
}

/// Waits for the end, if there is one, and until nothing is under way any more. A run that halts is resumed.
async fn finish(rig: &Rig, driver: &Driver, run: &str) {
    let until = Instant::now() + PATIENCE;
    let over = |run: &pb::Run| {
        use pb::RunState::{Cancelled, Completed, Failed, Halted};
        matches!(run.state(), Cancelled | Completed | Failed | Halted)
    };
    while Instant::now() < until {
        // A service that a bug keeps from answering is for the judge to see.
        match rig.wait(driver, run, until - Instant::now(), over).await {
            Ok(Ok(state)) if state.state() == pb::RunState::Halted => drop(driver.retry_run(run).await),
            Ok(_) | Err(_) => break,
        }
        sleep(TICK).await;
    }
    sleep(LATE).await;
}
