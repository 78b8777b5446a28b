//! A run that replaces unpaid payouts of another one: all of them or none, once, and only what is proven unpaid for good.

use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use ids::{PayoutId, RunId};
use proto::execution::v1 as pb;
use proto::execution::v1::PayoutStatus::{Cancelled, Failed, Paid, Pending, Superseded};
use serde_json::json;
use tonic::Code;

use crate::support::{Bench, account, reason};

fn pay(run: &str, ordinal: u32) -> String {
    PayoutId { run: run.parse::<RunId>().unwrap(), ordinal }.to_string()
}

/// A run that ended with its last payee unpaid, who cannot receive; its id and payees.
async fn failed_run(bench: &Bench, open: usize) -> (String, Vec<(u64, u64)>) {
    let mut accounts = bench.control.accounts(open).await;
    accounts.push(bench.control.closed_account().await);
    let payees: Vec<(u64, u64)> = accounts.into_iter().zip(100..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Failed);
    (header.run_id, payees)
}

async fn is_not_there(bench: &Bench, run: &str) {
    let message = pb::GetRunRequest { run_id: run.to_owned() };
    assert_eq!(bench.client().get_run(bench.request(message)).await.unwrap_err().code(), Code::NotFound);
}

/// Asserts that none of these payouts can be replaced, and that asking for it wrote nothing.
async fn assert_refused(bench: &Bench, old: &str, ordinals: &[u32], first: u32) {
    // Others of the run may be under way.
    let superseded =
        async || bench.standing(old).await.into_iter().map(|status| status == Superseded).collect::<Vec<_>>();
    let before = superseded().await;
    let accounts = bench.control.accounts(ordinals.len()).await;
    let payees: Vec<(u64, u64)> = accounts.into_iter().zip(500..).collect();
    let header = bench.successor(old, &payees);
    let refused = bench.supersede(&header, &payees, ordinals).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "PREDECESSOR_NOT_REPLACEABLE")
    );
    assert!(refused.message().contains(&pay(old, first)), "{refused}");
    is_not_there(bench, &header.run_id).await;
    assert_eq!(superseded().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_payout_is_replaced_by_one_other_and_never_tried_again() {
    let bench = Bench::start().await;
    let (old, payees) = failed_run(&bench, 3).await;
    let instead: Vec<(u64, u64)> = vec![(bench.control.accounts(1).await[0], 77)];
    let header = bench.successor(&old, &instead);
    let new = header.run_id.clone();
    bench.supersede(&header, &instead, &[3]).await.unwrap();
    let ended = bench.run(&old).await;
    assert_eq!(ended.state(), pb::RunState::Completed, "nothing of it has failed any more");
    let progress = ended.progress.unwrap();
    assert_eq!(progress.superseded.unwrap(), pb::Tally { payouts: 1, units: payees[3].1.to_string() });
    assert_eq!(bench.standing(&old).await, [Paid, Paid, Paid, Superseded]);
    let payouts = bench.payouts(&old).await;
    assert_eq!((&payouts[3].superseded_by, payouts[3].next_attempt_time), (&pay(&new, 0), None));
    assert_eq!(bench.payout(&payouts[3].id).await.attempts.len(), 2, "its attempts stay on the record");
    let filter =
        pb::ListPayoutsRequest { run_id: old.clone(), status: Superseded.into(), ..Default::default() };
    let listed = bench.client().list_payouts(bench.request(filter)).await.unwrap().into_inner().payouts;
    assert_eq!(listed, payouts[3..]);

    let run = bench.wait_end(&new).await;
    assert_eq!((run.state(), run.supersedes_run_id.as_str()), (pb::RunState::Completed, old.as_str()));
    assert_eq!(bench.payouts(&new).await[0].supersedes, pay(&old, 3));
    // Handed over again it is the same run; asked for again, the old payout has its one successor.
    bench.supersede(&header, &instead, &[3]).await.unwrap();
    assert_refused(&bench, &old, &[3], 3).await;

    let path = format!("/v1/tokens/{}/accounts/0.0.{}", bench.token, payees[3].0);
    bench.control.put(&path, json!({"associated": true})).await;
    assert_eq!(reason(&bench.retry(&old).await.unwrap_err()), "RUN_NOT_RETRYABLE");
    let refused = bench.retry_payouts(&old, &[3], "one").await.unwrap_err();
    assert_eq!(reason(&refused), "PAYOUT_NOT_FAILED");
    assert!(refused.message().contains("SUPERSEDED"), "{refused}");
    bench.assert_all_exactly_once(&[&old, &new]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn part_of_what_failed_together_is_replaced_and_the_rest_is_still_retried() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(5).await.into_iter().zip(100..).collect();
    let throttled = json!({"kind": "consensus_status", "times": 1, "status": "THROTTLED_AT_CONSENSUS"});
    bench.control.post("/v1/faults", throttled).await;
    let once = pb::RetryPolicy { max_attempts: 1, ..Default::default() };
    let header = pb::RunHeader { retry_policy: Some(once), ..bench.header(&payees) };
    let old = header.run_id.clone();
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait_end(&old).await;
    let (instead, named) = (vec![payees[1], payees[4]], [1, 4]);
    let header = bench.successor(&old, &instead);
    bench.supersede(&header, &instead, &named).await.unwrap();
    assert_eq!(bench.run(&old).await.state(), pb::RunState::Failed);
    assert_eq!(bench.standing(&old).await, [Failed, Superseded, Failed, Failed, Superseded]);
    assert_refused(&bench, &old, &[0, 4], 4).await;
    assert_eq!(bench.retry(&old).await.unwrap(), 3);
    bench.wait_end(&header.run_id).await;
    assert_eq!(bench.wait_end(&old).await.state(), pb::RunState::Completed);
    assert_eq!(bench.standing(&old).await, [Paid, Superseded, Paid, Paid, Superseded]);
    bench.assert_all_exactly_once(&[&old, &header.run_id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_under_way_in_doubt_or_waiting_is_not_replaced_until_it_is_cancelled() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(4).await.into_iter().zip(100..).collect();
    // The first fails and waits an hour, the second is paid, the third never arrives, the fourth is not begun.
    let fault = json!({"kind": "consensus_status", "times": 1, "status": "THROTTLED_AT_CONSENSUS"});
    bench.control.post("/v1/faults", fault).await;
    let hour = Some(prost_types::Duration { seconds: 3600, nanos: 0 });
    let policy = pb::RetryPolicy { base: hour, cap: hour, ..Default::default() };
    let header = pb::RunHeader { retry_policy: Some(policy), batch_size: 1, ..bench.header(&payees) };
    let old = header.run_id.clone();
    bench.start_run(&header, &payees[..]).await.unwrap();
    bench
        .wait(&old, "payment", |run| run.progress.as_ref().unwrap().paid.as_ref().unwrap().payouts > 0)
        .await;
    bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
    assert_refused(&bench, &old, &[0], 0).await;
    assert_refused(&bench, &old, &[1], 1).await;
    assert_refused(&bench, &old, &[7], 7).await;
    bench.control.clear_faults().await;
    bench
        .wait(&old, "payments", |run| run.progress.as_ref().unwrap().paid.as_ref().unwrap().payouts == 3)
        .await;

    assert_eq!(bench.cancel(&old).await.state(), pb::RunState::Cancelled);
    assert_eq!(bench.standing(&old).await, [Cancelled, Paid, Paid, Paid]);
    let header = bench.successor(&old, &payees[..1]);
    bench.supersede(&header, &payees[..1], &[0]).await.unwrap();
    assert_eq!(bench.run(&old).await.state(), pb::RunState::Cancelled);
    assert_eq!(bench.standing(&old).await, [Superseded, Paid, Paid, Paid]);
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_all_exactly_once(&[&old, &header.run_id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_or_in_doubt_is_replaced_only_once_its_absence_is_proven() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(100..).collect();
    bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
    bench.control.put("/v1/mirrors/0", json!({"lag_millis": 4000})).await;
    let header = bench.header(&payees);
    let old = header.run_id.clone();
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&old, "begin", |run| run.progress.as_ref().unwrap().attempts == 1).await;
    assert_refused(&bench, &old, &[0, 1], 0).await;
    bench.begin_cancel(&old).await;
    assert_refused(&bench, &old, &[1], 1).await;
    bench
        .wait(&old, "doubt", |run| run.progress.as_ref().unwrap().in_doubt.as_ref().unwrap().payouts == 2)
        .await;
    assert_refused(&bench, &old, &[0, 1], 0).await;
    bench.control.clear_faults().await;
    assert_eq!(bench.wait_end(&old).await.state(), pb::RunState::Cancelled);
    let header = bench.successor(&old, &payees);
    bench.supersede(&header, &payees, &[0, 1]).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_all_exactly_once(&[&old, &header.run_id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_begun_of_a_cancelled_run_and_what_waited_as_chosen_is_replaced() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(4).await.into_iter().zip(100..).collect();
    for status in ["TOKEN_NOT_ASSOCIATED_TO_ACCOUNT", "TOKEN_IS_PAUSED"] {
        let fault = json!({"kind": "consensus_status", "times": 1, "status": status});
        bench.control.post("/v1/faults", fault).await;
    }
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    let old = header.run_id.clone();
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&old, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(bench.standing(&old).await, [Failed, Pending, Pending, Pending]);
    bench.retry_payouts(&old, &[0], "one").await.unwrap();
    assert_refused(&bench, &old, &[0], 0).await;
    assert_refused(&bench, &old, &[3], 3).await;
    bench.cancel(&old).await;
    assert_eq!(bench.standing(&old).await, [Cancelled; 4]);
    // Not in the old order: the payees are other ones.
    let header = bench.successor(&old, &payees);
    bench.supersede(&header, &payees, &[3, 0, 2, 1]).await.unwrap();
    assert_eq!(bench.standing(&old).await, [Superseded; 4]);
    let by: Vec<String> = bench.payouts(&old).await.into_iter().map(|payout| payout.superseded_by).collect();
    assert_eq!(by, [1, 3, 2, 0].map(|ordinal| pay(&header.run_id, ordinal)));
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    let payouts = bench.payouts(&header.run_id).await;
    assert_eq!(account(&payouts[0]), format!("0.0.{}", payees[0].0));
    bench.assert_all_exactly_once(&[&old, &header.run_id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_that_does_not_say_what_it_replaces_is_refused_and_writes_nothing() {
    let bench = Bench::start().await;
    let (old, payees) = failed_run(&bench, 0).await;
    let header = bench.successor(&old, &payees);
    let refused = bench.start_run(&header, &payees).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "an instruction that replaces nothing: {refused}");
    let plain = bench.header(&payees);
    let refused = bench.supersede(&plain, &payees, &[0]).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "a header that replaces nothing: {refused}");
    let unknown = bench.successor(&format!("run_{}", "0".repeat(32)), &payees);
    assert_eq!(reason(&bench.supersede(&unknown, &payees, &[0]).await.unwrap_err()), "RUN_NOT_FOUND");
    let itself = pb::RunHeader { supersedes_run_id: plain.run_id.clone(), ..plain.clone() };
    assert_eq!(bench.supersede(&itself, &payees, &[0]).await.unwrap_err().code(), Code::InvalidArgument);
    // Two that would replace one.
    let two: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(100..).collect();
    let header = bench.successor(&old, &two);
    let refused = bench.supersede(&header, &two, &[0, 0]).await.unwrap_err();
    assert_eq!(reason(&refused), "PREDECESSOR_NOT_REPLACEABLE");
    for run in [&header.run_id, &unknown.run_id, &plain.run_id] {
        is_not_there(&bench, run).await;
    }
    assert_eq!(bench.standing(&old).await, [Failed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_one_successor_of_a_payout_and_one_predecessor_of_a_successor() {
    let bench = Bench::start().await;
    let (old, payees) = failed_run(&bench, 1).await;
    let header = bench.successor(&old, &payees[1..]);
    bench.supersede(&header, &payees[1..], &[1]).await.unwrap();
    let mut conn = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    for (what, sql) in [
        (
            "a second row of a payout",
            "INSERT INTO live_attempt SELECT * FROM live_attempt WHERE attempt_id IS NULL",
        ),
        (
            "a second predecessor",
            "INSERT INTO live_attempt (run_id, ordinal, successor_run_id, successor_ordinal) \
             SELECT run_id, 99, successor_run_id, successor_ordinal FROM live_attempt WHERE attempt_id IS NULL",
        ),
        (
            "an attempt beside a successor",
            "UPDATE live_attempt SET attempt_id = (SELECT attempt_id FROM attempt LIMIT 1) WHERE attempt_id IS NULL",
        ),
        ("a row of nothing", "UPDATE live_attempt SET attempt_id = NULL"),
        ("a payout superseded twice", "INSERT INTO superseded_payout SELECT * FROM superseded_payout"),
        (
            "a payout chosen that was never in the attempt",
            "UPDATE attempt SET parted = ARRAY[7] WHERE state = 4",
        ),
    ] {
        conn.batch_execute(sql).await.expect_err(what);
    }
    bench.wait_end(&header.run_id).await;
}
