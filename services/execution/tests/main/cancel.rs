//! Cancelling: what is in flight is followed to its end, nothing new begins.

use proto::execution::v1 as pb;
use serde_json::json;

use crate::support::{Bench, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_pays_nothing_new_and_follows_what_is_in_flight() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(40).await.into_iter().zip(1..).collect();
    bench.control.post("/v1/faults", json!({"kind": "receipt_unknown", "millis": 2000})).await;
    let header = pb::RunHeader { batch_size: 9, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&header.run_id, "processing", |run| run.progress.as_ref().unwrap().attempts > 0).await;
    let cancel = pb::CancelRunRequest { run_id: header.run_id.clone(), reason: "wrong list".to_owned() };
    let run =
        bench.client().cancel_run(bench.request(cancel.clone())).await.unwrap().into_inner().run.unwrap();
    assert!(matches!(run.state(), pb::RunState::Cancelling | pb::RunState::Cancelled));
    let by = pb::Cancellation { by: "service:distribution".to_owned(), reason: "wrong list".to_owned() };
    assert_eq!(run.cancellation.as_ref(), Some(&by));
    let attempts = run.progress.as_ref().unwrap().attempts;
    let ended = bench.wait_end(&header.run_id).await;
    assert_eq!((ended.state(), ended.cancellation), (pb::RunState::Cancelled, Some(by)));
    let progress = ended.progress.unwrap();
    assert_eq!(progress.attempts, attempts, "no attempt was intended after cancel had returned");
    assert_eq!(progress.paid.unwrap().payouts + progress.cancelled.unwrap().payouts, 40);
    bench.assert_exactly_once(&header.run_id).await;
    let other = pb::CancelRunRequest { reason: "once more".to_owned(), ..cancel };
    let again = bench.client().cancel_run(bench.request(other)).await.unwrap().into_inner().run.unwrap();
    assert_eq!(again.cancellation.unwrap().reason, "wrong list", "the first word is kept");
    let retry = pb::RetryRunRequest { run_id: header.run_id };
    assert_eq!(
        reason(&bench.client().retry_run(bench.request(retry)).await.unwrap_err()),
        "RUN_NOT_RETRYABLE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_ended_cannot_be_cancelled_nor_retried_without_a_failure() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(3).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait_end(&header.run_id).await;
    let cancel = pb::CancelRunRequest { run_id: header.run_id.clone(), reason: String::new() };
    assert_eq!(reason(&bench.client().cancel_run(bench.request(cancel)).await.unwrap_err()), "RUN_ENDED");
    let retry = pb::RetryRunRequest { run_id: header.run_id };
    assert_eq!(
        reason(&bench.client().retry_run(bench.request(retry)).await.unwrap_err()),
        "RUN_NOT_RETRYABLE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_before_it_comes_is_refused_for_ever() {
    let bench = Bench::start().await;
    let payees = [(1001, 5)];
    let header = bench.header(&payees);
    let cancel = pb::CancelRunRequest { run_id: header.run_id.clone(), reason: String::new() };
    assert_eq!(reason(&bench.client().cancel_run(bench.request(cancel)).await.unwrap_err()), "RUN_NOT_FOUND");
    assert_eq!(reason(&bench.start_run(&header, &payees).await.unwrap_err()), "RUN_CANCELLED");
}
