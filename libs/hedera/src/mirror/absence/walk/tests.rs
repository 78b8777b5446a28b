//! Walks over replicas that each hold a prefix of the ledger.

use proptest::collection::vec;
use proptest::prelude::{any, proptest};

use super::{Absence, Step, Walk, Window};
use crate::ids::{AccountId, TransactionId};
use crate::mirror::TransactionRecord;

const START_NS: i64 = 1_000;
const EXPIRY_NS: i64 = 1_100;
const MARGIN_NS: i64 = 30;

fn id(valid_start_ns: i64) -> TransactionId {
    TransactionId::new(AccountId::from_num(1001).expect("a number in range"), valid_start_ns)
}

fn window() -> Window {
    Window { id: id(START_NS), expiry_ns: EXPIRY_NS, margin_ns: MARGIN_NS }
}

fn record(consensus_ns: i64, ours: bool) -> TransactionRecord {
    TransactionRecord {
        transaction_id: id(if ours { START_NS } else { START_NS + 1 }),
        result: "SUCCESS".to_owned(),
        consensus_ns,
        nonce: 0,
        scheduled: false,
        hash: vec![7; 48],
        node: None,
        charged_tx_fee: 0,
        transfers: Vec::new(),
        token_transfers: Vec::new(),
        memo: String::new(),
    }
}

/// The page of a replica that has taken in the ledger up to a time, and whether it says that the list goes on.
fn answer(
    ledger: &[TransactionRecord],
    upto_ns: i64,
    cursor_ns: i64,
    limit: usize,
) -> (Vec<TransactionRecord>, bool) {
    let asked = START_NS..=cursor_ns.min(upto_ns);
    let mut rows = ledger.iter().rev().filter(|row| asked.contains(&row.consensus_ns)).cloned();
    let page = rows.by_ref().take(limit).collect();
    (page, rows.next().is_some())
}

/// Walks with page `n` answered by the replica that is current up to `replicas[n]` (the last one answers the rest).
fn walk(
    ledger: &[TransactionRecord],
    anchor_ns: i64,
    replicas: &[i64],
    limit: usize,
) -> Result<Absence, &'static str> {
    let mut walk = Walk::new(window(), anchor_ns);
    for page in 0..1_000 {
        let upto_ns = replicas[page.min(replicas.len() - 1)];
        let (rows, more) = answer(ledger, upto_ns, walk.cursor_ns(), limit);
        match walk.page(rows, limit, more)? {
            Step::Continue => {}
            Step::Done(absence) => return Ok(absence),
        }
    }
    panic!("a walk over {} transactions takes more than 1,000 pages", ledger.len())
}

fn ledger(times_ns: &[i64], ours_ns: Option<i64>) -> Vec<TransactionRecord> {
    let mut rows: Vec<_> = times_ns.iter().map(|ns| record(*ns, false)).collect();
    rows.extend(ours_ns.map(|ns| record(ns, true)));
    rows.sort_by_key(|row| row.consensus_ns);
    rows.dedup_by_key(|row| row.consensus_ns);
    rows
}

#[test]
fn a_copy_that_leaves_the_id_open_is_no_outcome_and_another_beside_it_is() {
    let copy = |consensus_ns, result: &str| TransactionRecord {
        result: result.to_owned(),
        ..record(consensus_ns, true)
    };
    let anchor = record(1_200, false);
    for result in ["INVALID_NODE_ACCOUNT", "INVALID_PAYER_SIGNATURE"] {
        let absence = walk(&[copy(1_010, result), anchor.clone()], 1_200, &[1_200], 10);
        assert_eq!(absence, Ok(Absence::Proven { newest_consensus_ns: 1_200, pages: 1 }), "{result}");
        let success = copy(1_050, "SUCCESS");
        let found = walk(&[copy(1_010, result), success.clone(), anchor.clone()], 1_200, &[1_200], 10);
        assert_eq!(found, Ok(Absence::Found(vec![success])), "{result}");
    }
    let unheard_of = copy(1_010, "SOMETHING_NEW");
    let found = walk(&[unheard_of.clone(), anchor], 1_200, &[1_200], 10);
    assert_eq!(found, Ok(Absence::Found(vec![unheard_of])), "what we do not know we do not count as nothing");
}

proptest! {
    #[test]
    fn absence_is_never_proven_of_a_transaction_on_the_ledger(
        times_ns in vec(900_i64..1_300, 0..60),
        ours_ns in START_NS..=EXPIRY_NS,
        anchor in any::<proptest::sample::Index>(),
        replicas in vec(900_i64..1_400, 1..12),
        limit in 2_usize..8,
    ) {
        let times_ns: Vec<_> = times_ns.into_iter().filter(|ns| *ns != ours_ns).collect();
        let rows = ledger(&times_ns, Some(ours_ns));
        let anchor_ns = rows[anchor.index(rows.len())].consensus_ns;
        let absence = walk(&rows, anchor_ns, &replicas, limit).expect("replicas that answer in order");
        assert!(!matches!(absence, Absence::Proven { .. }), "{absence:?}");
    }

    #[test]
    fn absence_is_proven_where_every_replica_is_current(
        times_ns in vec(900_i64..1_300, 0..60),
        anchor_ns in EXPIRY_NS + MARGIN_NS + 1..1_400,
        replicas in vec(1_400_i64..1_500, 1..12),
        limit in 2_usize..8,
    ) {
        let rows = ledger(&[times_ns, vec![anchor_ns]].concat(), None);
        let absence = walk(&rows, anchor_ns, &replicas, limit).expect("replicas that answer in order");
        assert!(matches!(absence, Absence::Proven { newest_consensus_ns, .. } if newest_consensus_ns == anchor_ns));
    }

    #[test]
    fn a_transaction_on_the_ledger_is_found_where_every_replica_is_current(
        times_ns in vec(900_i64..1_300, 0..60),
        ours_ns in START_NS..=EXPIRY_NS,
        limit in 2_usize..8,
    ) {
        let times_ns: Vec<_> = times_ns.into_iter().filter(|ns| *ns != ours_ns).collect();
        let rows = ledger(&[times_ns, vec![1_350]].concat(), Some(ours_ns));
        let absence = walk(&rows, 1_350, &[2_000], limit).expect("replicas that answer in order");
        assert_eq!(absence, Absence::Found(vec![record(ours_ns, true)]));
    }
}

#[test]
fn an_empty_answer_is_not_current() {
    assert_eq!(walk(&[], 1_200, &[2_000], 3), Ok(Absence::NotCurrent));
}

#[test]
fn an_anchor_inside_the_margin_proves_nothing() {
    let rows = ledger(&[900, EXPIRY_NS + MARGIN_NS], None);
    assert_eq!(walk(&rows, EXPIRY_NS + MARGIN_NS, &[2_000], 3), Ok(Absence::NotCurrent));
}

#[test]
fn currency_shown_by_one_replica_does_not_make_another_current() {
    // The anchor came from a current replica; the page comes from one that stopped before our transaction.
    let rows = ledger(&[900, 990, 1_200], Some(1_050));
    assert_eq!(walk(&rows, 1_200, &[1_000], 10), Ok(Absence::NotCurrent));
}

#[test]
fn a_second_page_from_a_lagging_replica_is_noticed() {
    // The first page ends at 1,090; the second replica stopped at 1,040 and lacks our transaction at 1,050.
    let rows = ledger(&[900, 1_040, 1_090, 1_200], Some(1_050));
    assert_eq!(walk(&rows, 1_200, &[2_000, 1_040], 2), Ok(Absence::NotCurrent));
    assert_eq!(walk(&rows, 1_200, &[2_000, 1_100], 2), Ok(Absence::Found(vec![record(1_050, true)])));
}

#[test]
fn a_lagging_replica_does_not_hide_what_another_showed() {
    let rows = ledger(&[900, 1_010, 1_020, 1_200], Some(1_050));
    assert_eq!(walk(&rows, 1_200, &[2_000, 1_000], 2), Ok(Absence::Found(vec![record(1_050, true)])));
}

#[test]
fn a_short_page_that_goes_on_is_not_the_end() {
    let rows = vec![record(1_200, false), record(1_150, false)];
    assert_eq!(Walk::new(window(), 1_200).page(rows, 100, true), Ok(Step::Continue));
}

#[test]
fn all_records_of_the_id_are_found_each_once() {
    let mut rows = ledger(&[900, 1_200], Some(1_050));
    rows.insert(1, record(1_040, true));
    let found = Absence::Found(vec![record(1_050, true), record(1_040, true)]);
    assert_eq!(walk(&rows, 1_200, &[2_000], 2), Ok(found));
}

#[test]
fn pages_that_do_not_answer_the_question_are_refused() {
    let page_of = |times_ns: &[i64], limit, more| {
        let rows = times_ns.iter().map(|ns| record(*ns, false)).collect();
        Walk::new(window(), 1_200).page(rows, limit, more)
    };
    let page = |times_ns: &[i64], limit| page_of(times_ns, limit, false);
    assert!(page(&[1_201], 3).is_err());
    assert!(page(&[1_200, 1_200], 3).is_err());
    assert!(page(&[1_200, 1_100, 1_150], 3).is_err());
    assert!(page(&[1_200, 1_199, 1_198], 2).is_err());
    assert!(page(&[1_200], 1).is_err());
    assert!(page_of(&[1_200], 3, true).is_err());
    assert_eq!(
        page(&[1_200, 999], 2),
        Ok(Step::Done(Absence::Proven { newest_consensus_ns: 1_200, pages: 1 }))
    );
}
