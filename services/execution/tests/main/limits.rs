//! Limits: never exceeded by the ledger, taken once per payout, given back by what is proven dead.

use execution::Tuning;
use futures::StreamExt as _;
use proto::execution::v1 as pb;
use proto::execution::v1::funding_account_service_client::FundingAccountServiceClient;
use serde_json::json;
use tokio::sync::oneshot;
use tonic::Status;

use crate::support::{Bench, PATIENCE, instruction, quick, reason};

pub(crate) async fn set(
    bench: &Bench,
    key: &str,
    [per_payout, per_run, per_day]: [u64; 3],
) -> Result<pb::Limits, Status> {
    let text = |units: u64| if units == 0 { String::new() } else { units.to_string() };
    let message = pb::SetLimitsRequest {
        funding_account_id: bench.funding.clone(),
        asset: bench.asset.clone(),
        per_payout: text(per_payout),
        per_run: text(per_run),
        per_day: text(per_day),
        reason: "the board says so".to_owned(),
    };
    let request = bench.as_user(message, "adam", key);
    let answer = FundingAccountServiceClient::new(bench.channel()).set_limits(request).await?;
    Ok(answer.into_inner().limits.unwrap())
}

pub(crate) async fn taken(bench: &Bench) -> u64 {
    let message =
        pb::GetLimitsRequest { funding_account_id: bench.funding.clone(), asset: bench.asset.clone() };
    let request = bench.request(message);
    let answer = FundingAccountServiceClient::new(bench.channel()).get_limits(request).await.unwrap();
    answer.into_inner().limits.unwrap().reserved_today.parse().unwrap()
}

/// Starts a run; where all connections of the database are in use, again.
async fn start(bench: &Bench, header: &pb::RunHeader, payees: &[(u64, u64)]) {
    let patience = tokio::time::Instant::now() + PATIENCE;
    while let Err(error) = bench.start_run(header, payees).await {
        assert_eq!(reason(&error), "DATABASE_UNAVAILABLE");
        assert!(tokio::time::Instant::now() < patience, "no start in time");
    }
}

async fn paid(bench: &Bench) -> u64 {
    bench.control.effects(&bench.token).await.iter().map(|effect| effect.units).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_runs_that_start_at_once_never_pay_more_than_the_day_allows() {
    let bench = Bench::start().await;
    // All fifty but one unit: exactly one must be held.
    set(&bench, "day", [0, 0, 50 * 10 - 1]).await.unwrap();
    let accounts = bench.control.accounts(50).await;
    let headers: Vec<_> = accounts.iter().map(|it| (bench.header(&[(*it, 10)]), [(*it, 10)])).collect();
    futures::future::join_all(headers.iter().map(|(header, payees)| start(&bench, header, payees))).await;
    let mut halted = Vec::new();
    for (header, _) in &headers {
        let over = |run: &pb::Run| matches!(run.state(), pb::RunState::Halted | pb::RunState::Completed);
        let run = bench.wait(&header.run_id, "end or halt", over).await;
        if run.state() == pb::RunState::Halted {
            assert_eq!(run.halt.unwrap().reason, "DAILY_LIMIT_REACHED");
            halted.push(header.run_id.clone());
        }
    }
    assert_eq!((halted.len(), paid(&bench).await, taken(&bench).await), (1, 490, 490));
    // The limit is raised, and it goes on where it was.
    set(&bench, "more", [0, 0, 500]).await.unwrap();
    let retry = pb::RetryRunRequest { run_id: halted[0].clone() };
    bench.client().retry_run(bench.request(retry)).await.unwrap();
    assert_eq!(bench.wait_end(&halted[0]).await.state(), pb::RunState::Completed);
    assert_eq!((paid(&bench).await, taken(&bench).await), (500, 500));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_are_too_much_for_the_day_together_go_one_by_one() {
    let bench = Bench::with(Tuning { workers: 1, ..quick() }).await;
    set(&bench, "day", [0, 0, 25]).await.unwrap();
    let payees: Vec<(u64, u64)> =
        bench.control.accounts(4).await.into_iter().map(|account| (account, 10)).collect();
    let header = pb::RunHeader { batch_size: 1, parallelism: 4, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    let run = bench.wait(&header.run_id, "a halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(run.halt.unwrap().reason, "DAILY_LIMIT_REACHED");
    assert_eq!((paid(&bench).await, taken(&bench).await), (20, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_proven_dead_gives_back_and_a_retry_takes_once() {
    let bench = Bench::start().await;
    let mut payees: Vec<(u64, u64)> =
        bench.control.accounts(3).await.into_iter().map(|it| (it, 10)).collect();
    payees.push((bench.control.closed_account().await, 5));
    // Enough for all of them once: the four fail together, and are tried again each alone.
    set(&bench, "day", [0, 0, 35]).await.unwrap();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Failed);
    assert_eq!((paid(&bench).await, taken(&bench).await), (30, 30));
    let closed = payees[3].0;
    let relation = format!("/v1/tokens/{}/accounts/0.0.{closed}", bench.token);
    bench.control.put(&relation, json!({"associated": true})).await;
    let retry = pb::RetryRunRequest { run_id: header.run_id.clone() };
    bench.client().retry_run(bench.request(retry)).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    assert_eq!((paid(&bench).await, taken(&bench).await), (35, 35));
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_today_before_a_limit_was_set_counts() {
    let bench = Bench::start().await;
    let accounts = bench.control.accounts(2).await;
    let (first, second) = ([(accounts[0], 10)], [(accounts[1], 10)]);
    let header = bench.header(&first);
    bench.start_run(&header, &first).await.unwrap();
    bench.wait_end(&header.run_id).await;
    assert_eq!(set(&bench, "day", [0, 0, 19]).await.unwrap().reserved_today, "10");
    let header = bench.header(&second);
    bench.start_run(&header, &second).await.unwrap();
    let run = bench.wait(&header.run_id, "a halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(run.progress.unwrap().attempts, 0);
    // Without a limit it goes on; with one again, all of today counts.
    set(&bench, "none", [0, 0, 0]).await.unwrap();
    let retry = pb::RetryRunRequest { run_id: header.run_id.clone() };
    bench.client().retry_run(bench.request(retry)).await.unwrap();
    bench.wait_end(&header.run_id).await;
    let again = set(&bench, "again", [0, 0, 20]).await.unwrap();
    assert_eq!((again.reserved_today.as_str(), again.version), ("20", 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_or_a_run_beyond_its_limit_is_refused_when_it_is_handed_over() {
    let bench = Bench::start().await;
    let limits = set(&bench, "both", [10, 25, 0]).await.unwrap();
    assert_eq!((limits.version, limits.set_by.as_str()), (1, "adam"));
    let accounts = bench.control.accounts(3).await;
    let payees = |units: [u64; 3]| accounts.iter().copied().zip(units).collect::<Vec<_>>();
    for (units, why) in [([1, 11, 1], "LIMIT_PER_PAYOUT_EXCEEDED"), ([9, 9, 9], "LIMIT_PER_RUN_EXCEEDED")] {
        let payees = payees(units);
        let header = bench.header(&payees);
        let refused = bench.start_run(&header, &payees).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (tonic::Code::FailedPrecondition, why));
        if why == "LIMIT_PER_PAYOUT_EXCEEDED" {
            assert!(refused.message().contains("instructions[1]"), "{refused:?}");
        }
        let message = pb::GetRunRequest { run_id: header.run_id };
        assert_eq!(
            reason(&bench.client().get_run(bench.request(message)).await.unwrap_err()),
            "RUN_NOT_FOUND"
        );
    }
    let payees = payees([10, 10, 5]);
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    let mut bad = bench.as_user(pb::SetLimitsRequest::default(), "adam", "bad");
    bad.get_mut().per_day = "0".to_owned();
    let mut client = FundingAccountServiceClient::new(bench.channel());
    assert_eq!(client.set_limits(bad).await.unwrap_err().code(), tonic::Code::InvalidArgument);
}

/// Waits until instructions are being stored, and so the limits of before were read.
async fn until_loading(bench: &Bench) {
    let (client, connection) = tokio_postgres::connect(&bench.db_url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let loading = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'";
    let patience = tokio::time::Instant::now() + PATIENCE;
    while client.query(loading, &[]).await.unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < patience, "no load in time");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_counts_for_what_is_being_handed_over_when_it_is_set() {
    let bench = Bench::start().await;
    let accounts = bench.control.accounts(2).await;
    let payees = [(accounts[0], 10), (accounts[1], 11)];
    for (round, limits, why) in [
        (0, [10, 0, 0], Some("LIMIT_PER_PAYOUT_EXCEEDED")),
        (1, [0, 20, 0], Some("LIMIT_PER_RUN_EXCEEDED")),
        (2, [11, 21, 0], None),
    ] {
        set(&bench, &format!("none-{round}"), [0, 0, 0]).await.unwrap();
        let header = bench.header(&payees);
        let (go, wait) = oneshot::channel::<()>();
        let part = |part| pb::StartRunRequest { part: Some(part) };
        let first = part(pb::start_run_request::Part::Header(header.clone()));
        let instructions = (0..).zip(payees).map(|(ordinal, payee)| instruction(ordinal, payee)).collect();
        let rest = part(pb::start_run_request::Part::Instructions(pb::InstructionChunk { instructions }));
        let late = async move {
            wait.await.unwrap();
            rest
        };
        let stream = futures::stream::once(async { first }).chain(futures::stream::once(late));
        let (mut client, request) = (bench.client(), bench.request(stream));
        let started = tokio::spawn(async move { client.start_run(request).await });
        until_loading(&bench).await;
        set(&bench, &format!("set-{round}"), limits).await.unwrap();
        go.send(()).unwrap();
        let refused = started.await.unwrap().err().map(|status| reason(&status));
        assert_eq!(refused.as_deref(), why);
    }
}
