//! Balances, records, and the proof of absence over HTTP.

use super::{FakeMirror, Reply, account, ok, status, token};
use crate::ids::TransactionId;
use crate::mirror::absence::{Absence, Window};
use crate::mirror::{BalancePage, MirrorError};
use crate::status::Status;
use crate::time::NS_PER_S;

/// As early as what is shown at once ends late.
const NOW_NS: i64 = 200_000_000_000;

const LIST: &str = "/api/v1/tokens/0.0.456858/balances";

fn balances(timestamp: &str, rows: &[(u64, u64)], next: Option<&str>) -> Reply {
    let rows: Vec<_> = rows
        .iter()
        .map(|(num, units)| format!("{{\"account\":\"0.0.{num}\",\"balance\":{units}}}"))
        .collect();
    let next = next.map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
    ok(format!(
        "{{\"timestamp\":{timestamp},\"balances\":[{}],\"links\":{{\"next\":{next}}}}}",
        rows.join(",")
    ))
}

#[tokio::test]
async fn pages_are_followed_to_the_end_with_the_time_of_each() {
    let next = format!("{LIST}?limit=2&account.id=gt:0.0.9");
    let first = balances("\"5.000000001\"", &[(2, 10), (9, i64::MAX.unsigned_abs())], Some(&next));
    let mirror = FakeMirror::start([first, balances("\"6.000000000\"", &[(10, 0)], None)]).await;
    let client = mirror.client();
    let mut pages = client.balances(token(), Some(7_000_000_000), 2);
    let (one, two) = (pages.next().await, pages.next().await);
    let rows = vec![(account(2), 10), (account(9), i64::MAX.unsigned_abs())];
    assert_eq!(one, Ok(Some(BalancePage { timestamp_ns: Some(5_000_000_001), rows })));
    let rows = vec![(account(10), 0)];
    assert_eq!(two, Ok(Some(BalancePage { timestamp_ns: Some(6_000_000_000), rows })));
    assert_eq!(pages.next().await, Ok(None));
    assert_eq!(mirror.asked(), [format!("{LIST}?order=asc&limit=2&timestamp=lte:7.000000000"), next]);
}

#[tokio::test]
async fn a_token_without_stored_balances_has_one_empty_page_without_a_time() {
    let mirror = FakeMirror::start([balances("null", &[], None)]).await;
    let client = mirror.client();
    let mut pages = client.balances(token(), None, 1_000);
    assert_eq!(pages.next().await, Ok(Some(BalancePage { timestamp_ns: None, rows: Vec::new() })));
    assert_eq!(pages.next().await, Ok(None));
    assert_eq!(mirror.asked(), [format!("{LIST}?order=asc&limit=100")]);
}

#[tokio::test]
async fn a_page_that_links_to_itself_ends() {
    let own = format!("{LIST}?limit=2");
    let mirror = FakeMirror::start([balances("\"5.000000001\"", &[(2, 10)], Some(&own))]).await;
    let client = mirror.client();
    let mut pages = client.balances(token(), None, 2);
    assert!(pages.next().await.is_ok());
    assert!(matches!(pages.next().await, Err(MirrorError::Malformed { .. })));
    assert_eq!(pages.next().await, Ok(None));
    assert_eq!(mirror.asked().len(), 2);
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let next = format!("{LIST}?limit=1");
    let replies = (1..=9).map(|num| balances("\"5.000000001\"", &[(num, 1)], Some(&next)));
    let mirror = FakeMirror::start(replies).await;
    let client = mirror.client();
    let mut pages = client.balances(token(), None, 1);
    for _ in 0..5 {
        assert!(pages.next().await.is_ok());
    }
    assert!(matches!(pages.next().await, Err(MirrorError::Endless { pages: 5, .. })));
}

#[tokio::test]
async fn links_that_lead_elsewhere_or_nowhere_are_refused() {
    for next in [
        "http://evil.example/api/v1/tokens",
        "//evil.example/",
        "@evil.example/",
        "/api/v1/accounts?limit=1",
        "",
    ] {
        let mirror = FakeMirror::start([balances("\"5.000000001\"", &[(2, 10)], Some(next))]).await;
        let error = mirror.client().balances(token(), None, 2).next().await.expect_err("a link elsewhere");
        assert!(matches!(error, MirrorError::Malformed { .. }), "{next}: {error}");
    }
    let own = format!("{LIST}?limit=2");
    let mirror = FakeMirror::start([balances("\"5.000000001\"", &[], Some(&own))]).await;
    assert!(mirror.client().balances(token(), None, 2).next().await.is_err());
}

#[tokio::test]
async fn balances_that_are_no_counts_are_malformed() {
    for body in ["-1", "1.5", "18446744073709551616", "\"1\"", "1e3"] {
        let row = format!("{{\"account\":\"0.0.2\",\"balance\":{body}}}");
        let page = format!("{{\"timestamp\":null,\"balances\":[{row}],\"links\":{{\"next\":null}}}}");
        let mirror = FakeMirror::start([ok(page)]).await;
        assert!(mirror.client().balances(token(), None, 2).next().await.is_err(), "{body}");
    }
}

fn id() -> TransactionId {
    TransactionId::new(account(1001), 100_000_000_000)
}

fn window() -> Window {
    Window { id: id(), expiry_ns: 120_000_000_000, margin_ns: 30_000_000_000 }
}

/// Records at these whole seconds; true is a record of the id in question.
fn transactions(rows: &[(u32, bool)]) -> Reply {
    let hash = "vigzKe2J7fv4ktHBbNTSzQmKq7Lzdq1/lJMmHT+a2KgvdhAuadlvS4eKeqKjIRmW";
    let rows: Vec<_> = rows
        .iter()
        .map(|(seconds, ours)| {
            let id = if *ours { "0.0.1001-100-000000000" } else { "0.0.1001-99-000000007" };
            format!(
                r#"{{"transaction_id":"{id}","result":"SUCCESS","consensus_timestamp":"{seconds}.000000000","nonce":0,
                "scheduled":false,"transaction_hash":"{hash}","node":"0.0.3","charged_tx_fee":7,"max_fee":"33",
                "memo_base64":"YSBtZW1v",
                "transfers":[{{"account":"0.0.1001","amount":-7,"is_approval":false}}],
                "token_transfers":[{{"token_id":"0.0.5","account":"0.0.9","amount":1200,"is_approval":false}}]}}"#
            )
        })
        .collect();
    ok(format!("{{\"transactions\":[{}],\"links\":{{\"next\":null}}}}", rows.join(",")))
}

#[tokio::test]
async fn what_came_after_is_read_in_order_with_both_ends_stated_and_its_memo() {
    let mirror = FakeMirror::start([transactions(&[(105, true), (106, false)])]).await;
    let records =
        mirror.client().transactions_after(account(1001), 100_000_000_000, NOW_NS).await.expect("a page");
    let times: Vec<i64> = records.iter().map(|record| record.consensus_ns).collect();
    assert_eq!(times, [105_000_000_000, 106_000_000_000]);
    assert_eq!(records[0].memo, "a memo");
    let times = "timestamp=gt:100.000000000&timestamp=lte:5097700.000000000";
    let path = format!("/api/v1/transactions?account.id=0.0.1001&{times}&order=asc&limit=100");
    assert_eq!(mirror.asked(), [path]);
}

#[tokio::test]
async fn where_nothing_happened_for_longer_than_is_shown_at_once_later_stretches_are_asked_for() {
    const DAY: u32 = 86_400;
    let (none, later) = (transactions(&[]), transactions(&[(90 * DAY, false), (90 * DAY + 1, false)]));
    // One that came before it, and that the replica which was asked first did not show.
    let all = transactions(&[(58 * DAY, true), (90 * DAY, false)]);
    let mirror = FakeMirror::start([none.clone(), later, all]).await;
    let now_ns = i64::from(100 * DAY) * NS_PER_S;
    let records = mirror.client().transactions_after(account(1001), 0, now_ns).await.expect("a page");
    let days: Vec<i64> =
        records.iter().map(|record| record.consensus_ns / NS_PER_S / i64::from(DAY)).collect();
    assert_eq!(days, [58, 90]);
    let stretch = |from: u32, to: u32| {
        let times = format!("timestamp=gt:{}.000000000&timestamp=lte:{}.000000000", from * DAY, to * DAY);
        format!("/api/v1/transactions?account.id=0.0.1001&{times}&order=asc&limit=100")
    };
    assert_eq!(mirror.asked(), [stretch(0, 59), stretch(59, 118), stretch(31, 90)]);
    // The present ends it.
    let mirror = FakeMirror::start([none]).await;
    assert_eq!(mirror.client().transactions_after(account(1001), 0, now_ns).await, Ok(Vec::new()));
    assert_eq!(mirror.asked(), [stretch(0, 59), stretch(59, 118)]);
}

#[tokio::test]
async fn a_page_out_of_order_or_from_before_is_no_answer() {
    for rows in [&[(106, true), (105, false)][..], &[(105, true), (105, false)], &[(100, true)]] {
        let mirror = FakeMirror::start([transactions(rows)]).await;
        let answer = mirror.client().transactions_after(account(1001), 100_000_000_000, NOW_NS).await;
        assert!(matches!(answer, Err(MirrorError::Malformed { .. })), "{rows:?}");
    }
}

#[tokio::test]
async fn the_records_of_an_id_are_read_whole() {
    let mirror = FakeMirror::start([transactions(&[(105, true)])]).await;
    let records = mirror.client().transaction(&id()).await.expect("an answer");
    let record = &records[0];
    assert_eq!((record.status(), record.consensus_ns), (Some(Status::SUCCESS), 105_000_000_000));
    assert_eq!((record.hash.len(), record.charged_tx_fee, record.node), (48, 7, Some(account(3))));
    assert_eq!((record.transfers[0].amount, record.transfers[0].token_id), (-7, None));
    assert_eq!((record.token_transfers[0].account, record.token_transfers[0].amount), (account(9), 1200));
    assert!(record.is_top_level());
    assert_eq!(mirror.asked(), ["/api/v1/transactions/0.0.1001-100-000000000"]);
}

#[tokio::test]
async fn an_unknown_id_has_no_records_and_a_foreign_record_is_refused() {
    let mirror = FakeMirror::start([status(404), transactions(&[(105, false)])]).await;
    assert_eq!(mirror.client().transaction(&id()).await, Ok(Vec::new()));
    assert!(mirror.client().transaction(&id()).await.is_err());
}

#[tokio::test]
async fn absence_is_proven_by_one_current_list() {
    let mirror =
        FakeMirror::start([transactions(&[(151, false)]), transactions(&[(151, false), (101, false)])]).await;
    let absence = mirror.client().absence(window()).await;
    assert_eq!(absence, Ok(Absence::Proven { newest_consensus_ns: 151_000_000_000, pages: 1 }));
    let list = "/api/v1/transactions?account.id=0.0.1001";
    assert_eq!(
        mirror.asked(),
        [
            format!("{list}&timestamp=gt:150.000000000&order=asc&limit=1"),
            format!("{list}&timestamp=gte:100.000000000&timestamp=lte:151.000000000&order=desc&limit=100"),
        ]
    );
}

#[tokio::test]
async fn absence_needs_a_later_transaction_and_the_same_replica_to_show_it() {
    let none = FakeMirror::start([transactions(&[])]).await;
    assert_eq!(none.client().absence(window()).await, Ok(Absence::NotCurrent));
    let lagging = FakeMirror::start([transactions(&[(151, false)]), transactions(&[(101, false)])]).await;
    assert_eq!(lagging.client().absence(window()).await, Ok(Absence::NotCurrent));
}

#[tokio::test]
async fn a_transaction_that_is_there_is_found() {
    let page = transactions(&[(151, false), (105, true), (101, false)]);
    let mirror = FakeMirror::start([transactions(&[(151, false)]), page]).await;
    let Ok(Absence::Found(records)) = mirror.client().absence(window()).await else { panic!("not found") };
    assert_eq!(records.iter().map(|record| record.consensus_ns).collect::<Vec<_>>(), [105_000_000_000]);
}

#[tokio::test]
async fn an_absence_walk_that_never_ends_is_given_up() {
    // Full pages, each starting where the one before ended, without an end in sight.
    let pages = (0..9).map(|page: u32| {
        let newest = 2_000 - page * 99;
        transactions(&(0..100).map(|row| (newest - row, false)).collect::<Vec<_>>())
    });
    let mirror = FakeMirror::start(std::iter::once(transactions(&[(2_000, false)])).chain(pages)).await;
    let config = crate::mirror::MirrorConfig { body_bytes_max: 1 << 20, ..mirror.config() };
    let client = crate::mirror::Mirror::new(config).expect("a valid URL");
    assert!(matches!(client.absence(window()).await, Err(MirrorError::Endless { pages: 5, .. })));
}
