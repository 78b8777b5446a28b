//! What goes wrong on the rail: survived, and never paid twice.

use proto::execution::v1 as pb;
use serde_json::json;

use crate::support::{Bench, account};

#[tokio::test(flavor = "multi_thread")]
async fn busy_nodes_and_lost_answers_cost_time_and_nothing_else() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(200).await.into_iter().zip(1..).collect();
    for fault in [
        json!({"kind": "busy", "percent": 20, "seed": 1}),
        json!({"kind": "lost_after", "percent": 20, "seed": 2}),
        json!({"kind": "lost_before", "percent": 20, "seed": 3}),
        json!({"kind": "refuse_resend", "percent": 30, "seed": 4, "status": "BUSY"}),
        json!({"kind": "mirror_error", "percent": 20, "seed": 5, "http_status": 503}),
    ] {
        bench.control.post("/v1/faults", fault).await;
    }
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let run = bench.wait_end(&header.run_id).await;
    assert_eq!(run.state(), pb::RunState::Completed, "{run:#?}");
    bench.assert_exactly_once(&header.run_id).await;
    let faults = bench.control.get("/v1/faults").await;
    let fired: Vec<u64> =
        faults["faults"].as_array().unwrap().iter().map(|fault| fault["fired"].as_u64().unwrap()).collect();
    assert!(fired[..3].iter().all(|fired| *fired > 0), "a fault that never fired shows nothing: {faults}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_payee_who_cannot_receive_spoils_nobody_else_and_is_paid_by_a_retry() {
    let bench = Bench::start().await;
    let mut accounts = bench.control.accounts(12).await;
    let closed = bench.control.closed_account().await;
    accounts.push(closed);
    accounts.extend(bench.control.accounts(12).await);
    let payees: Vec<(u64, u64)> = accounts.into_iter().zip(100..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Failed);
    let failed: Vec<pb::Payout> = bench
        .payouts(&header.run_id)
        .await
        .into_iter()
        .filter(|p| p.status() != pb::PayoutStatus::Paid)
        .collect();
    let [failed] = failed.as_slice() else { panic!("one failed: {failed:#?}") };
    assert_eq!(account(failed), format!("0.0.{closed}"));
    assert_eq!(failed.failure.as_ref().unwrap().class(), proto::r#type::v1::FailureClass::Recipient);
    let attempts = bench.payout(&failed.id).await.attempts;
    let sizes: Vec<usize> = attempts.iter().map(|attempt| attempt.ordinals.len()).collect();
    assert_eq!(sizes, [9, 1], "first with eight others, then alone");

    bench
        .control
        .put(&format!("/v1/tokens/{}/accounts/0.0.{closed}", bench.token), json!({"associated": true}))
        .await;
    let retry = pb::RetryRunRequest { run_id: header.run_id.clone() };
    let answer = bench.client().retry_run(bench.request(retry)).await.unwrap().into_inner();
    assert_eq!(answer.retried, 1);
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_never_arrived_is_paid_again_only_after_its_absence_is_proven() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(5).await.into_iter().zip(1..).collect();
    bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
    bench.control.put("/v1/mirrors/0", json!({"lag_millis": 4000})).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let in_doubt = bench.wait(&header.run_id, "doubt", |run| {
        run.progress.as_ref().unwrap().in_doubt.as_ref().unwrap().payouts == 5
    });
    in_doubt.await;
    bench.control.clear_faults().await;
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
    let payouts = bench.payouts(&header.run_id).await;
    let attempts = bench.payout(&payouts[0].id).await.attempts;
    assert_eq!(attempts.len(), 2);
    assert!(attempts[0].evidence.iter().any(|evidence| evidence.kind == "ABSENCE"), "{:#?}", attempts[0]);
    // A window of 15 s less the nodes' buffer of 10 s, a begin every 300 ms at most.
    assert!(attempts[0].send_begins <= 17, "sent when no node would take it: {:#?}", attempts[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_failure_halts_the_run_and_a_retry_resumes_it() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(30).await.into_iter().zip(1..).collect();
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": true})).await;
    let header = pb::RunHeader { batch_size: 10, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    let run = bench.wait(&header.run_id, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(run.halt.as_ref().unwrap().reason, "TOKEN_IS_PAUSED");
    assert_eq!(run.progress.unwrap().failed.unwrap().payouts, 0, "no payee is burnt");
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": false})).await;
    let retry = pb::RetryRunRequest { run_id: header.run_id.clone() };
    bench.client().retry_run(bench.request(retry)).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_single_payee_fails_alike_the_sender_is_blamed_and_nobody_burnt() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(18).await.into_iter().zip(1..).collect();
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let path = format!("/v1/tokens/{}/accounts/{operator}", bench.token);
    bench.control.put(&path, json!({"frozen": true})).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let run = bench.wait(&header.run_id, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(run.halt.as_ref().unwrap().reason, "ACCOUNT_FROZEN_FOR_TOKEN");
    assert_eq!(run.progress.unwrap().failed.unwrap().payouts, 0);
    bench.control.put(&path, json!({"frozen": false})).await;
    let retry = pb::RetryRunRequest { run_id: header.run_id.clone() };
    bench.client().retry_run(bench.request(retry)).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}
