//! The good path: a list of payees is paid, and can be read.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use execution::Tuning;
use proto::execution::v1 as pb;
use serde_json::json;

use crate::doubt::all_doubtful;
use crate::support::{Bench, quick};

#[tokio::test(flavor = "multi_thread")]
async fn every_payee_of_a_list_is_paid_once_and_the_ledger_agrees() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(250).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let run = bench.wait_end(&header.run_id).await;
    assert_eq!(run.state(), pb::RunState::Completed);
    let progress = run.progress.unwrap();
    assert_eq!(progress.paid.unwrap().payouts, 250);
    assert_eq!(
        (progress.batches_done, progress.batches_total, progress.attempts, progress.retries),
        (3, 3, 30, 0)
    );
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_worked_on_side_by_side_when_asked_for() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(120).await.into_iter().zip(1..).collect();
    let header = pb::RunHeader { parallelism: 4, batch_size: 10, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

/// One worker, four batches, of which it may have two at a time, and a network that takes a while.
async fn two_at_a_time(bench: &Bench) -> pb::RunHeader {
    let payees: Vec<(u64, u64)> = bench.control.accounts(36).await.into_iter().zip(1..).collect();
    bench.control.post("/v1/faults", json!({"kind": "delay_effect", "millis": 700})).await;
    let header = pb::RunHeader { parallelism: 2, batch_size: 9, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    let processing = |run: &pb::Run| run.progress.as_ref().unwrap().processing.as_ref().unwrap().payouts;
    let both = |run: &pb::Run| {
        assert!(processing(run) <= 18, "more than two batches: {run:?}");
        processing(run) == 18
    };
    bench.wait(&header.run_id, "two batches at a time", both).await;
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_has_as_many_batches_at_a_time_as_the_run_allows() {
    let bench = Bench::with(Tuning { workers: 1, ..quick() }).await;
    let header = two_at_a_time(&bench).await;
    let run = bench.wait_end(&header.run_id).await;
    assert_eq!(run.state(), pb::RunState::Completed);
    assert_eq!(run.progress.unwrap().attempts, 4);
    bench.assert_exactly_once(&header.run_id).await;
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Epoch {
    #[diesel(sql_type = BigInt)]
    lease_epoch: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_lost_keeps_nothing_of_the_visits_other_batches_from_being_recorded() {
    let bench = Bench::with(Tuning { workers: 1, ..quick() }).await;
    let header = two_at_a_time(&bench).await;
    let mut conn = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    let stolen = "UPDATE batch SET lease_epoch = lease_epoch + 1, lease_until = clock_timestamp() WHERE number = \
        (SELECT min(number) FROM batch WHERE lease_until IS NOT NULL)";
    assert_eq!(diesel::sql_query(stolen).execute(&mut conn).await.unwrap(), 1);
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
    // The one that was lost was taken by another visit, whoever wrote what the rail did; the others needed no second one.
    let sql = "SELECT lease_epoch FROM batch ORDER BY lease_epoch";
    let epochs: Vec<Epoch> = diesel::sql_query(sql).load(&mut conn).await.unwrap();
    assert_eq!(epochs, [1, 1, 1, 3].map(|lease_epoch| Epoch { lease_epoch }));
}

#[derive(Debug, QueryableByName)]
struct Leased {
    #[diesel(sql_type = BigInt)]
    batches: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_is_looked_up_one_batch_a_visit() {
    let bench = Bench::with(Tuning { workers: 1, ..quick() }).await;
    let (run, _) = all_doubtful(&bench, "lost_after", 4, 4).await;
    let mut conn = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    let sql = "SELECT count(*) AS batches FROM batch WHERE lease_until >= clock_timestamp()";
    let mut most = 0;
    for _ in 0..80 {
        most = diesel::sql_query(sql).get_result::<Leased>(&mut conn).await.unwrap().batches.max(most);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(most, 1);
    bench.control.clear_faults().await;
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&run).await;
}

#[derive(Debug, QueryableByName)]
struct Reading {
    #[diesel(sql_type = Text)]
    relname: String,
    #[diesel(sql_type = BigInt)]
    rows_read: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_reads_does_not_grow_with_the_run() {
    const ATTEMPTS: i64 = 300;
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2_700).await.into_iter().zip(1..).collect();
    let header = pb::RunHeader { batch_size: 9, parallelism: 8, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    // Watched four times a second, because each look reads all batches.
    let message = pb::WatchRunRequest { run_id: header.run_id.clone() };
    let mut watch = bench.client().watch_run(bench.request(message)).await.unwrap().into_inner();
    let mut last = None;
    while let Some(now) = watch.message().await.unwrap() {
        last = now.run;
    }
    assert_eq!(last.unwrap().state(), pb::RunState::Completed);
    // Sessions report what they have read once a second, when they work.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let mut conn = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    let sql = "SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows_read FROM pg_stat_user_tables \
        WHERE relname IN ('attempt', 'batch', 'live_attempt', 'instruction')";
    let readings: Vec<Reading> = diesel::sql_query(sql).load(&mut conn).await.unwrap();
    let of = |name: &str| readings.iter().find(|reading| reading.relname == name).unwrap().rows_read;
    // One look at an attempt when it is decided and one when its batch is counted; a plan that reads the whole run
    // for each batch would make it a hundred and fifty.
    assert!((ATTEMPTS..20 * ATTEMPTS).contains(&of("attempt")), "{readings:?}");
    assert!(of("live_attempt") < 20 * ATTEMPTS, "{readings:?}");
    // A batch for each attempt here: to look for the one that is due does not read all that wait.
    assert!(of("batch") < 80 * ATTEMPTS, "{readings:?}");
    // Once to cut batches, once to plan attempts.
    assert!(of("instruction") <= 4 * 9 * ATTEMPTS, "{readings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_payout_shows_its_attempt_with_evidence() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(3).await.into_iter().zip(10..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait_end(&header.run_id).await;
    let payouts = bench.payouts(&header.run_id).await;
    let story = bench.payout(&payouts[1].id).await;
    assert_eq!(story.payout.as_ref(), Some(&payouts[1]));
    let [attempt] = story.attempts.as_slice() else { panic!("one attempt: {:#?}", story.attempts) };
    assert_eq!((attempt.state(), attempt.ordinals.as_slice()), (pb::AttemptState::Settled, &[0, 1, 2][..]));
    assert_eq!(attempt.transaction_id, payouts[1].transaction_id);
    assert_eq!(attempt.transaction_hashes.len(), 2, "one copy for each of two nodes");
    let kinds: Vec<&str> = attempt.evidence.iter().map(|evidence| evidence.kind.as_str()).collect();
    assert_eq!(kinds, ["INTENDED", "DECIDED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page_and_filter() {
    let bench = Bench::start().await;
    let mut accounts = bench.control.accounts(20).await;
    accounts.push(bench.control.closed_account().await);
    let payees: Vec<(u64, u64)> = accounts.into_iter().zip(1..).collect();
    let header = pb::RunHeader { batch_size: 7, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Failed);
    let list = async |message: pb::ListPayoutsRequest| {
        bench.client().list_payouts(bench.request(message)).await.map(tonic::Response::into_inner)
    };
    let first = pb::ListPayoutsRequest { run_id: header.run_id.clone(), page_size: 15, ..Default::default() };
    let page = list(first.clone()).await.unwrap();
    assert_eq!(page.payouts.len(), 15);
    let rest = list(pb::ListPayoutsRequest { page_token: page.next_page_token.clone(), ..first.clone() })
        .await
        .unwrap();
    assert_eq!((rest.payouts.len(), rest.next_page_token.as_str()), (6, ""));
    assert_eq!(rest.payouts[0].ordinal, 15);
    let other = pb::ListPayoutsRequest {
        page_token: page.next_page_token,
        status: pb::PayoutStatus::Paid.into(),
        ..first.clone()
    };
    assert_eq!(crate::support::reason(&list(other).await.unwrap_err()), "PAGE_TOKEN_MISMATCH");
    let failed =
        list(pb::ListPayoutsRequest { status: pb::PayoutStatus::Failed.into(), ..first }).await.unwrap();
    assert_eq!(failed.payouts.len(), 1);
    assert_eq!(failed.payouts[0].failure.as_ref().unwrap().reason, "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT");
    let batches = pb::ListBatchesRequest { run_id: header.run_id, ..Default::default() };
    let batches = bench.client().list_batches(bench.request(batches)).await.unwrap().into_inner().batches;
    assert_eq!(batches.iter().map(|batch| batch.paid).collect::<Vec<_>>(), [7, 7, 6]);
    assert_eq!(batches[2].success_ppm, 857_142);
}
