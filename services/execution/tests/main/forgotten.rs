//! What a restored database has forgotten and nobody hands over again is not paid again under another id.

use std::time::{Duration, SystemTime};

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use execution::MIGRATIONS;
use execution::domain::adoption::Effect;
use execution::store::swept_effects::{self, Outcome};
use ids::{AttemptId, SystemIds};
use pg::testing::TestDb;
use proto::execution::v1 as pb;
use proto::execution::v1::restore_service_client::RestoreServiceClient;
use serde_json::json;
use tonic::Status;

use crate::alerts;
use crate::control::Control;
use crate::restorable::{Back, Restorable};
use crate::support::{Bench, reason, until};
use crate::sweep::{
    bench, forgotten_and_not_yet_seen, found, is_swept_for, pause, payees, resume, start, wait_swept,
};
use crate::withdraw::{destination, run_of, withdraw};

/// How many payments the ledger shows.
async fn payments(bench: &Bench) -> usize {
    bench.control.effects(&bench.token).await.len()
}

/// The run halts, or has, because payments wait for runs that are not here; the alert's hint names this one.
async fn assert_held_back(bench: &Bench, run: &str, forgotten: &str) {
    let halted = bench.wait(run, "a halt", |run| run.state() == pb::RunState::Halted).await;
    let why = halted.halt.unwrap();
    assert_eq!((why.reason.as_str(), why.class), ("FORGOTTEN_PAYMENTS", 3));
    let alerts = alerts::alerts(bench, run, false).await;
    assert_eq!(alerts.len(), 1);
    let hint = &alerts[0].failure.as_ref().unwrap().hint;
    assert!(hint.contains(forgotten) && hint.contains("bursar restore payments --open"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_run_that_comes_again_under_another_id_is_halted_until_a_person_has_compared() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let (twenty, others) = (payees(&bench, 20).await, payees(&bench, 3).await);
    let bank = destination(&bench).await;
    bench.kill().await;
    restorable.save().await;
    bench.serve(restorable.db().await).await;
    let forgotten = start(&bench, &twenty).await;
    assert_eq!(bench.wait_end(&forgotten.run_id).await.state(), pb::RunState::Completed);
    let withdrawn = withdraw(&bench, bank, 5, "once").await.unwrap();
    bench.wait_end(&run_of(&withdrawn)).await;
    bench.kill().await;
    restorable.put_back(Back::Recovered).await;
    bench.serve(restorable.db().await).await;
    let done = wait_swept(&bench, 2).await;
    assert_eq!((done.adopted, done.waiting, done.breaks), (0, 4, 0));
    assert_eq!(payments(&bench).await, 21);

    // A schedule that fires again mints another run; a withdrawal's key is forgotten with the withdrawal.
    let again = start(&bench, &twenty).await;
    assert_held_back(&bench, &again.run_id, &forgotten.run_id).await;
    let withdrawn_again = run_of(&withdraw(&bench, bank, 5, "once").await.unwrap());
    assert_held_back(&bench, &withdrawn_again, &run_of(&withdrawn)).await;
    // Handed over under its own id it is what was paid.
    bench.start_run(&forgotten, &twenty).await.unwrap();
    assert_eq!(bench.wait_end(&forgotten.run_id).await.state(), pb::RunState::Completed);
    bench.cancel(&again.run_id).await;
    // What is neither is let go by a person.
    let other = start(&bench, &others).await;
    assert_held_back(&bench, &other.run_id, &run_of(&withdrawn)).await;
    assert_eq!(payments(&bench).await, 21);
    bench.retry(&other.run_id).await.unwrap();
    assert_eq!(bench.wait_end(&other.run_id).await.state(), pb::RunState::Completed);
    assert_eq!(payments(&bench).await, 24);
    // Once it is said that they are accounted for, nothing more is halted for them.
    assert_eq!(acknowledge(&bench, &run_of(&withdrawn)).await.unwrap(), 1);
    assert_eq!(found(&bench, true).await, []);
    let next = run_of(&withdraw(&bench, bank, 5, "next").await.unwrap());
    assert_eq!(bench.wait_end(&next).await.state(), pb::RunState::Completed);
    assert_eq!(bench.run(&withdrawn_again).await.state(), pb::RunState::Halted);
    let unknown = acknowledge(&bench, &forgotten.run_id).await.unwrap_err();
    assert_eq!(reason(&unknown), "RUN_NOT_FORGOTTEN");
}

async fn acknowledge(bench: &Bench, run: &str) -> Result<u64, Status> {
    let message = pb::AcknowledgeForgottenRunRequest {
        run_id: run.to_owned(),
        reason: "the bank's statement shows it".to_owned(),
    };
    let request = bench.as_user(message, "adam", run);
    let answer = RestoreServiceClient::new(bench.channel()).acknowledge_forgotten_run(request).await?;
    Ok(answer.into_inner().payments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_comes_before_the_sweep_has_found_what_was_paid_is_halted_at_its_end() {
    let (_restorable, bench, payees, forgotten) = forgotten_and_not_yet_seen().await;
    let again = start(&bench, &payees).await;
    assert!(is_swept_for(&bench.run(&again.run_id).await));
    assert_eq!(wait_swept(&bench, 2).await.waiting, 3);
    assert_held_back(&bench, &again.run_id, &forgotten.run_id).await;
    assert_eq!(payments(&bench).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_one_payment_are_one_payment() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let nine = payees(&bench, 9).await;
    pause(&bench).await;
    let header = start(&bench, &nine).await;
    bench.kill().await;
    restorable.save().await;
    bench.serve(restorable.db().await).await;
    // The first copy comes late, after another that was sent because nobody answered.
    let late = json!({"kind": "delay_effect", "millis": 4_000, "times": 1, "lose_answer": true});
    bench.control.post("/v1/faults", late).await;
    resume(&bench, "one").await;
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    let (mirror, operator) =
        (&bench.sandbox.network().mirror.url, bench.sandbox.network().operator.account_id);
    let (mirror, path) =
        (Control::new(mirror), format!("/api/v1/transactions?account.id={operator}&result=fail"));
    let second = async || mirror.get(&path).await["transactions"][0]["result"] == "DUPLICATE_TRANSACTION";
    until("second copy", second).await;
    bench.kill().await;
    restorable.put_back(Back::Recovered).await;
    bench.serve(restorable.db().await).await;
    resume(&bench, "two").await;
    let done = wait_swept(&bench, 2).await;
    assert_eq!((done.adopted, done.waiting, done.breaks), (1, 0, 0));
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    assert_eq!(payments(&bench).await, 9);
    assert_eq!(alerts::alerts(&bench, &header.run_id, true).await, [], "nothing was wrong with it");
}

#[tokio::test]
async fn what_was_found_to_be_a_break_stays_one() {
    let db = TestDb::create("execution", MIGRATIONS).await;
    let mut conn = AsyncPgConnection::establish(&db.url).await.unwrap();
    let node = hedera::AccountId::from_num(3).unwrap();
    let effect = Effect {
        attempt: AttemptId::new(&SystemIds),
        place: None,
        transaction: hedera::TransactionId::new(node, 1),
        consensus_ns: 2,
        node,
        hash: Vec::new(),
        asset: "hedera:sandbox/hbar".parse().unwrap(),
        gains: Vec::new(),
    };
    for outcome in [Outcome::Waiting, Outcome::Break, Outcome::Adopted] {
        swept_effects::record(&mut conn, 1, &effect, outcome, "it was looked at").await.unwrap();
    }
    assert_eq!(swept_effects::tally(&mut conn, 1).await.unwrap(), [0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_payer_that_paid_nothing_for_ninety_days_is_looked_through() {
    let bench = Bench::start().await;
    let payees = payees(&bench, 2).await;
    let header = start(&bench, &payees).await;
    bench.wait_end(&header.run_id).await;
    let since = SystemTime::now() - Duration::from_hours(24 * 90);
    let message = pb::DeclareRestoreRequest { since_time: Some(since.into()), reason: "a copy".to_owned() };
    let request = bench.as_user(message, "adam", "declare");
    RestoreServiceClient::new(bench.channel()).declare_restore(request).await.unwrap();
    let done = wait_swept(&bench, 2).await;
    assert_eq!((done.adopted, done.waiting, done.breaks), (0, 0, 0));
}
