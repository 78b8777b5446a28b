//! Planted disagreements: each must be found, named and counted.

use super::*;

fn payout(ordinal: u32, standing: Standing) -> Recorded {
    Recorded {
        ordinal,
        account: format!("0.0.{}", 5000 + ordinal),
        units: 100 + u128::from(ordinal),
        standing,
        transaction_id: format!("0.0.1001@{}.000000001", 1000 + ordinal / 9),
    }
}

fn effect_of(payout: &Recorded) -> Effect {
    Effect {
        transaction_id: payout.transaction_id.clone(),
        account: payout.account.clone(),
        units: payout.units,
    }
}

/// Twenty paid payouts with their effects.
fn agreeing() -> (Vec<Recorded>, Vec<Effect>) {
    let payouts: Vec<Recorded> = (0..20).map(|ordinal| payout(ordinal, Standing::Paid)).collect();
    let effects = payouts.iter().map(effect_of).collect();
    (payouts, effects)
}

fn compared(payouts: Vec<Recorded>, effects: Vec<Effect>) -> Reconciliation {
    reconcile(payouts, effects).expect("the sums fit")
}

/// The one disagreement there must be, with its counters.
fn only(result: &Reconciliation) -> (&Disagreement, u64, u64) {
    let [disagreement] = result.disagreements.as_slice() else {
        panic!("one disagreement, not {:?}", result.disagreements);
    };
    assert!(!result.agrees());
    (disagreement, result.duplicate_effects, result.unmatched)
}

#[test]
fn a_record_and_a_ledger_that_say_the_same_agree() {
    let (mut payouts, mut effects) = agreeing();
    payouts.push(payout(20, Standing::Unpaid));
    effects.reverse();
    let result = compared(payouts, effects);
    assert!(result.agrees());
    assert_eq!((result.paid, result.unpaid, result.open, result.rail_effects), (20, 1, 0, 20));
    assert_eq!((result.recorded_units, result.rail_units), (2190, 2190));
    assert_eq!((result.duplicate_effects, result.unmatched), (0, 0));
}

#[test]
fn nothing_at_all_agrees() {
    assert!(compared(Vec::new(), Vec::new()).agrees());
}

#[test]
fn a_missing_effect_is_found() {
    let (payouts, mut effects) = agreeing();
    effects.remove(7);
    let result = compared(payouts, effects);
    let missing = Disagreement::MissingEffect { ordinal: 7, account: "0.0.5007".to_owned() };
    assert_eq!(only(&result), (&missing, 0, 1));
}

#[test]
fn a_double_effect_is_found_in_the_same_and_in_another_transaction() {
    for transaction_id in ["0.0.1001@1000.000000001", "0.0.1001@9999.000000001"] {
        let (payouts, mut effects) = agreeing();
        let effect = Effect { transaction_id: transaction_id.to_owned(), ..effects[3].clone() };
        effects.insert(0, effect.clone());
        let result = compared(payouts, effects);
        assert_eq!(only(&result), (&Disagreement::DoubleEffect { ordinal: 3, effect }, 1, 0));
    }
}

#[test]
fn a_double_effect_with_other_units_is_found() {
    let (payouts, mut effects) = agreeing();
    let effect = Effect { units: 1, ..effects[3].clone() };
    effects.push(effect.clone());
    let result = compared(payouts, effects);
    assert_eq!(only(&result), (&Disagreement::DoubleEffect { ordinal: 3, effect }, 1, 0));
}

#[test]
fn wrong_units_are_found() {
    let (payouts, mut effects) = agreeing();
    effects[5].units += 1;
    let effect = effects[5].clone();
    let result = compared(payouts, effects);
    assert_eq!(only(&result), (&Disagreement::WrongUnits { ordinal: 5, recorded: 105, effect }, 0, 1));
}

#[test]
fn an_effect_in_another_transaction_than_recorded_is_found() {
    let (payouts, mut effects) = agreeing();
    effects[5].transaction_id = "0.0.1001@5.000000001".to_owned();
    let effect = effects[5].clone();
    let recorded = payouts[5].transaction_id.clone();
    let result = compared(payouts, effects);
    assert_eq!(only(&result), (&Disagreement::WrongTransaction { ordinal: 5, recorded, effect }, 0, 1));
}

#[test]
fn an_effect_for_a_failed_payout_is_found() {
    let (mut payouts, effects) = agreeing();
    payouts[9].standing = Standing::Unpaid;
    let effect = effects[9].clone();
    let result = compared(payouts, effects);
    assert_eq!(only(&result), (&Disagreement::EffectForUnpaid { ordinal: 9, effect }, 0, 1));
}

#[test]
fn an_unknown_effect_is_found() {
    let (payouts, mut effects) = agreeing();
    let effect = Effect { account: "0.0.77".to_owned(), ..effects[0].clone() };
    effects.push(effect.clone());
    let result = compared(payouts, effects);
    assert_eq!(only(&result), (&Disagreement::UnknownEffect { effect }, 0, 1));
}

#[test]
fn an_open_payout_may_have_one_effect_and_not_two() {
    let (mut payouts, mut effects) = agreeing();
    payouts[4].standing = Standing::Open;
    assert!(compared(payouts.clone(), effects.clone()).agrees());
    let effect = effects[4].clone();
    effects.push(effect.clone());
    let result = compared(payouts, effects);
    assert_eq!(only(&result), (&Disagreement::DoubleEffect { ordinal: 4, effect }, 1, 0));
}

#[test]
fn an_open_payout_without_an_effect_is_no_disagreement() {
    let (mut payouts, mut effects) = agreeing();
    payouts[4].standing = Standing::Open;
    effects.remove(4);
    let result = compared(payouts, effects);
    assert!(result.agrees());
    assert_eq!(result.open, 1);
}

#[test]
fn several_payouts_to_one_account_are_judged_one_by_one() {
    let first = payout(0, Standing::Paid);
    let second =
        Recorded { ordinal: 30, transaction_id: "0.0.1001@30.000000001".to_owned(), ..first.clone() };
    let effects = vec![effect_of(&second), effect_of(&first)];
    assert!(compared(vec![first.clone(), second.clone()], effects).agrees());
    let result = compared(vec![first.clone(), second], vec![effect_of(&first)]);
    let missing = Disagreement::MissingEffect { ordinal: 30, account: first.account };
    assert_eq!(only(&result), (&missing, 0, 1));
}

#[test]
fn disagreements_come_by_ordinal_with_strangers_last() {
    let (payouts, mut effects) = agreeing();
    effects.remove(11);
    effects.remove(2);
    effects.push(Effect { transaction_id: "x".to_owned(), account: "0.0.1".to_owned(), units: 1 });
    let ordinals: Vec<Option<u32>> =
        compared(payouts, effects).disagreements.iter().map(Disagreement::ordinal).collect();
    assert_eq!(ordinals, [Some(2), Some(11), None]);
}

#[test]
fn a_sum_that_does_not_fit_is_an_error() {
    let effect = Effect { transaction_id: "x".to_owned(), account: "0.0.1".to_owned(), units: u128::MAX };
    assert_eq!(reconcile(Vec::new(), [effect.clone(), effect]), Err(Overflow));
}

#[test]
fn a_second_effect_is_a_duplicate_also_where_we_recorded_none() {
    let (mut payouts, mut effects) = agreeing();
    let failed = payout(20, Standing::Unpaid);
    let mut again = effect_of(&failed);
    effects.push(again.clone());
    again.transaction_id = "0.0.1001@9.000000009".to_owned();
    effects.push(again);
    payouts.push(failed);
    let result = compared(payouts, effects);
    assert_eq!((result.duplicate_effects, result.unmatched), (1, 1));
}
