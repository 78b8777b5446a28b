//! A database that was put back and has forgotten what was paid since: whoever looks through the network for it is killed or
//! frozen, another goes on, and nobody is paid twice.

use std::path::Path;
use std::time::Duration;

use bursar_tests::rig::checker::Violation;
use bursar_tests::rig::{Action, Driver, LEASE, Outcome, Rig, Worker};
use proto::execution::v1 as pb;
use tokio::time::{Instant, sleep};

use crate::{PATIENCE, Struck, TICK, has_ended, play_all, setting, struck, tended_until};

const CASES_AT_ONCE: usize = 6;
const PAYEES: usize = 24;
/// As short as a window, so that a sweep is soon done.
const WINDOW: (&str, &str) = ("BURSAR_SWEEP_WINDOW_S", "15");
/// The database is in another cluster than the one it knows.
const MOVED: &str = "UPDATE sweep SET system_identifier = system_identifier + 1";

/// What leads to a place of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The cluster shows itself that it is another.
    Moved,
    /// The service is told when it starts.
    Told,
    /// The same, and the database does not have the run any more.
    Unknown,
}

impl Way {
    fn to(place: &str) -> Option<Self> {
        Some(match place.split('.').next()? {
            "sweep_note" => Self::Moved,
            "sweep_start" | "sweep_finish" | "adopt" => Self::Told,
            "acknowledge" => Self::Unknown,
            _ => return None,
        })
    }
}

/// Whether only a restored database leads to this place.
pub(crate) fn is_at(place: &str) -> bool {
    Way::to(place).is_some()
}

type Case = Struck<Way>;

fn setting_of(case: &Case) -> String {
    setting(case.place, case.action, 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_for_what_a_restore_forgot_may_be_killed_or_frozen_and_nobody_is_paid_twice() {
    let cases = struck(Way::to);
    let report =
        play_all("crash-restored-execution", cases, setting_of, CASES_AT_ONCE, |case, program| async move {
            play(case, &program).await
        })
        .await;
    assert!(report.is_empty(), "{report}");
}

/// A run that was paid, in a database that has forgotten it.
struct Forgotten {
    rig: Rig,
    case: Case,
    header: pb::RunHeader,
    payees: Vec<(u64, u64)>,
    since: String,
}

async fn play(case: Case, program: &Path) -> Outcome<Vec<Violation>> {
    let forgotten = Forgotten::make(case, program).await?;
    let failpoint = setting_of(&case);
    let mut first = forgotten.rig.start("first", &forgotten.settings(&[("BURSAR_FAILPOINT", &failpoint)]))?;
    if case.way == Way::Unknown {
        first.ready(PATIENCE).await?;
        let driver = forgotten.rig.driver(&first)?;
        forgotten.swept(&driver).await?;
        let run = forgotten.header.run_id.clone();
        // Whoever is killed does not answer.
        tokio::spawn(async move { driver.acknowledge(&run).await });
    }
    first.reached(case.action, PATIENCE).await?;
    // The other starts while the first is frozen, perhaps with what both have to lock.
    let thaw = async {
        if case.action == Action::Stop {
            sleep(LEASE).await;
            first.resume()?;
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let settings = forgotten.settings(&[]);
    let (second, thawed) = tokio::join!(forgotten.rig.worker("second", &settings), thaw);
    let second = second.map_err(|error| format!("{error}\nfirst worker:\n{}", first.log()))?;
    thawed?;
    forgotten.end(&second).await.map_err(|error| {
        format!("{error}\nfirst worker:\n{}\nsecond worker:\n{}", first.log(), second.log()).into()
    })
}

impl Forgotten {
    async fn make(case: Case, program: &Path) -> Outcome<Self> {
        let mut rig = Rig::new(program).await?;
        let payees: Vec<(u64, u64)> = rig.ledger.accounts(PAYEES).await?.into_iter().zip(100..).collect();
        let since = jiff::Timestamp::now().to_string();
        // What is kept has the run, and none of its attempts; or nothing but the funding account.
        let mut early = rig.worker("early", &[("BURSAR_FAILPOINT", "start_run.after_commit:kill")]).await?;
        let driver = rig.driver(&early)?;
        let header = rig.header(&driver, &payees).await?;
        if case.way != Way::Unknown {
            let (header, payees) = (header.clone(), payees.clone());
            tokio::spawn(async move { driver.start_run(header, &payees).await });
            early.reached(Action::Kill, PATIENCE).await?;
        }
        drop(early);
        let kept = rig.keep().await;
        let payer = rig.worker("payer", &[]).await?;
        let driver = rig.driver(&payer)?;
        driver.start_run(header.clone(), &payees).await?;
        tended_until(&driver, &header.run_id, has_ended).await?;
        drop(payer);
        rig.put_back(kept);
        if case.way == Way::Moved {
            rig.sql(MOVED).await?;
        }
        Ok(Self { rig, case, header, payees, since })
    }

    fn settings<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let told = (self.case.way != Way::Moved).then_some(("BURSAR_RESTORED_SINCE", self.since.as_str()));
        [WINDOW].into_iter().chain(told).chain(more.iter().copied()).collect()
    }

    /// Waits until the network was looked through.
    async fn swept(&self, driver: &Driver) -> Outcome<()> {
        let until = Instant::now() + PATIENCE;
        while driver.sweep().await?.done_time.is_none() {
            if Instant::now() > until {
                return Err("no end of the sweep in time".into());
            }
            sleep(TICK).await;
        }
        Ok(())
    }

    async fn end(&self, second: &Worker) -> Outcome<Vec<Violation>> {
        let driver = self.rig.driver(second)?;
        let run = &self.header.run_id;
        let mut runs = vec![(run.clone(), self.payees.clone())];
        if self.case.way == Way::Unknown {
            driver.acknowledge(run).await?;
            // It is accounted for, so that another is paid at once; and it is what was paid when it comes again all the same.
            let others: Vec<(u64, u64)> = self.rig.ledger.accounts(2).await?.into_iter().zip(700..).collect();
            let header = self.rig.header(&driver, &others).await?;
            driver.start_run(header.clone(), &others).await?;
            let ended = self.rig.wait(&driver, &header.run_id, PATIENCE, has_ended).await?;
            ended.map_err(|run| format!("it is held back: {run:?}"))?;
            driver.start_run(self.header.clone(), &self.payees).await?;
            runs.push((header.run_id, others));
        }
        self.swept(&driver).await?;
        let ended = tended_until(&driver, run, has_ended).await?;
        if ended.state() != pb::RunState::Completed {
            return Err(format!("it ended otherwise: {ended:?}").into());
        }
        // Whoever was frozen may still be at it.
        sleep(Duration::from_secs(1)).await;
        let runs: Vec<(&str, &[(u64, u64)])> =
            runs.iter().map(|(run, payees)| (run.as_str(), payees.as_slice())).collect();
        self.rig.judge_all(&driver, &runs).await
    }
}
