//! Handing a run over: all of it, as declared, once; or nothing.

use proto::execution::v1 as pb;
use tonic::Code;

use crate::support::{Bench, reason};

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
