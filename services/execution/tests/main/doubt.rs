//! Ending a doubt: by two people with evidence, never by one, never against what is known.

use proto::execution::v1 as pb;
use serde_json::json;
use tonic::Status;

use crate::support::{Bench, reason};

pub(crate) async fn say(
    bench: &Bench,
    attempt: &pb::Attempt,
    who: &str,
    outcome: pb::DoubtOutcome,
) -> Result<pb::ResolveInDoubtResponse, Status> {
    let message = pb::ResolveInDoubtRequest {
        attempt_id: attempt.id.clone(),
        run_id: attempt.run_id.clone(),
        outcome: outcome.into(),
        evidence: "seen in the explorer".to_owned(),
    };
    let key = ids::IdSource::uuid(&ids::SystemIds).to_string();
    bench.client().resolve_in_doubt(bench.as_user(message, who, &key)).await.map(tonic::Response::into_inner)
}

/// A run of two payees whose one attempt is in doubt: `fault` lost it, and no mirror node answers.
pub(crate) async fn doubtful(bench: &Bench, fault: &str) -> (String, pb::Attempt) {
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(7..).collect();
    bench.control.post("/v1/faults", json!({"kind": fault})).await;
    bench.control.post("/v1/faults", json!({"kind": "receipt_lost"})).await;
    bench.control.post("/v1/faults", json!({"kind": "mirror_error", "http_status": 503})).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let in_doubt = |run: &pb::Run| run.progress.as_ref().unwrap().in_doubt.as_ref().unwrap().payouts == 2;
    bench.wait(&header.run_id, "doubt", in_doubt).await;
    let payouts = bench.payouts(&header.run_id).await;
    let attempt = bench.payout(&payouts[0].id).await.attempts.remove(0);
    assert_eq!(attempt.state(), pb::AttemptState::InDoubt);
    (header.run_id, attempt)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_ends_as_unpaid_when_two_people_say_so_and_the_payees_are_paid_once() {
    let bench = Bench::start().await;
    let (run, attempt) = doubtful(&bench, "lost_before").await;
    assert!(say(&bench, &attempt, "alice", pb::DoubtOutcome::Unpaid).await.unwrap().awaiting_confirmation);
    let same = say(&bench, &attempt, "alice", pb::DoubtOutcome::Unpaid).await.unwrap_err();
    assert_eq!(reason(&same), "SAME_PERSON");
    let other = say(&bench, &attempt, "bob", pb::DoubtOutcome::Paid).await.unwrap_err();
    assert_eq!(reason(&other), "PROPOSAL_DIFFERS");
    let decided = say(&bench, &attempt, "carol", pb::DoubtOutcome::Unpaid).await.unwrap();
    assert_eq!(decided.attempt.unwrap().state(), pb::AttemptState::Dead);
    let late = say(&bench, &attempt, "dave", pb::DoubtOutcome::Unpaid).await.unwrap_err();
    assert_eq!(reason(&late), "ATTEMPT_DECIDED");
    bench.control.clear_faults().await;
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_ends_as_paid_when_two_people_say_so_and_nothing_is_sent_again() {
    let bench = Bench::start().await;
    let (run, attempt) = doubtful(&bench, "lost_after").await;
    assert!(say(&bench, &attempt, "alice", pb::DoubtOutcome::Paid).await.unwrap().awaiting_confirmation);
    let decided = say(&bench, &attempt, "bob", pb::DoubtOutcome::Paid).await.unwrap();
    assert_eq!(decided.attempt.unwrap().state(), pb::AttemptState::Settled);
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&run).await;
}
