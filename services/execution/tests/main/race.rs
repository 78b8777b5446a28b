//! A run that replaces failed payouts, raced by a retry of the run they belong to: each payee is paid once.

use std::time::Duration;

use proto::execution::v1 as pb;
use serde_json::json;

use crate::support::{Bench, reason};

const ROUNDS: usize = 200;
/// Rounds that are raced at the same time.
const LANES: usize = 4;
/// Payees of a round: one who could not receive, and one who could.
const PAYEES: usize = 2;

/// How the rounds of one lane ended: how many retries won, and the runs that won instead.
#[derive(Default)]
struct Lane {
    retries: usize,
    reruns: Vec<String>,
}

/// Races one round after another. Whoever won starts a little later in the next one, by more the further apart they are: so
/// both come close, also on a busy machine, and both win now and then.
async fn race(bench: &Bench, rounds: &[(String, Vec<(u64, u64)>)]) -> Lane {
    let (mut head_start_us, mut lane) = (0_i64, Lane::default());
    for (round, (run, payees)) in rounds.iter().enumerate() {
        let instead = &payees[1..];
        let header = bench.successor(run, instead);
        let retry = async {
            sleep_us(head_start_us).await;
            // Every other round by name.
            if round % 2 == 0 {
                bench.retry(run).await.map(drop)
            } else {
                bench.retry_payouts(run, &[1], run).await.map(drop)
            }
        };
        let rerun = async {
            sleep_us(-head_start_us).await;
            bench.supersede(&header, instead, &[1]).await
        };
        match tokio::join!(retry, rerun) {
            (Ok(()), Err(refused)) => {
                assert_eq!(reason(&refused), "PREDECESSOR_NOT_REPLACEABLE");
                lane.retries += 1;
                head_start_us += 700 + head_start_us.abs() / 4;
            }
            (Err(refused), Ok(_)) => {
                let expected = if round % 2 == 0 { "RUN_NOT_RETRYABLE" } else { "PAYOUT_NOT_FAILED" };
                assert_eq!(reason(&refused), expected);
                lane.reruns.push(header.run_id);
                head_start_us -= 500 + head_start_us.abs() / 4;
            }
            both => panic!("one of the two pays: {both:?}"),
        }
    }
    lane
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_reruns_raced_by_a_retry_of_the_old_run_pay_each_payee_once() {
    let bench = Bench::start().await;
    let mut old = Vec::new();
    for _ in 0..ROUNDS {
        let accounts = [bench.control.accounts(1).await[0], bench.control.closed_account().await];
        let payees: Vec<(u64, u64)> = accounts.into_iter().zip(100..).collect();
        let header = bench.header(&payees);
        bench.start_run(&header, &payees).await.unwrap();
        old.push((header.run_id, payees));
    }
    for (run, payees) in &old {
        assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Failed);
        let path = format!("/v1/tokens/{}/accounts/0.0.{}", bench.token, payees[1].0);
        bench.control.put(&path, json!({"associated": true})).await;
    }
    let lanes = old.chunks(ROUNDS / LANES).map(|rounds| race(&bench, rounds));
    let lanes = futures::future::join_all(lanes).await;
    let retries: usize = lanes.iter().map(|lane| lane.retries).sum();
    let mut runs: Vec<String> = lanes.into_iter().flat_map(|lane| lane.reruns).collect();
    let reruns = runs.len();
    assert!(retries > 0 && reruns > 0, "{retries} retries and {reruns} reruns won");
    tracing::info!(retries, reruns, "who won");
    runs.extend(old.into_iter().map(|(run, _)| run));
    for run in &runs {
        assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    }
    let all: Vec<&str> = runs.iter().map(String::as_str).collect();
    bench.assert_all_exactly_once(&all).await;
    assert_eq!(bench.control.effects(&bench.token).await.len(), ROUNDS * PAYEES, "nobody was left out");
}

async fn sleep_us(micros: i64) {
    if let Ok(micros) = u64::try_from(micros) {
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}
