//! Batches: what is shown of each, and that a run goes through them one after another unless it is told otherwise.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use execution::Tuning;
use proto::execution::v1 as pb;
use serde_json::json;

use crate::pause;
use crate::support::{Bench, long_windows, quick, until};

/// No worker leaves a batch before its outcome is there.
fn patient() -> Tuning {
    Tuning { receipt_patience_ms: 30_000, node_deadline_ms: 10_000, ..quick() }
}

/// All batches of a run, one a page.
async fn batches(bench: &Bench, run: &str) -> Vec<pb::Batch> {
    let mut message =
        pb::ListBatchesRequest { run_id: run.to_owned(), page_size: 1, ..pb::ListBatchesRequest::default() };
    let mut all = Vec::new();
    loop {
        let page = bench.client().list_batches(bench.request(message.clone())).await.unwrap().into_inner();
        all.extend(page.batches);
        if page.next_page_token.is_empty() {
            return all;
        }
        message.page_token = page.next_page_token;
    }
}

fn time(at: Option<prost_types::Timestamp>) -> SystemTime {
    SystemTime::try_from(at.unwrap()).unwrap()
}

fn worked(batch: &pb::Batch) -> Duration {
    batch.duration.unwrap().try_into().unwrap()
}

/// Paid, failed and in doubt, and how many per million of those decided are paid.
fn tally(batch: &pb::Batch) -> (u32, u32, u32, u32) {
    (batch.paid, batch.failed, batch.in_doubt, batch.success_ppm)
}

/// That it is done, and took from its start to its end.
fn assert_done(batch: &pb::Batch) {
    assert_eq!(batch.state(), pb::BatchState::Done, "{batch:#?}");
    let took = time(batch.end_time).duration_since(time(batch.start_time)).unwrap();
    assert_eq!(worked(batch), took);
    assert!(took > Duration::ZERO && batch.next_time.is_none(), "{batch:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_says_nothing_of_it_has_one_batch_at_a_time() {
    let bench = Bench::with(patient()).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(36).await.into_iter().zip(1..).collect();
    bench.control.post("/v1/faults", json!({"kind": "delay_effect", "millis": 500})).await;
    let header = pb::RunHeader { batch_size: 9, ..bench.header(&payees) };
    assert_eq!(header.parallelism, 0);
    let run = bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(run.parallelism, 1);
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
    let mut all = batches(&bench, &header.run_id).await;
    all.sort_by_key(|batch| time(batch.start_time));
    for pair in all.windows(2) {
        assert!(time(pair[0].end_time) <= time(pair[1].start_time), "two at a time: {pair:#?}");
    }
    // The ledger says the same: each was sent when the one before had taken effect, and took as long as all do here.
    let of = |account: &str| payees.iter().position(|(payee, _)| account == format!("0.0.{payee}")).unwrap();
    let mut times: BTreeMap<usize, Duration> = BTreeMap::new();
    for effect in bench.control.effects(&bench.token).await {
        let (seconds, nanos) = effect.consensus.split_once('.').unwrap();
        let at = Duration::new(seconds.parse().unwrap(), nanos.parse().unwrap());
        assert_eq!(*times.entry(of(&effect.account) / 9).or_insert(at), at, "one transaction a batch");
    }
    let mut times: Vec<Duration> = times.into_values().collect();
    times.sort();
    assert_eq!(times.len(), 4);
    let apart = Duration::from_millis(500);
    assert!(times.windows(2).all(|pair| pair[0] + apart <= pair[1]), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_shows_how_far_it_is_before_while_and_after_it_is_worked_on() {
    let bench = Bench::with(patient()).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(5).await.into_iter().zip(1..).collect();
    pause::pause(&bench, pb::pause_request::Scope::Everything(()), "stop").await.unwrap();
    let header = pb::RunHeader { batch_size: 3, ..bench.header(&payees) };
    let run = &header.run_id;
    bench.start_run(&header, &payees).await.unwrap();
    let waiting = batches(&bench, run).await;
    let places = waiting.iter().map(|batch| (batch.run_id.as_str(), batch.number, batch.first_ordinal));
    assert_eq!(places.collect::<Vec<_>>(), [(run.as_str(), 1, 0), (run.as_str(), 2, 3)]);
    assert_eq!(
        waiting.iter().map(|batch| batch.size).collect::<Vec<_>>(),
        [3, 2],
        "the last has what is left"
    );
    for batch in &waiting {
        assert_eq!((batch.state(), tally(batch)), (pb::BatchState::Pending, (0, 0, 0, 0)));
        assert_eq!((batch.start_time, batch.end_time, batch.duration), (None, None, None));
        assert!(batch.next_time.is_some(), "{batch:#?}");
    }

    bench.control.post("/v1/faults", json!({"kind": "receipt_unknown"})).await;
    pause::resume(&bench, pb::resume_request::Scope::Everything(()), "go").await;
    let taken = async || {
        let all = batches(&bench, run).await;
        all.into_iter().find(|batch| batch.state() == pb::BatchState::Processing)
    };
    until("batch with a worker", async || taken().await.is_some()).await;
    let first = taken().await.unwrap();
    assert_eq!((tally(&first), first.end_time, first.next_time), ((0, 0, 0, 0), None, None));
    let longer = async || taken().await.is_some_and(|now| worked(&now) > worked(&first));
    until("time that it takes", longer).await;

    bench.control.clear_faults().await;
    bench.wait_end(run).await;
    let done = batches(&bench, run).await;
    done.iter().for_each(assert_done);
    assert_eq!(done.iter().map(tally).collect::<Vec<_>>(), [(3, 0, 0, 1_000_000), (2, 0, 0, 1_000_000)]);
    let began = done.iter().find(|batch| batch.number == first.number).unwrap().start_time;
    assert_eq!(began, first.start_time, "it starts once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_success_of_a_batch_is_of_what_is_decided_and_a_retry_opens_it_again() {
    let bench = Bench::with(long_windows()).await;
    let mut accounts = bench.control.accounts(12).await;
    let closed = bench.control.closed_account().await;
    accounts.push(closed);
    let payees: Vec<(u64, u64)> = accounts.into_iter().zip(1..).collect();
    // Of the first batch one transaction pays nine, and another, which is lost, the tenth.
    bench.control.post("/v1/faults", json!({"kind": "lost_before", "memo_contains": " 9+1"})).await;
    let header = pb::RunHeader { batch_size: 10, ..bench.header(&payees) };
    let run = &header.run_id;
    bench.start_run(&header, &payees).await.unwrap();
    let second = async || batches(&bench, run).await.remove(1).state() == pb::BatchState::Done;
    until("second batch", second).await;
    let [open, partly] = batches(&bench, run).await.try_into().unwrap();
    assert_ne!(open.state(), pb::BatchState::Done, "one is still awaited");
    assert_eq!((tally(&open), open.size, open.end_time), ((9, 0, 0, 1_000_000), 10, None));
    assert_done(&partly);
    assert_eq!(
        (tally(&partly), partly.size),
        ((2, 1, 0, 666_666), 3),
        "of the two that are decided, rounded down"
    );

    bench.control.clear_faults().await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Failed);
    let [whole, partly] = batches(&bench, run).await.try_into().unwrap();
    assert_done(&whole);
    assert_eq!((tally(&whole), whole.start_time), ((10, 0, 0, 1_000_000), open.start_time));

    let path = format!("/v1/tokens/{}/accounts/0.0.{closed}", bench.token);
    bench.control.put(&path, json!({"associated": true})).await;
    pause::pause(&bench, pb::pause_request::Scope::Everything(()), "stop").await.unwrap();
    bench.retry(run).await.unwrap();
    let again = batches(&bench, run).await.remove(1);
    assert_eq!((again.state(), tally(&again)), (pb::BatchState::Pending, (2, 0, 0, 1_000_000)));
    assert_eq!((again.start_time, again.end_time), (partly.start_time, None));
    assert!(worked(&again) > worked(&partly), "it is not over");
    pause::resume(&bench, pb::resume_request::Scope::Everything(()), "go").await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    let [same, mended] = batches(&bench, run).await.try_into().unwrap();
    assert_eq!(same, whole);
    assert_done(&mended);
    assert_eq!((tally(&mended), mended.start_time), ((3, 0, 0, 1_000_000), partly.start_time));
    assert!(time(mended.end_time) > time(partly.end_time));
    bench.assert_exactly_once(run).await;
}
