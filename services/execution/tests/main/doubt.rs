//! Ending a doubt: by two people with evidence, never by one, never against what is known.

use std::time::Duration;

use execution::Tuning;
use proto::execution::v1 as pb;
use serde_json::json;
use tonic::Status;

use crate::pause;
use crate::support::{Bench, long_windows, quick, reason, until};

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
    let (run, mut attempts) = all_doubtful(bench, fault, 1, 1).await;
    (run, attempts.remove(0))
}

/// The same, of so many batches of two payees; with the attempt of each.
pub(crate) async fn all_doubtful(
    bench: &Bench,
    fault: &str,
    batches: usize,
    parallelism: u32,
) -> (String, Vec<pb::Attempt>) {
    let payees: Vec<(u64, u64)> = bench.control.accounts(2 * batches).await.into_iter().zip(7..).collect();
    bench.control.post("/v1/faults", json!({"kind": fault})).await;
    bench.control.post("/v1/faults", json!({"kind": "receipt_lost"})).await;
    bench.control.post("/v1/faults", json!({"kind": "mirror_error", "http_status": 503})).await;
    let header = pb::RunHeader { batch_size: 2, parallelism, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    let in_doubt = |run: &pb::Run| run.progress.as_ref().unwrap().in_doubt.as_ref().unwrap().payouts;
    bench.wait(&header.run_id, "doubt", |run| in_doubt(run) == payees.len() as u64).await;
    let mut attempts = Vec::new();
    for payout in bench.payouts(&header.run_id).await.iter().step_by(2) {
        attempts.push(bench.payout(&payout.id).await.attempts.remove(0));
    }
    assert!(attempts.iter().all(|attempt| attempt.state() == pb::AttemptState::InDoubt));
    (header.run_id, attempts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_ends_as_unpaid_when_two_people_say_so_and_the_payees_are_paid_once() {
    let bench = Bench::start().await;
    let (run, attempt) = doubtful(&bench, "lost_before").await;
    assert!(say(&bench, &attempt, "alice", pb::DoubtOutcome::Unpaid).await.unwrap().awaiting_confirmation);
    let same = say(&bench, &attempt, "alice", pb::DoubtOutcome::Unpaid).await.unwrap_err();
    assert_eq!(reason(&same), "SAME_PERSON");
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

/// What people say one after another, who says otherwise then, and that nothing is decided.
async fn open_after(
    bench: &Bench,
    attempt: &pb::Attempt,
    (who, outcome): (&str, pb::DoubtOutcome),
    otherwise: &[&str],
) {
    let answer = say(bench, attempt, who, outcome).await.unwrap();
    assert_eq!(answer.differs_from, otherwise, "after {who}");
    assert!(answer.awaiting_confirmation);
    assert_eq!(answer.attempt.unwrap().state(), pb::AttemptState::InDoubt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_word_is_kept_and_corrected_by_who_said_it_and_nothing_is_decided_while_words_differ() {
    use pb::DoubtOutcome::{Paid, Unpaid};
    let bench = Bench::start().await;
    let (run, attempt) = doubtful(&bench, "lost_after").await;
    open_after(&bench, &attempt, ("alice", Unpaid), &[]).await;
    open_after(&bench, &attempt, ("bob", Paid), &["alice"]).await;
    // Two against one decide nothing either.
    open_after(&bench, &attempt, ("carol", Paid), &["alice"]).await;
    open_after(&bench, &attempt, ("carol", Unpaid), &["bob"]).await;
    open_after(&bench, &attempt, ("alice", Paid), &["carol"]).await;
    let decided = say(&bench, &attempt, "carol", Paid).await.unwrap();
    assert!(!decided.awaiting_confirmation && decided.differs_from.is_empty());
    let attempt = decided.attempt.unwrap();
    assert_eq!(attempt.state(), pb::AttemptState::Settled);
    let payout = bench.payouts(&run).await.remove(0);
    let evidence = bench.payout(&payout.id).await.attempts.remove(0).evidence;
    let words: Vec<&str> = evidence
        .iter()
        .filter(|seen| seen.kind == "OPERATOR")
        .map(|seen| seen.detail.split('.').next().unwrap())
        .collect();
    assert_eq!(
        words,
        ["alice: Unpaid", "bob: Paid", "carol: Paid", "carol: Unpaid", "alice: Paid", "carol: Paid"]
    );
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_calls_unpaid_what_closed_less_than_the_margin_ago() {
    let bench = Bench::with(Tuning { absence_margin_s: 3_600, ..quick() }).await;
    let (_, attempt) = doubtful(&bench, "lost_before").await;
    let refused = say(&bench, &attempt, "alice", pb::DoubtOutcome::Unpaid).await.unwrap_err();
    assert_eq!(reason(&refused), "WINDOW_OPEN");
    // What the rail shows it shows for good: that needs no closed window.
    for who in ["alice", "bob"] {
        say(&bench, &attempt, who, pb::DoubtOutcome::Paid).await.unwrap();
    }
}

/// That whatever anybody says of this attempt is refused, and that nothing is kept of it.
async fn is_refused(bench: &Bench, payout: &str, because: &str) {
    let before = bench.payout(payout).await;
    let attempt = before.attempts.last().unwrap();
    for who in ["alice", "bob"] {
        for outcome in [pb::DoubtOutcome::Paid, pb::DoubtOutcome::Unpaid] {
            let refused = say(bench, attempt, who, outcome).await.unwrap_err();
            assert_eq!(reason(&refused), because, "{who}: {outcome:?}");
        }
    }
    assert_eq!(bench.payout(payout).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_what_is_not_in_doubt() {
    let bench = Bench::with(long_windows()).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(7..).collect();
    bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let intended = |run: &pb::Run| run.progress.as_ref().unwrap().attempts == 1;
    bench.wait(&header.run_id, "intent", intended).await;
    // Paused, so that no worker adds to it: once a look has passed without a word, none does any more.
    pause::pause(&bench, pause::of_run(&header.run_id), "stop").await.unwrap();
    let payout = bench.payouts(&header.run_id).await.remove(0).id;
    let still = async || {
        let before = bench.payout(&payout).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.payout(&payout).await == before
    };
    until("rest", still).await;
    is_refused(&bench, &payout, "ATTEMPT_NOT_IN_DOUBT").await;
    bench.control.clear_faults().await;
    pause::resume(&bench, pb::resume_request::Scope::RunId(header.run_id.clone()), "go").await;
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_what_the_rail_has_decided() {
    let bench = Bench::start().await;
    let open = bench.control.accounts(1).await[0];
    let payees = [(open, 7), (bench.control.closed_account().await, 8)];
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Failed);
    for payout in bench.payouts(&header.run_id).await {
        is_refused(&bench, &payout.id, "ATTEMPT_DECIDED").await;
    }
    assert_eq!(
        bench.standing(&header.run_id).await,
        [pb::PayoutStatus::Paid, pb::PayoutStatus::Failed],
        "as the rail decided"
    );
    bench.assert_exactly_once(&header.run_id).await;
}
