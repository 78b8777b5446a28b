//! Handing a run over: all of it, as declared, once; or nothing.

use ids::{IdSource as _, RunId, SystemIds};
use proto::execution::v1 as pb;
use tokio_postgres::Client;
use tonic::Code;

use crate::support::{Bench, PATIENCE, reason};

fn payees() -> Vec<(u64, u64)> {
    vec![(1001, 5), (1002, 6), (1003, 7)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_as_declared_leaves_nothing() {
    let bench = Bench::start().await;
    let good = bench.header(&payees());
    let table: Vec<(&str, pb::RunHeader)> = vec![
        ("COUNT_MISMATCH", pb::RunHeader { count: 4, ..good.clone() }),
        ("COUNT_MISMATCH", pb::RunHeader { count: 2, ..good.clone() }),
        ("TOTAL_MISMATCH", pb::RunHeader { total_units: "19".to_owned(), ..good.clone() }),
        ("ROOT_MISMATCH", pb::RunHeader { entitlement_root: vec![0; 32], ..good.clone() }),
        (
            "FUNDING_ACCOUNT_NOT_FOUND",
            pb::RunHeader { funding_account_id: format!("fnd_{}", "0".repeat(32)), ..good.clone() },
        ),
        ("NETWORK_MISMATCH", pb::RunHeader { asset: "hedera:mainnet/hbar".to_owned(), ..good.clone() }),
        ("INVALID_ARGUMENT", pb::RunHeader { total_units: "1e3".to_owned(), ..good.clone() }),
        ("INVALID_ARGUMENT", pb::RunHeader { entitlement_root: vec![0; 31], ..good.clone() }),
        ("INVALID_ARGUMENT", pb::RunHeader { batch_size: 1001, ..good.clone() }),
        ("INVALID_ARGUMENT", pb::RunHeader { count: 0, ..good.clone() }),
    ];
    for (expected, header) in table {
        let refused = bench.start_run(&header, &payees()).await.unwrap_err();
        assert_eq!(reason(&refused), expected, "{refused:?}");
        let message = pb::GetRunRequest { run_id: header.run_id.clone() };
        let absent = bench.client().get_run(bench.request(message)).await.unwrap_err();
        assert_eq!(absent.code(), Code::NotFound);
    }
    assert_eq!(bench.control.effects(&bench.token).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn instructions_that_no_rail_could_pay_are_refused_by_name() {
    let bench = Bench::start().await;
    for (wrong, payees) in [
        ("repeated payee", vec![(1001, 5), (1001, 6)]),
        ("descending payees", vec![(1002, 5), (1001, 6)]),
        ("zero amount", vec![(1001, 0)]),
        ("amount beyond the network", vec![(1001, 1 << 63)]),
        ("zero account", vec![(0, 5)]),
    ] {
        let header = bench.header(&payees);
        let refused = bench.start_run(&header, &payees).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{wrong}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_a_run_again_is_the_first_start_and_another_header_is_refused() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(30).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    let starts = (0..5).map(|_| bench.start_run(&header, &payees));
    for started in futures::future::join_all(starts).await {
        assert_eq!(started.unwrap().id, header.run_id);
    }
    bench.wait_end(&header.run_id).await;
    assert_eq!(bench.start_run(&header, &payees).await.unwrap().state(), pb::RunState::Completed);
    let other = pb::RunHeader { batch_size: 5, ..header.clone() };
    assert_eq!(reason(&bench.start_run(&other, &payees).await.unwrap_err()), "RUN_ID_TAKEN");
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_leaves_nothing_and_can_be_sent_again() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(30).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    assert!(bench.start_run(&header, &payees[..20]).await.is_err());
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

/// The database as the service's own role sees it.
async fn database(bench: &Bench) -> Client {
    let (client, connection) = tokio_postgres::connect(&bench.db_url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The loads whose instructions are stored, and those of runs.
async fn loads(client: &Client) -> (i64, i64) {
    let query = "SELECT (SELECT count(DISTINCT load_id) FROM instruction), (SELECT count(*) FROM run)";
    let row = client.query_one(query, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_comes_twice_leaves_no_instructions() {
    let bench = Bench::start().await;
    let client = database(&bench).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(30).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    let starts = (0..5).map(|_| bench.start_run(&header, &payees));
    assert!(futures::future::join_all(starts).await.iter().all(Result::is_ok));
    bench.wait_end(&header.run_id).await;
    // Paid already, and so replaced by nothing.
    let successor = bench.successor(&header.run_id, &payees[..1]);
    let refused = bench.supersede(&successor, &payees[..1], &[0]).await.unwrap_err();
    assert_eq!(reason(&refused), "PREDECESSOR_NOT_REPLACEABLE");
    let unknown = bench.successor(&RunId::new(&SystemIds).to_string(), &payees[..1]);
    let refused = bench.supersede(&unknown, &payees[..1], &[0]).await.unwrap_err();
    assert_eq!(reason(&refused), "RUN_NOT_FOUND");
    assert_eq!(loads(&client).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hand_over_left_when_it_was_cut_off_is_removed_in_time_and_what_a_run_names_never() {
    let mut bench = Bench::start().await;
    let client = database(&bench).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(3).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let run: RunId = header.run_id.parse().unwrap();
    let load: ids::Uuid = client
        .query_one("SELECT load_id FROM run WHERE run_id = $1", &[&run.as_uuid()])
        .await
        .unwrap()
        .get(0);
    let (old, young) = (SystemIds.uuid(), SystemIds.uuid());
    // The last is what the database must not act on even if it were written.
    for (load, age) in [(old, "25 hours"), (young, "1 hour"), (load, "25 hours")] {
        let begun = format!(
            "INSERT INTO instruction_load (load_id, run_id, begun_at) VALUES ($1, $2, now() - interval '{age}')"
        );
        client.execute(&begun, &[&load, &run.as_uuid()]).await.unwrap();
        let row = "INSERT INTO instruction (run_id, load_id, ordinal, account, units) VALUES ($1, $2, 0, 7, 7) \
            ON CONFLICT DO NOTHING";
        client.execute(row, &[&run.as_uuid(), &load]).await.unwrap();
    }
    assert_eq!(loads(&client).await, (3, 1));
    bench.restart().await;
    let patience = tokio::time::Instant::now() + PATIENCE;
    while loads(&client).await != (2, 1) {
        assert!(tokio::time::Instant::now() < patience, "no end in time");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let left = client.query("SELECT DISTINCT load_id FROM instruction", &[]).await.unwrap();
    let left: Vec<ids::Uuid> = left.iter().map(|row| row.get(0)).collect();
    assert!(left.contains(&young) && left.contains(&load), "{left:?}");
    assert_eq!(bench.payouts(&header.run_id).await.len(), 3);
}
