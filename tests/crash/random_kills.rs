//! Kills at random moments of one long run.

use std::time::Duration;

use bursar_tests::rig::{Driver, Outcome, Rig, Worker};
use proto::execution::v1 as pb;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{PATIENCE, has_ended, program};

const PAYEES: usize = 2_000;
const KILLS: usize = 30;
const SEED: u64 = 20_260_816;
/// So slow that the run outlasts the kills, also on a busy machine: transactions per second of each worker.
const PACE: &str = "2";
/// No limit.
const FULL_PACE: &str = "0";
/// Milliseconds between two kills.
const PAUSE_MS: std::ops::Range<u64> = 50..700;

#[tokio::test(flavor = "multi_thread")]
async fn thirty_kills_at_random_moments_of_a_run_of_2000_payees_leave_each_paid_exactly_once() {
    let wrong = run().await.unwrap_or_else(|error| panic!("{error}"));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn run() -> Outcome<Vec<bursar_tests::rig::checker::Violation>> {
    let program = program("crash-kills-execution")?;
    let rig = Rig::new(&program).await?;
    let mut workers = [start(&rig, 0, PACE).await?, start(&rig, 1, PACE).await?];
    let driver = rig.driver(&workers[0])?;
    let payees: Vec<(u64, u64)> = rig.ledger.accounts(PAYEES).await?.into_iter().zip(1..).collect();
    for fault in [
        json!({"kind": "busy", "percent": 10, "seed": SEED}),
        json!({"kind": "lost_before", "percent": 5, "seed": SEED + 1}),
        json!({"kind": "lost_after", "percent": 10, "seed": SEED + 2}),
        json!({"kind": "receipt_lost", "percent": 10, "seed": SEED + 3}),
    ] {
        rig.ledger.fault(fault).await?;
    }
    let header = pb::RunHeader { batch_size: 50, parallelism: 4, ..rig.header(&driver, &payees).await? };
    driver.start_run(header.clone(), &payees).await?;
    let mut dice = StdRng::seed_from_u64(SEED);
    for kill in 0..KILLS {
        sleep(Duration::from_millis(dice.random_range(PAUSE_MS))).await;
        let (struck, other) = (kill % 2, (kill + 1) % 2);
        if has_ended(&rig.driver(&workers[other])?.run(&header.run_id).await?) {
            return Err(format!("the run ended before kill {kill}: make it slower").into());
        }
        workers[struck].kill()?;
        workers[struck] = start(&rig, struck, PACE).await?;
    }
    rig.ledger.heal().await?;
    for (index, worker) in workers.iter_mut().enumerate() {
        worker.kill()?;
        *worker = start(&rig, index, FULL_PACE).await?;
    }
    end(&rig.driver(&workers[0])?, &header.run_id).await?;
    rig.judge(&rig.driver(&workers[1])?, &header.run_id, &payees).await
}

async fn start(rig: &Rig, index: usize, pace: &str) -> Outcome<Worker> {
    let settings = [("BURSAR_TRANSACTIONS_PER_SECOND", pace), ("BURSAR_WORKERS", "2")];
    rig.worker(["even", "odd"][index], &settings).await
}

async fn end(driver: &Driver, run: &str) -> Outcome<()> {
    let until = Instant::now() + 2 * PATIENCE;
    loop {
        let state = driver.run(run).await?;
        if has_ended(&state) {
            if state.state() == pb::RunState::Completed {
                return Ok(());
            }
            return Err(format!("the run ended otherwise: {state:?}").into());
        }
        if Instant::now() > until {
            return Err(format!("no end in time: {state:?}").into());
        }
        sleep(Duration::from_millis(100)).await;
    }
}
