//! A halted run goes on where it was once its cause is seen to be gone, and not before.

use std::time::Duration;

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use execution::Tuning;
use execution::store::alerts as stored;
use proto::execution::v1 as pb;
use serde_json::json;

use crate::alerts::alerts;
use crate::limits;
use crate::pause;
use crate::support::{Bench, quick};

/// Looks at what halted a run as soon as it may.
async fn eager() -> Bench {
    Bench::with(Tuning { recovery_ms: 100, ..quick() }).await
}

async fn payees(bench: &Bench, count: usize) -> Vec<(u64, u64)> {
    bench.control.accounts(count).await.into_iter().map(|to| (to, 100)).collect()
}

async fn halted(bench: &Bench, run: &str, reason: &str) {
    let halted = bench.wait(run, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(halted.halt.unwrap().reason, reason);
}

/// That it went on to its end by itself, and paid each payee once.
async fn went_on(bench: &Bench, run: &str, times: usize) {
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
    let all = alerts(bench, run, true).await;
    assert!(all.iter().all(|alert| alert.ended_by_itself && alert.end_time.is_some()), "{all:#?}");
    assert_eq!(all.len(), times);
}

async fn pause_token(bench: &Bench, paused: bool) {
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({ "paused": paused })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_funds_stays_halted_while_they_are_short_and_goes_on_when_they_are_there() {
    let bench = eager().await;
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let (poor, funding) = bench.poor_account().await;
    let send = async |units: u64| {
        let tokens = json!({"token": bench.token, "from": operator, "to": poor, "units": units});
        bench.control.post("/v1/moves", tokens).await;
    };
    send(350).await;
    let payees = payees(&bench, 6).await;
    let header =
        pb::RunHeader { batch_size: 1, funding_account_id: funding.id.clone(), ..bench.header(&payees) };
    let run = &header.run_id;
    bench.start_run(&header, &payees).await.unwrap();
    halted(&bench, run, "INSUFFICIENT_PAYER_BALANCE").await;
    let fees = json!({"from": operator, "to": poor, "units": 10_000_000_000_u64});
    bench.control.post("/v1/moves", fees).await;
    // The fees are there, and of 600 units only 350: it waits for both.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.run(run).await.state(), pb::RunState::Halted);
    send(150).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waiting = bench.run(run).await;
    assert_eq!((waiting.state(), waiting.progress.unwrap().paid.unwrap().payouts), (pb::RunState::Halted, 0));
    // One who goes on in spite of it is halted by the other reason; then all of it is there.
    bench.retry(run).await.unwrap();
    halted(&bench, run, "INSUFFICIENT_TOKEN_BALANCE").await;
    assert_eq!(bench.run(run).await.progress.unwrap().paid.unwrap().payouts, 5);
    send(100).await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
    let ended: Vec<bool> = alerts(&bench, run, true).await.iter().map(|one| one.ended_by_itself).collect();
    assert_eq!(ended, [true, false], "the second by itself, the first by a person");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_time_a_run_goes_on_by_itself_counts_and_what_has_failed_stays_failed() {
    let bench = eager().await;
    let mut payees = payees(&bench, 3).await;
    payees.push((bench.control.closed_account().await, 100));
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    let run = &header.run_id;
    pause_token(&bench, true).await;
    bench.start_run(&header, &payees).await.unwrap();
    halted(&bench, run, "TOKEN_IS_PAUSED").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(alerts(&bench, run, true).await.len(), 1, "it has not been tried meanwhile");
    pause_token(&bench, false).await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Failed);
    // A person tries the failed one again while the token is paused, so that the run halts anew.
    pause_token(&bench, true).await;
    bench.retry(run).await.unwrap();
    halted(&bench, run, "TOKEN_IS_PAUSED").await;
    let mut conn = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    let open = stored::open(&mut conn, run.parse().unwrap()).await.unwrap();
    assert_eq!(open.iter().map(|open| open.times).collect::<Vec<_>>(), [1]);
    pause_token(&bench, false).await;
    let ended = bench.wait_end(run).await;
    assert_eq!(ended.progress.unwrap().failed.unwrap().payouts, 1);
    let [first, second] = alerts(&bench, run, true).await.try_into().unwrap();
    assert!(first.ended_by_itself && second.ended_by_itself);
    assert_eq!(bench.control.effects(&bench.token).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_batch_is_above_the_days_limit_waits_for_another_limit_and_not_for_another_day() {
    let bench = eager().await;
    limits::set(&bench, "day", [0, 0, 299]).await.unwrap();
    let payees = payees(&bench, 3).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    halted(&bench, &header.run_id, "DAILY_LIMIT_BELOW_BATCH").await;
    limits::set(&bench, "more", [0, 0, 300]).await.unwrap();
    went_on(&bench, &header.run_id, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_key_is_lost_says_so_keeps_no_other_waiting_and_goes_on_when_it_is_back() {
    let mut bench = Bench::with(Tuning { recovery_ms: 100, workers: 1, ..quick() }).await;
    let (key, spare) = (bench.dir.path().join("operator.key"), bench.dir.path().join("spare.key"));
    std::fs::copy(&key, &spare).unwrap();
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let other = bench.create_funding_account("other", &operator, "spare", "other").await.unwrap().id;
    let hidden = bench.dir.path().join("hidden");
    std::fs::rename(&key, &hidden).unwrap();
    // Keys that were read are kept; the next process has to read them anew.
    bench.restart().await;
    let (lost, fine) = (payees(&bench, 3).await, payees(&bench, 3).await);
    let older = bench.header(&lost);
    bench.start_run(&older, &lost).await.unwrap();
    let newer = pb::RunHeader { funding_account_id: other, ..bench.header(&fine) };
    bench.start_run(&newer, &fine).await.unwrap();
    halted(&bench, &older.run_id, "KEY_NOT_READABLE").await;
    let [alert] = alerts(&bench, &older.run_id, false).await.try_into().unwrap();
    assert!(alert.failure.as_ref().unwrap().hint.contains("put it back"), "{alert:?}");
    assert_eq!(bench.wait_end(&newer.run_id).await.state(), pb::RunState::Completed);
    assert_eq!(bench.run(&older.run_id).await.progress.unwrap().attempts, 0);
    std::fs::rename(&hidden, &key).unwrap();
    assert_eq!(bench.wait_end(&older.run_id).await.state(), pb::RunState::Completed);
    bench.assert_all_exactly_once(&[&older.run_id, &newer.run_id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reached_the_days_limit_goes_on_when_it_is_set_anew() {
    let bench = eager().await;
    limits::set(&bench, "day", [0, 0, 250]).await.unwrap();
    let payees = payees(&bench, 3).await;
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    halted(&bench, &header.run_id, "DAILY_LIMIT_REACHED").await;
    limits::set(&bench, "more", [0, 0, 300]).await.unwrap();
    went_on(&bench, &header.run_id, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_key_was_another_goes_on_once_the_right_one_is_used() {
    let mut bench = eager().await;
    let file = bench.dir.path().join("operator.key");
    let own = std::fs::read(&file).unwrap();
    std::fs::write(&file, "07".repeat(32)).unwrap();
    bench.restart().await;
    let payees = payees(&bench, 3).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let seen = bench.wait(&header.run_id, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert!(seen.halt.unwrap().reason.ends_with("SIGNATURE"));
    std::fs::write(&file, own).unwrap();
    bench.restart().await;
    went_on(&bench, &header.run_id, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_paused_does_not_go_on_when_the_cause_is_gone() {
    let bench = eager().await;
    let payees = payees(&bench, 3).await;
    let header = bench.header(&payees);
    let run = &header.run_id;
    pause_token(&bench, true).await;
    bench.start_run(&header, &payees).await.unwrap();
    halted(&bench, run, "TOKEN_IS_PAUSED").await;
    pause::pause(&bench, pause::of_run(run), "stop").await.unwrap();
    pause_token(&bench, false).await;
    bench.wait(run, "end of the halt", |run| run.halt.is_none()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(bench.control.effects(&bench.token).await.len(), 0);
    pause::resume(&bench, pb::resume_request::Scope::RunId(run.clone()), "go").await;
    went_on(&bench, run, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_keys_are_right_it_goes_on_once_and_each_payee_who_has_to_sign_is_told() {
    let bench = eager().await;
    let payees = payees(&bench, 3).await;
    for (account, _) in &payees {
        let strict = json!({ "receiver_sig_required": true });
        bench.control.patch(&format!("/v1/accounts/0.0.{account}"), strict).await;
    }
    let header = bench.header(&payees);
    let run = &header.run_id;
    bench.start_run(&header, &payees).await.unwrap();
    let ended = bench.wait_end(run).await;
    assert_eq!((ended.state(), ended.progress.unwrap().failed.unwrap().payouts), (pb::RunState::Failed, 3));
    for payout in bench.payouts(run).await {
        assert_eq!(payout.failure.unwrap().reason, "INVALID_SIGNATURE");
    }
    // Each payee alone had failed like all together, so that the sender was blamed at first.
    let [blamed] = alerts(&bench, run, true).await.try_into().unwrap();
    assert_eq!(
        (blamed.failure.unwrap().reason.as_str(), blamed.ended_by_itself),
        ("INVALID_SIGNATURE", true)
    );
    assert_eq!(bench.control.effects(&bench.token).await.len(), 0);
}
