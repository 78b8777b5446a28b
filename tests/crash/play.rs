//! Playing one case: bring a worker to its failpoint, let another take over, continue, and judge.

use std::path::Path;
use std::time::Duration;

use bursar_tests::rig::checker::Violation;
use bursar_tests::rig::{Action, Driver, LEASE, Outcome, Rig, Worker};
use proto::execution::v1 as pb;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tonic::Status;

use crate::cases::{Case, Road};
use crate::{TICK, has_ended, tended_until};

const PAYEES: usize = 24;
/// As much as a run of theirs takes, and more.
const TOTAL: u64 = 1_000_000;
/// Another worker has taken what is leased.
const OVERTAKE: &str =
    "UPDATE batch SET lease_epoch = lease_epoch + 1, lease_until = now() WHERE lease_until IS NOT NULL";
/// Who comes after them and cannot receive, where somebody cannot.
const LAST: u32 = 24;
/// Longest way to a failpoint: a closed window and a proof.
const TO_THE_PLACE: Duration = Duration::from_mins(2);
/// How long the trouble goes on after the failpoint.
const TROUBLE: Duration = Duration::from_secs(6);
/// Longest delay of a copy; after it nothing is in flight any more.
const LATE: Duration = Duration::from_millis(1_600);

/// What has halted is looked at soon.
const SOON: (&str, &str) = ("BURSAR_RECOVERY_MS", "200");

struct Stage {
    rig: Rig,
    case: Case,
    header: pb::RunHeader,
    payees: Vec<(u64, u64)>,
    /// Who could not receive.
    closed: Option<u64>,
    /// The run that pays somebody else instead of who could not receive.
    instead: Option<(pb::RunHeader, Vec<(u64, u64)>)>,
}

/// Plays a case to its end; what is wrong with it.
pub(crate) async fn play(case: Case, seed: usize, program: &Path) -> Outcome<Vec<Violation>> {
    let rig = Rig::new(program).await?;
    let mut first =
        rig.worker("first", &[("BURSAR_FAILPOINT", &case.setting()), ("BURSAR_WORKERS", "1"), SOON]).await?;
    let driver = rig.driver(&first)?;
    let mut accounts = rig.ledger.accounts(PAYEES).await?;
    let closed = if case.road.fails_first() { Some(rig.ledger.account(true).await?) } else { None };
    accounts.extend(closed);
    let payees: Vec<(u64, u64)> = accounts.into_iter().zip(100..).collect();
    let mut header = rig.header(&driver, &payees).await?;
    if case.together {
        header.parallelism = 3;
    }
    let instead = if case.road == Road::Supersede {
        let somebody: Vec<(u64, u64)> = rig.ledger.accounts(1).await?.into_iter().zip(900..).collect();
        let supersedes_run_id = header.run_id.clone();
        Some((pb::RunHeader { supersedes_run_id, ..rig.header(&driver, &somebody).await? }, somebody))
    } else {
        None
    };
    let stage = Stage { rig, case, header, payees, closed, instead };
    let asked = stage.approach(&driver, seed).await?;
    let keeper = stage.tend(driver);
    let reached = first.reached(case.action, TO_THE_PLACE).await;
    keeper.abort();
    reached?;
    let second = stage.rig.worker("second", &[SOON]).await?;
    let outcome = stage.finish(&mut first, &second).await;
    asked.abort();
    outcome.map_err(|error| {
        format!("{error}\nfirst worker:\n{}\nsecond worker:\n{}", first.log(), second.log()).into()
    })
}

impl Stage {
    async fn set_trouble(&self, seed: usize) -> Outcome<()> {
        match self.case.road {
            Road::Resend => self.rig.ledger.fault(json!({"kind": "lost_before", "times": 2})).await?,
            // Only payments: what shows that a mirror node is current must arrive.
            Road::Absence => {
                self.rig.ledger.fault(json!({"kind": "lost_before", "memo_contains": "att_"})).await?;
            }
            // So that answers come while the lease is another's; in more trouble there might be none.
            Road::Overtaken => {
                let late = json!({"kind": "delay_answer", "millis": 600});
                return self.rig.ledger.fault(late).await;
            }
            Road::Pay
            | Road::Retry
            | Road::RetryChosen
            | Road::Supersede
            | Road::Cancel
            | Road::Pause
            | Road::Halt
            | Road::GoOn => {}
        }
        self.case.trouble.set(&self.rig.ledger, seed).await
    }

    /// Asks the first worker for what leads to the failpoint. The call may never return.
    async fn approach(&self, driver: &Driver, seed: usize) -> Outcome<JoinHandle<Result<(), Status>>> {
        let run = self.header.run_id.clone();
        if !self.case.road.fails_first() {
            self.set_trouble(seed).await?;
        }
        if self.is_limited() {
            driver.set_limits(&self.rig.of(&self.header), TOTAL, 1, "too-little").await?;
        }
        let (starter, header, payees) = (driver.clone(), self.header.clone(), self.payees.clone());
        let starting = tokio::spawn(async move { starter.start_run(header, &payees).await });
        let until = |condition: fn(&pb::Run) -> bool| self.rig.wait(driver, &run, TO_THE_PLACE, condition);
        let caller = driver.clone();
        match (self.case.road, self.closed) {
            (Road::Retry | Road::RetryChosen | Road::Supersede, Some(closed)) => {
                starting.await??;
                let failed = until(|run| run.state() == pb::RunState::Failed).await?;
                failed.map_err(|run| format!("nothing has failed: {run:?}"))?;
                self.rig.ledger.associate(&self.rig.token, closed).await?;
                // Not before: the run had to fail for its one good reason.
                self.set_trouble(seed).await?;
                Ok(self.ask(caller))
            }
            (Road::Cancel | Road::Pause, _) => {
                starting.await??;
                let begun =
                    until(|run| run.progress.as_ref().is_some_and(|progress| progress.attempts > 0)).await?;
                begun.map_err(|run| format!("nothing was intended: {run:?}"))?;
                let (run, road) = (run.clone(), self.case.road);
                Ok(tokio::spawn(async move {
                    if road == Road::Pause {
                        caller.pause_run(&run).await
                    } else {
                        caller.cancel_run(&run).await
                    }
                }))
            }
            (Road::GoOn, _) => {
                starting.await??;
                let halted = until(|run| run.state() == pb::RunState::Halted).await?;
                halted.map_err(|run| format!("it has not halted: {run:?}"))?;
                self.lift_limit(driver).await?;
                Ok(tokio::spawn(async { Ok(()) }))
            }
            (Road::Overtaken, _) => {
                starting.await??;
                let begun =
                    until(|run| run.progress.as_ref().is_some_and(|progress| progress.attempts > 0)).await?;
                begun.map_err(|run| format!("nothing was intended: {run:?}"))?;
                self.rig.sql(OVERTAKE).await?;
                Ok(tokio::spawn(async { Ok(()) }))
            }
            _ => Ok(starting),
        }
    }

    /// Whether the day allows too little at first.
    fn is_limited(&self) -> bool {
        matches!(self.case.road, Road::Halt | Road::GoOn)
    }

    async fn lift_limit(&self, driver: &Driver) -> Outcome<()> {
        driver.set_limits(&self.rig.of(&self.header), TOTAL, TOTAL, "enough").await?;
        Ok(())
    }

    /// Asks for what follows after the run has failed.
    fn ask(&self, driver: Driver) -> JoinHandle<Result<(), Status>> {
        let (run, road, instead) = (self.header.run_id.clone(), self.case.road, self.instead.clone());
        tokio::spawn(async move {
            match (road, instead) {
                (Road::Supersede, Some((header, somebody))) => {
                    driver.supersede(header, &somebody, &[LAST]).await
                }
                (Road::RetryChosen, _) => driver.retry_payouts(&run, &[LAST]).await,
                _ => driver.retry_run(&run).await,
            }
        })
    }

    /// The run that is to end.
    fn awaited(&self) -> &pb::RunHeader {
        self.instead.as_ref().map_or(&self.header, |(header, _)| header)
    }

    /// Resumes the run when it halts, as an operator would; but where a retry is what is waited for, there is only that.
    fn tend(&self, driver: Driver) -> JoinHandle<()> {
        let (run, road) = (self.header.run_id.clone(), self.case.road);
        tokio::spawn(async move {
            loop {
                sleep(TICK).await;
                if road.fails_first() || matches!(road, Road::Halt | Road::GoOn) {
                    continue;
                }
                // A worker that is frozen or gone says nothing, and a run that is not there yet has not halted.
                if driver.run(&run).await.is_ok_and(|run| run.state() == pb::RunState::Halted) {
                    drop(driver.retry_run(&run).await);
                }
            }
        })
    }

    async fn finish(&self, first: &mut Worker, second: &Worker) -> Outcome<Vec<Violation>> {
        let driver = self.rig.driver(second)?;
        if self.case.road == Road::Absence {
            self.rig.ledger.heal().await?;
        }
        if self.is_limited() {
            self.lift_limit(&driver).await?;
        }
        let repeated = self.repeat(&driver);
        if self.case.action == Action::Stop {
            self.freeze_past_the_lease(&driver).await?;
            first.resume()?;
        }
        // What the second worker is asked for may be refused, where the first one did it already.
        drop(repeated.await?);
        self.end(&driver).await?;
        sleep(LATE).await;
        if self.case.action == Action::Stop && !first.is_alive() {
            return Err("the worker that was frozen has ended".into());
        }
        let mut runs = vec![(self.header.run_id.as_str(), self.payees.as_slice())];
        runs.extend(
            self.instead.as_ref().map(|(header, somebody)| (header.run_id.as_str(), somebody.as_slice())),
        );
        self.rig.judge_all(&driver, &runs).await
    }

    /// Asks the second worker for what the first one was asked for and may not have done.
    fn repeat(&self, driver: &Driver) -> JoinHandle<Result<(), Status>> {
        if self.case.road.fails_first() {
            return self.ask(driver.clone());
        }
        let (driver, case, header, payees) =
            (driver.clone(), self.case, self.header.clone(), self.payees.clone());
        tokio::spawn(async move {
            match case.road {
                Road::Cancel => driver.cancel_run(&header.run_id).await,
                Road::Pause => driver.pause_run(&header.run_id).await,
                _ if case.cancelled_meanwhile => driver.cancel_run(&header.run_id).await,
                _ if case.failpoint.starts_with("start_run") => driver.start_run(header, &payees).await,
                _ => Ok(()),
            }
        })
    }

    /// Leaves the first worker frozen until another has taken its batch; where it holds locks, or no batch, until its
    /// lease would be over.
    async fn freeze_past_the_lease(&self, driver: &Driver) -> Outcome<()> {
        let (frozen_at, before) = (Instant::now(), self.rig.leases().await?);
        let must = self.case.holds_a_lease() && !self.case.holds_locks();
        let limit = if must { 4 * LEASE } else { LEASE };
        loop {
            sleep(TICK).await;
            if must && self.rig.leases().await? > before {
                break;
            }
            if frozen_at.elapsed() > limit {
                break;
            }
        }
        let after = self.rig.leases().await?;
        if must && after == before && !has_ended(&driver.run(&self.awaited().run_id).await?) {
            return Err("nobody took the frozen worker's batch over".into());
        }
        Ok(())
    }

    /// Waits for the end: in trouble for a while, then in peace. A run that halts or is paused is resumed, as an operator
    /// would.
    async fn end(&self, driver: &Driver) -> Outcome<()> {
        let until = Instant::now() + TROUBLE;
        while Instant::now() < until && !self.has_ended(driver).await? {
            sleep(TICK).await;
        }
        self.rig.ledger.heal().await?;
        let ended = tended_until(driver, &self.awaited().run_id, has_ended).await?;
        let cancelled = self.case.cancelled_meanwhile || self.case.road == Road::Cancel;
        if ended.state() == pb::RunState::Completed || (cancelled && ended.state() == pb::RunState::Cancelled)
        {
            return Ok(());
        }
        Err(format!("the run ended otherwise: {ended:?}").into())
    }

    async fn has_ended(&self, driver: &Driver) -> Outcome<bool> {
        // A run that nobody has yet, because the first worker did not commit it, has not ended.
        Ok(driver.run(&self.awaited().run_id).await.is_ok_and(|run| has_ended(&run)))
    }
}
