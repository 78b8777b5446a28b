//! Chosen payouts go again; the others stay as they are.

use proto::execution::v1 as pb;
use proto::execution::v1::PayoutStatus::{Failed, Paid, Pending};
use serde_json::json;
use tonic::Code;

use crate::support::{Bench, reason};

/// A run of payees whose one attempt is dead: all have failed together.
async fn failed_together(bench: &Bench, count: usize) -> pb::RunHeader {
    let payees: Vec<(u64, u64)> = bench.control.accounts(count).await.into_iter().zip(100..).collect();
    let throttled = json!({"kind": "consensus_status", "times": 1, "status": "THROTTLED_AT_CONSENSUS"});
    bench.control.post("/v1/faults", throttled).await;
    let once = pb::RetryPolicy { max_attempts: 1, ..Default::default() };
    let header = pb::RunHeader { retry_policy: Some(once), ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    let run = bench.wait_end(&header.run_id).await;
    assert_eq!(run.state(), pb::RunState::Failed);
    assert_eq!(bench.standing(&header.run_id).await, vec![Failed; count]);
    header
}

/// How many payees each attempt of a payout had.
async fn sizes(bench: &Bench, run: &str, ordinal: usize) -> Vec<usize> {
    let payout = bench.payouts(run).await[ordinal].id.clone();
    bench.payout(&payout).await.attempts.iter().map(|attempt| attempt.ordinals.len()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_payouts_of_a_dead_attempt_they_share_go_again_and_the_others_stay_with_it() {
    let bench = Bench::start().await;
    let run = failed_together(&bench, 9).await.run_id;
    let answer = bench.retry_payouts(&run, &[2, 7, 5], "some").await.unwrap();
    assert_eq!((answer.retried, answer.run.unwrap().state()), (3, pb::RunState::Running));
    let ended = bench.wait_end(&run).await;
    assert_eq!(ended.state(), pb::RunState::Failed, "the others have failed as before");
    assert_eq!(ended.progress.unwrap().retries, 3);
    let expected = (0..9).map(|ordinal| if [2, 5, 7].contains(&ordinal) { Paid } else { Failed });
    assert_eq!(bench.standing(&run).await, expected.collect::<Vec<_>>());
    // Only payouts that follow one another share an attempt.
    assert_eq!((sizes(&bench, &run, 5).await, sizes(&bench, &run, 0).await), (vec![9, 1], vec![9]));
    bench.assert_exactly_once(&run).await;

    // One more of them, and then all that are left.
    bench.retry_payouts(&run, &[0], "one").await.unwrap();
    bench.wait_end(&run).await;
    assert_eq!(bench.retry(&run).await.unwrap(), 5);
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    assert_eq!((sizes(&bench, &run, 0).await, sizes(&bench, &run, 3).await), (vec![9, 1], vec![9, 2]));
    bench.assert_exactly_once(&run).await;
    assert_eq!(reason(&bench.retry(&run).await.unwrap_err()), "RUN_NOT_RETRYABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_them_or_none_and_who_is_not_failed_is_named_with_its_status() {
    let bench = Bench::start().await;
    let run = failed_together(&bench, 4).await.run_id;
    bench.retry_payouts(&run, &[1], "one").await.unwrap();
    bench.wait_end(&run).await;
    let refused = bench.retry_payouts(&run, &[0, 1, 2], "three").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "PAYOUT_NOT_FAILED"));
    assert!(refused.message().contains("_1 is PAID"), "{refused}");
    assert_eq!(bench.standing(&run).await, [Failed, Paid, Failed, Failed], "nobody went");

    let unknown = bench.retry_payouts(&run, &[3, 4], "four").await.unwrap_err();
    assert_eq!(reason(&unknown), "PAYOUT_NOT_FOUND");
    for (ordinals, key) in [(vec![], "none"), (vec![2, 2], "twice"), ((0..1001).collect(), "many")] {
        let refused = bench.retry_payouts(&run, &ordinals, key).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{key}");
    }
    let message = pb::RetryPayoutsRequest {
        run_id: run.clone(),
        payout_ids: vec![format!("pay_{}_0", "0".repeat(32))],
    };
    let refused = bench.client().retry_payouts(bench.as_user(message, "alice", "other")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");

    // The same call again is the same call, though the payout is paid by now.
    let again = bench.retry_payouts(&run, &[1], "one").await.unwrap();
    assert_eq!(again.retried, 1);
    assert_eq!(bench.standing(&run).await, [Failed, Paid, Failed, Failed]);
    bench.assert_exactly_once(&run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_payouts_of_a_halted_run_wait_until_it_is_resumed() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(3).await.into_iter().zip(100..).collect();
    for status in ["TOKEN_NOT_ASSOCIATED_TO_ACCOUNT", "TOKEN_IS_PAUSED"] {
        let fault = json!({"kind": "consensus_status", "times": 1, "status": status});
        bench.control.post("/v1/faults", fault).await;
    }
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    let run = header.run_id.clone();
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&run, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(bench.standing(&run).await, [Failed, Pending, Pending]);
    let answer = bench.retry_payouts(&run, &[0], "one").await.unwrap();
    assert_eq!(answer.run.unwrap().state(), pb::RunState::Halted, "nobody said that its cause is gone");
    let payouts = bench.payouts(&run).await;
    assert!(payouts.iter().all(|payout| payout.status() == Pending && payout.next_attempt_time.is_none()));
    bench.assert_tallies_add_up(&run).await;
    assert!(bench.control.effects(&bench.token).await.is_empty());
    bench.retry(&run).await.unwrap();
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_payouts_do_not_wait_for_a_run_that_is_under_way() {
    let bench = Bench::start().await;
    let mut accounts = vec![bench.control.closed_account().await];
    accounts.extend(bench.control.accounts(3).await);
    let payees: Vec<(u64, u64)> = accounts.iter().copied().zip(100..).collect();
    // Those after the first are not paid before the network comes back.
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    let run = header.run_id.clone();
    bench.start_run(&header, &payees).await.unwrap();
    bench
        .wait(&run, "failure", |run| run.progress.as_ref().unwrap().failed.as_ref().unwrap().payouts == 1)
        .await;
    let lost = json!({"kind": "lost_before"});
    bench.control.post("/v1/faults", lost).await;
    let path = format!("/v1/tokens/{}/accounts/0.0.{}", bench.token, accounts[0]);
    bench.control.put(&path, json!({"associated": true})).await;
    bench.retry_payouts(&run, &[0], "one").await.unwrap();
    bench.control.clear_faults().await;
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_cancelled_run_is_chosen() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(100..).collect();
    for status in ["TOKEN_NOT_ASSOCIATED_TO_ACCOUNT", "TOKEN_IS_PAUSED"] {
        let fault = json!({"kind": "consensus_status", "times": 1, "status": status});
        bench.control.post("/v1/faults", fault).await;
    }
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    let run = header.run_id.clone();
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&run, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(bench.cancel(&run).await.state(), pb::RunState::Cancelled);
    let refused = bench.retry_payouts(&run, &[0], "one").await.unwrap_err();
    assert_eq!(reason(&refused), "RUN_NOT_RETRYABLE");
    assert!(bench.control.effects(&bench.token).await.is_empty());
}
