//! Which failures are tried again by themselves, as the run says.

use std::time::SystemTime;

use proto::execution::v1 as pb;
use serde_json::json;
use tonic::Code;

use crate::support::{Bench, account};

fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_receive_is_tried_again_alone_as_often_as_the_policy_says() {
    let bench = Bench::start().await;
    let mut accounts = bench.control.accounts(3).await;
    accounts.push(bench.control.closed_account().await);
    let payees: Vec<(u64, u64)> = accounts.iter().copied().zip(100..).collect();
    let quick = Some(prost_types::Duration { seconds: 0, nanos: 20_000_000 });
    let policy = pb::RetryPolicy {
        max_attempts: 1,
        base: quick,
        cap: quick,
        factor_hundredths: 100,
        jitter_percent: Some(0),
        recipient_max_attempts: 3,
    };
    let header = pb::RunHeader { retry_policy: Some(policy), ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    let run = bench.wait_end(&header.run_id).await;
    assert_eq!((run.state(), run.retry_policy), (pb::RunState::Failed, Some(policy)));
    let payouts = bench.payouts(&header.run_id).await;
    assert_eq!(account(&payouts[3]), format!("0.0.{}", accounts[3]));
    let sizes = |story: pb::GetPayoutResponse| -> Vec<usize> {
        story.attempts.iter().map(|attempt| attempt.ordinals.len()).collect()
    };
    // Together, and then alone as often as it may.
    assert_eq!(sizes(bench.payout(&payouts[3].id).await), [4, 1, 1, 1]);
    assert_eq!(sizes(bench.payout(&payouts[0].id).await), [4, 1]);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_waits_says_when_it_goes_again_and_one_that_does_not_says_nothing() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(100..).collect();
    let throttled = json!({"kind": "consensus_status", "times": 1, "status": "THROTTLED_AT_CONSENSUS"});
    bench.control.post("/v1/faults", throttled).await;
    let policy = pb::RetryPolicy {
        base: Some(seconds(3600)),
        cap: Some(seconds(7200)),
        jitter_percent: Some(0),
        ..Default::default()
    };
    let header = pb::RunHeader { retry_policy: Some(policy), batch_size: 1, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    bench
        .wait(&header.run_id, "payment", |run| {
            run.progress.as_ref().unwrap().paid.as_ref().unwrap().payouts == 1
        })
        .await;
    let payouts = bench.payouts(&header.run_id).await;
    assert_eq!(payouts[0].status(), pb::PayoutStatus::Pending);
    let next = SystemTime::try_from(payouts[0].next_attempt_time.unwrap()).unwrap();
    let decided = SystemTime::try_from(payouts[0].update_time.unwrap()).unwrap();
    let wait_s = next.duration_since(decided).unwrap().as_secs();
    assert!((3599..=3601).contains(&wait_s), "{wait_s} s");
    assert_eq!((payouts[1].status(), payouts[1].next_attempt_time), (pb::PayoutStatus::Paid, None));
    bench.cancel(&header.run_id).await;
    assert_eq!(bench.payouts(&header.run_id).await[0].next_attempt_time, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_out_of_bounds_is_refused_by_its_field_and_nothing_is_stored() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(1).await.into_iter().zip(100..).collect();
    let bad = [
        pb::RetryPolicy { factor_hundredths: 99, ..Default::default() },
        pb::RetryPolicy { factor_hundredths: 1001, ..Default::default() },
        pb::RetryPolicy { jitter_percent: Some(101), ..Default::default() },
        pb::RetryPolicy { recipient_max_attempts: 21, ..Default::default() },
        pb::RetryPolicy { max_attempts: 21, ..Default::default() },
        pb::RetryPolicy { base: Some(seconds(0)), ..Default::default() },
        pb::RetryPolicy { base: Some(seconds(2)), cap: Some(seconds(1)), ..Default::default() },
    ];
    for policy in bad {
        let header = pb::RunHeader { retry_policy: Some(policy), ..bench.header(&payees) };
        let refused = bench.start_run(&header, &payees).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{policy:?}");
        let missing =
            bench.client().get_run(bench.request(pb::GetRunRequest { run_id: header.run_id })).await;
        assert_eq!(missing.unwrap_err().code(), Code::NotFound);
    }
}
