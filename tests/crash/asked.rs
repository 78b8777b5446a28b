//! What people and other services ask for, whose worker is killed or frozen before or after its commit: asked again of
//! another worker it is the same, done once.

use std::path::Path;
use std::time::SystemTime;

use bursar_tests::rig::checker::Violation;
use bursar_tests::rig::{Action, Driver, LEASE, Outcome, Rig};
use proto::execution::v1 as pb;
use serde_json::json;
use tokio::time::sleep;
use tonic::Status;

use crate::{PATIENCE, Struck, has_ended, play_all, setting, struck, tended_until};

const CASES_AT_ONCE: usize = 6;
const PAYEES: usize = 4;
const UNITS: u64 = 500;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    CreateFundingAccount,
    SetLimits,
    AddDestination,
    RemoveDestination,
    Withdraw,
    PauseAsset,
    Resume,
    Resolve,
    DeclareRestore,
}

impl Call {
    /// The call that leads to this place, and nothing else does.
    pub(crate) fn at(place: &str) -> Option<Self> {
        Some(match place.split('.').next()? {
            "create_funding_account" => Self::CreateFundingAccount,
            "set_limits" => Self::SetLimits,
            "add_destination" => Self::AddDestination,
            "remove_destination" => Self::RemoveDestination,
            "withdraw" => Self::Withdraw,
            "pause_asset" => Self::PauseAsset,
            "resume" => Self::Resume,
            "resolve" => Self::Resolve,
            "sweep_declare" => Self::DeclareRestore,
            _ => return None,
        })
    }

    /// How often the place is passed before.
    fn passes(self) -> usize {
        // The first person's word decides nothing.
        usize::from(self == Self::Resolve)
    }
}

type Case = Struck<Call>;

fn setting_of(case: &Case) -> String {
    setting(case.place, case.action, case.way.passes())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_whoever_is_killed_or_frozen_is_done_once_when_it_is_asked_again() {
    let cases = struck(Call::at);
    let report =
        play_all("crash-asked-execution", cases, setting_of, CASES_AT_ONCE, |case, program| async move {
            play(case, &program).await
        })
        .await;
    assert!(report.is_empty(), "{report}");
}

async fn play(case: Case, program: &Path) -> Outcome<Vec<Violation>> {
    let rig = Rig::new(program).await?;
    let mut first = rig.worker("first", &[("BURSAR_FAILPOINT", &setting_of(&case))]).await?;
    let driver = rig.driver(&first)?;
    let payees: Vec<(u64, u64)> = rig.ledger.accounts(PAYEES).await?.into_iter().zip(100..).collect();
    let scene = Scene::set(&rig, case.way, &driver, payees).await?;
    let asked = tokio::spawn(scene.clone().ask(driver));
    first.reached(case.action, PATIENCE).await?;
    let second = rig.worker("second", &[]).await?;
    let driver = rig.driver(&second)?;
    let again = tokio::spawn(scene.clone().ask(driver.clone()));
    if case.action == Action::Stop {
        sleep(LEASE).await;
        first.resume()?;
        let (answer, repeated) = (asked.await??, again.await??);
        if answer != repeated {
            return Err(format!("the answer was {answer}, and the second time {repeated}").into());
        }
        scene.end(&rig, &driver, repeated).await
    } else {
        scene.end(&rig, &driver, again.await??).await
    }
    .map_err(|error| {
        format!("{error}\nfirst worker:\n{}\nsecond worker:\n{}", first.log(), second.log()).into()
    })
}

/// What there is when something is asked for.
#[derive(Clone, Debug)]
struct Scene {
    call: Call,
    operator: String,
    payees: Vec<(u64, u64)>,
    /// The run's; as long as there is no funding account, none.
    header: pb::RunHeader,
    of: bursar_tests::rig::Of,
    /// Where is withdrawn to.
    destination: u64,
    /// What is in doubt.
    attempt: pb::Attempt,
    now: SystemTime,
}

impl Scene {
    async fn set(rig: &Rig, call: Call, driver: &Driver, payees: Vec<(u64, u64)>) -> Outcome<Self> {
        let header = match call {
            Call::CreateFundingAccount => pb::RunHeader::default(),
            _ => rig.header(driver, &payees).await?,
        };
        let mut scene = Self {
            call,
            operator: rig.operator().to_owned(),
            of: rig.of(&header),
            destination: rig.ledger.account(false).await?,
            header,
            payees,
            attempt: pb::Attempt::default(),
            now: SystemTime::now(),
        };
        match call {
            Call::CreateFundingAccount | Call::SetLimits | Call::AddDestination | Call::PauseAsset => {}
            Call::RemoveDestination | Call::Withdraw => {
                driver.add_destination(&scene.of, scene.destination).await?;
            }
            Call::Resume => {
                rig.ledger.fault(json!({"kind": "lost_after", "percent": 50})).await?;
                scene.start(driver).await?;
                driver.pause_run(&scene.header.run_id).await?;
            }
            Call::DeclareRestore => {
                rig.ledger.fault(json!({"kind": "lost_after", "percent": 50})).await?;
                scene.start(driver).await?;
            }
            Call::Resolve => scene.doubt(rig, driver).await?,
        }
        Ok(scene)
    }

    async fn start(&self, driver: &Driver) -> Result<(), Status> {
        driver.start_run(self.header.clone(), &self.payees).await
    }

    /// Nothing arrives and nobody answers, so that the one attempt is in doubt; one person says that it paid nothing.
    async fn doubt(&mut self, rig: &Rig, driver: &Driver) -> Outcome<()> {
        for fault in [
            json!({"kind": "lost_before"}),
            json!({"kind": "receipt_lost"}),
            json!({"kind": "mirror_error", "http_status": 503}),
        ] {
            rig.ledger.fault(fault).await?;
        }
        self.start(driver).await?;
        let all = self.payees.len() as u64;
        let in_doubt = |run: &pb::Run| {
            let doubt = run.progress.as_ref().and_then(|progress| progress.in_doubt.as_ref());
            doubt.is_some_and(|doubt| doubt.payouts == all)
        };
        let waited = rig.wait(driver, &self.header.run_id, PATIENCE, in_doubt).await?;
        waited.map_err(|run| format!("nothing is in doubt: {run:?}"))?;
        let payout = driver.payouts(&self.header.run_id).await?.remove(0);
        self.attempt = driver.attempt(&payout.id).await?;
        driver.call_unpaid(&self.attempt, "alice").await?;
        Ok(())
    }

    /// Asks; the answer.
    async fn ask(self, driver: Driver) -> Outcome<String> {
        let Self { of, destination, .. } = &self;
        Ok(match self.call {
            Call::CreateFundingAccount => driver.create_funding_account(&self.operator, "operator").await?,
            Call::SetLimits => format!("{:?}", driver.set_limits(of, 1, UNITS, "limits").await?),
            Call::AddDestination => format!("{:?}", driver.add_destination(of, *destination).await?),
            Call::RemoveDestination => format!("{:?}", driver.remove_destination(of, *destination).await?),
            // The run's id is all of the answer that stays as it is.
            Call::Withdraw => driver.withdraw(of, *destination, UNITS).await?.1,
            Call::PauseAsset => {
                format!("{:?}", driver.set_asset_pause(&self.header.asset_id, 1, true).await?)
            }
            Call::Resume => format!("{:?}", driver.resume_run(&self.header.run_id).await?),
            Call::Resolve => {
                let resolution = driver.call_unpaid(&self.attempt, "bob").await?;
                format!("{:?}", (resolution.awaiting_confirmation, resolution.attempt.map(|it| it.state)))
            }
            Call::DeclareRestore => driver.declare_restore(self.now).await?.to_string(),
        })
    }

    /// What holds once it is done, and the ledger's word.
    async fn end(mut self, rig: &Rig, driver: &Driver, answer: String) -> Outcome<Vec<Violation>> {
        let refused = |outcome: Result<(), Status>| match outcome {
            Ok(()) => Err("what was forbidden is done"),
            Err(_) => Ok(()),
        };
        match self.call {
            Call::CreateFundingAccount => {
                self.header = rig.header(driver, &self.payees).await?;
                if self.header.funding_account_id != answer {
                    return Err("there are two funding accounts".into());
                }
                self.start(driver).await?;
            }
            Call::SetLimits => {
                refused(self.start(driver).await)?;
                return rig.judge_all(driver, &[]).await;
            }
            Call::RemoveDestination => {
                refused(driver.withdraw(&self.of, self.destination, UNITS).await.map(drop))?;
                return rig.judge_all(driver, &[]).await;
            }
            Call::AddDestination => {
                let (_, run) = driver.withdraw(&self.of, self.destination, UNITS).await?;
                return self.withdrawn(rig, driver, &run).await;
            }
            Call::Withdraw => return self.withdrawn(rig, driver, &answer).await,
            Call::PauseAsset => {
                self.start(driver).await?;
                let run = driver.run(&self.header.run_id).await?;
                if run.state() != pb::RunState::Paused {
                    return Err(format!("it is not paused: {run:?}").into());
                }
                driver.set_asset_pause(&self.header.asset_id, 2, false).await?;
            }
            Call::Resume | Call::Resolve | Call::DeclareRestore => {}
        }
        rig.ledger.heal().await?;
        let run = &self.header.run_id;
        let ended = tended_until(driver, run, has_ended).await?;
        if ended.state() != pb::RunState::Completed {
            return Err(format!("it ended otherwise: {ended:?}").into());
        }
        rig.judge(driver, run, &self.payees).await
    }

    async fn withdrawn(&self, rig: &Rig, driver: &Driver, run: &str) -> Outcome<Vec<Violation>> {
        tended_until(driver, run, has_ended).await?;
        rig.judge(driver, run, &[(self.destination, UNITS)]).await
    }
}
