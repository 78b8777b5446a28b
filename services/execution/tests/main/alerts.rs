//! What an operator has to end is told, once, until it has ended.

use proto::execution::v1 as pb;
use proto::execution::v1::alert_service_client::AlertServiceClient;
use proto::r#type::v1::FailureClass;
use serde_json::json;

use crate::support::Bench;

pub(crate) async fn alerts(bench: &Bench, run: &str, include_ended: bool) -> Vec<pb::Alert> {
    let message =
        pb::ListAlertsRequest { run_id: run.to_owned(), include_ended, page_size: 1, ..Default::default() };
    let (mut message, mut all) = (message, Vec::new());
    loop {
        let request = bench.request(message.clone());
        let page = AlertServiceClient::new(bench.channel()).list_alerts(request).await.unwrap().into_inner();
        all.extend(page.alerts);
        if page.next_page_token.is_empty() {
            return all;
        }
        message.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_funds_halt_the_run_and_alert_and_once_they_are_there_a_retry_pays_the_rest_once() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(6).await.into_iter().map(|to| (to, 100)).collect();
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let vault = format!("0.0.{}", bench.control.accounts(1).await[0]);
    let held = bench.control.get(&format!("/v1/accounts/{operator}")).await;
    let held = held["tokens"].as_array().unwrap().iter().find(|one| one["token_id"] == bench.token.as_str());
    let units: u64 = held.unwrap()["units"].as_str().unwrap().parse().unwrap();
    // Enough for three of six.
    let there = json!({"token": bench.token, "from": operator, "to": vault, "units": units - 350});
    bench.control.post("/v1/moves", there).await;
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    let run = header.run_id.clone();
    bench.start_run(&header, &payees).await.unwrap();
    let halted = bench.wait(&run, "halt", |run| run.state() == pb::RunState::Halted).await;
    let progress = halted.progress.unwrap();
    assert_eq!((progress.paid.unwrap().payouts, progress.failed.unwrap().payouts), (3, 0));
    let [open] = alerts(&bench, &run, false).await.try_into().unwrap();
    let failure = open.failure.clone().unwrap();
    assert_eq!(
        (failure.reason.as_str(), failure.class()),
        ("INSUFFICIENT_TOKEN_BALANCE", FailureClass::Operator)
    );
    assert!(!failure.hint.is_empty() && open.end_time.is_none());
    assert_eq!((&open.run_id, &open.distribution_id), (&run, &header.distribution_id));

    // Resumed too early, it halts again: another alert, after the first has ended.
    bench.retry(&run).await.unwrap();
    bench.wait(&run, "halt", |run| run.state() == pb::RunState::Halted).await;
    let all = alerts(&bench, &run, true).await;
    assert_eq!(all.iter().map(|alert| alert.end_time.is_none()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(all[1].id, open.id);

    let back = json!({"token": bench.token, "from": vault, "to": operator, "units": units - 350});
    bench.control.post("/v1/moves", back).await;
    bench.retry(&run).await.unwrap();
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&run).await;
    assert_eq!(alerts(&bench, &run, false).await, []);
    assert!(alerts(&bench, "", true).await.iter().all(|alert| alert.end_time.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_halted_run_ends_its_alerts() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(100..).collect();
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": true})).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&header.run_id, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(alerts(&bench, &header.run_id, false).await.len(), 1);
    bench.cancel(&header.run_id).await;
    assert_eq!(alerts(&bench, &header.run_id, false).await, []);
}
