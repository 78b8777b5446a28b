//! Leases: as long as the visit they are for, and no longer.

use std::time::Duration;

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use execution::Tuning;
use execution::store::claims::{self, DueBatch, Planned};
use proto::execution::v1 as pb;
use serde_json::json;

use crate::pause::{of_run, pause};
use crate::support::{Bench, quick};

/// An id is asked for twice, with a pause longer than a lease, before the walk begins that proves its absence. Every visit
/// is so, and other workers are there to take the batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_that_takes_longer_than_its_lease_keeps_it_and_records_what_it_learnt() {
    let bench = Bench::with(Tuning { lease_ms: 100, workers: 4, ..quick() }).await;
    bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
    let payees = [(bench.control.accounts(1).await[0], 100)];
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&header.run_id, "attempt", |run| run.progress.as_ref().unwrap().attempts == 1).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    bench.control.clear_faults().await;
    let away = json!({"kind": "mirror_error", "http_status": 503, "path_contains": "/transactions/"});
    bench.control.post("/v1/faults", away).await;
    let ended = bench.wait_end(&header.run_id).await;
    assert_eq!((ended.state(), ended.progress.unwrap().attempts), (pb::RunState::Completed, 2));
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_extended_by_whoever_has_it_and_not_once_it_has_run_out() {
    const LEASE: Duration = Duration::from_mins(1);
    let bench = Bench::start().await;
    let payees = [(bench.control.accounts(1).await[0], 100)];
    let header = bench.header(&payees);
    bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
    bench.start_run(&header, &payees).await.unwrap();
    pause(&bench, of_run(&header.run_id), "hold").await.unwrap();
    let conn = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    let batch = DueBatch {
        run: header.run_id.parse().unwrap(),
        number: 1,
        first_ordinal: 0,
        size: 1,
        slot: 0,
        // After whatever workers take meanwhile.
        epoch: 1_000,
        attempts: 1,
        paused: true,
        adopted: false,
    };
    claims::take(&conn, &batch, LEASE, Planned::default()).await.unwrap();
    assert!(claims::extend(&conn, &batch, LEASE).await.unwrap());
    let overtaken = DueBatch { epoch: 999, ..batch };
    assert!(!claims::extend(&conn, &overtaken, LEASE).await.unwrap());
    claims::take(&conn, &batch, Duration::ZERO, Planned::default()).await.unwrap();
    assert!(!claims::extend(&conn, &batch, LEASE).await.unwrap());
}
