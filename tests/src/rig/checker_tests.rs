//! The judge on ledgers made by hand.

use super::{Counted, Entry, Evidence, Instruction, Payout, Standing, Tally, Violation, judge};

const FUNDING: &str = "0.0.2";

fn entry(transaction: &str, account: &str, units: i128) -> Entry {
    Entry { transaction: transaction.to_owned(), account: account.to_owned(), units }
}

fn payout(ordinal: u32, account: &str, units: u128, standing: Standing) -> Payout {
    Payout { ordinal, account: account.to_owned(), units, standing }
}

fn paid(transaction: &str) -> Standing {
    Standing::Paid(transaction.to_owned())
}

/// Two paid by one transaction, one failed, one cancelled: all as it should be.
fn sound() -> Evidence {
    let payouts = vec![
        payout(0, "0.0.10", 5, paid("t1")),
        payout(1, "0.0.11", 7, paid("t1")),
        payout(2, "0.0.12", 9, Standing::Failed),
        payout(3, "0.0.13", 11, Standing::Cancelled),
    ];
    Evidence {
        instructions: payouts
            .iter()
            .map(|payout| Instruction { account: payout.account.clone(), units: payout.units })
            .collect(),
        payouts,
        counted: Some(Counted {
            paid: Tally { payouts: 2, units: 12 },
            unpaid: Tally { payouts: 2, units: 20 },
        }),
        ledger: vec![entry("t1", FUNDING, -12), entry("t1", "0.0.10", 5), entry("t1", "0.0.11", 7)],
        funding: FUNDING.to_owned(),
    }
}

#[test]
fn a_record_that_the_ledger_bears_out_is_sound() {
    assert_eq!(judge(&sound()), []);
}

#[test]
fn a_second_payment_to_the_same_account_is_found_whichever_transaction_it_is_of() {
    let mut evidence = sound();
    evidence.ledger.extend([entry("t2", FUNDING, -5), entry("t2", "0.0.10", 5)]);
    let transactions = vec!["t1".to_owned(), "t2".to_owned()];
    assert_eq!(
        judge(&evidence),
        [Violation::PaidTwice { account: "0.0.10".to_owned(), times: 2, transactions }]
    );
    let mut evidence = sound();
    evidence.ledger.push(entry("t1", "0.0.10", 5));
    assert!(judge(&evidence).iter().any(|wrong| matches!(wrong, Violation::PaidTwice { .. })));
}

#[test]
fn an_effect_for_a_payout_that_failed_or_was_cancelled_is_found() {
    for (account, units) in [("0.0.12", 9), ("0.0.13", 11)] {
        let mut evidence = sound();
        evidence.ledger.extend([entry("t2", FUNDING, -units), entry("t2", account, units)]);
        let [Violation::PaidAgainstRecord { account: named, .. }] = &judge(&evidence)[..] else {
            panic!("one violation: {:?}", judge(&evidence))
        };
        assert_eq!(named, account);
    }
}

#[test]
fn a_payment_of_ours_that_the_ledger_does_not_show_is_found() {
    let mut evidence = sound();
    evidence.ledger = vec![entry("t1", FUNDING, -5), entry("t1", "0.0.10", 5)];
    assert_eq!(judge(&evidence), [Violation::PaidWithoutEffect { account: "0.0.11".to_owned() }]);
}

#[test]
fn a_wrong_amount_is_found_even_where_the_sum_is_right() {
    let mut evidence = sound();
    evidence.ledger = vec![entry("t1", FUNDING, -12), entry("t1", "0.0.10", 6), entry("t1", "0.0.11", 6)];
    let wrong = judge(&evidence);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong.iter().all(|wrong| matches!(wrong, Violation::WrongUnits { got: 6, .. })));
}

#[test]
fn a_payment_by_another_transaction_than_the_recorded_one_is_found() {
    let mut evidence = sound();
    for entry in &mut evidence.ledger {
        entry.transaction = "t9".to_owned();
    }
    let wrong = judge(&evidence);
    assert_eq!(wrong.len(), 2);
    assert!(wrong.iter().all(|wrong| matches!(wrong, Violation::OtherTransaction { .. })), "{wrong:?}");
}

#[test]
fn a_payment_to_somebody_who_is_not_on_the_list_is_found() {
    let mut evidence = sound();
    evidence.ledger.extend([entry("t2", FUNDING, -1), entry("t2", "0.0.99", 1)]);
    let [Violation::Stranger { account, .. }] = &judge(&evidence)[..] else { panic!("one violation") };
    assert_eq!(account, "0.0.99");
}

#[test]
fn money_that_comes_from_nowhere_or_from_somebody_else_is_found() {
    let mut evidence = sound();
    evidence.ledger[0].units = -11;
    assert_eq!(judge(&evidence), [Violation::NotConserved { transaction: "t1".to_owned() }]);
    let mut evidence = sound();
    evidence.ledger[0].account = "0.0.3".to_owned();
    assert_eq!(judge(&evidence), [Violation::NotConserved { transaction: "t1".to_owned() }]);
}

#[test]
fn a_payout_without_an_end_is_found_paid_or_not() {
    for account in ["0.0.10", "0.0.12"] {
        let mut evidence = sound();
        let place =
            evidence.payouts.iter().position(|payout| payout.account == account).expect("on the list");
        evidence.payouts[place].standing = Standing::Unfinished("IN_DOUBT".to_owned());
        assert!(judge(&evidence).iter().any(|wrong| matches!(wrong, Violation::Unfinished { .. })));
    }
}

#[test]
fn a_record_that_is_not_the_list_is_found() {
    let mut evidence = sound();
    evidence.payouts[2].units = 8;
    evidence.counted.as_mut().expect("it is counted").unpaid.units = 19;
    assert_eq!(judge(&evidence), [Violation::RecordDiffers { ordinal: 2 }]);
    let mut evidence = sound();
    evidence.payouts.pop();
    evidence.counted.as_mut().expect("it is counted").unpaid = Tally { payouts: 1, units: 9 };
    assert_eq!(judge(&evidence), [Violation::RecordDiffers { ordinal: 3 }]);
}

#[test]
fn progress_that_does_not_count_the_payouts_is_found() {
    let mut evidence = sound();
    evidence.counted.as_mut().expect("it is counted").paid.units += 1;
    assert!(matches!(judge(&evidence)[..], [Violation::WrongTally { what: "paid", .. }]));
    assert!(judge(&evidence).iter().all(|wrong| !wrong.is_about_money()));
    evidence.counted = None;
    assert_eq!(judge(&evidence), [Violation::NoProgress]);
}
