//! Tokens that cost their senders or their receivers something.

use super::*;
use crate::ledger::token::CustomFee;

/// Two percent, at least 3 units, at most 50.
fn fractional(net_of_transfers: bool, collector: u64) -> CustomFee {
    CustomFee::Fractional {
        numerator: 2,
        denominator: 100,
        minimum: 3,
        maximum: Some(50),
        net_of_transfers,
        collector: EntityId(collector),
    }
}

/// A token with the fee, of which Alice holds 1,000 units and Bob none.
fn with_fee(fee: impl Fn(&Net) -> CustomFee) -> (Net, u64) {
    let mut net = net();
    let fee = fee(&net);
    let token = net.token(|new| (new.kyc_key, new.custom_fees) = (false, vec![fee]));
    (net, token)
}

#[test]
fn receivers_get_less_when_the_fee_is_not_net_of_transfers() {
    let (mut net, token) = with_fee(|_| fractional(false, NODE));
    let transaction = net.token_transfer(token, &[(net.alice, -600), (net.bob, 500), (OPERATOR, 100)]);
    assert_eq!(net.consensus(&transaction), Status::Success);
    let held = [net.alice, net.bob, OPERATOR, NODE].map(|account| net.units(token, account));
    assert_eq!(held, [400, 490, 97, 13]);
    let assessed = &net.ledger.history().all()[0].assessed;
    assert_eq!(
        assessed.iter().map(|fee| (fee.payer, fee.units)).collect::<Vec<_>>(),
        [(net.bob, 10), (OPERATOR, 3)]
    );
}

#[test]
fn senders_pay_on_top_when_it_is() {
    let (mut net, token) = with_fee(|_| fractional(true, NODE));
    let transaction = net.token_transfer(token, &[(net.alice, -600), (net.bob, 600)]);
    assert_eq!(net.consensus(&transaction), Status::Success);
    assert_eq!([net.alice, net.bob, NODE].map(|account| net.units(token, account)), [388, 600, 12]);
}

#[test]
fn a_sender_who_cannot_pay_the_fee_moves_nothing() {
    let (mut net, token) = with_fee(|_| fractional(true, NODE));
    let transaction = net.token_transfer(token, &[(net.alice, -1_000), (net.bob, 1_000)]);
    assert_eq!(net.consensus(&transaction), Status::InsufficientSenderAccountBalanceForCustomFee);
    assert_eq!(net.units(token, net.alice), 1_000);
}

#[test]
fn treasury_and_collector_are_exempt() {
    let (mut net, token) = with_fee(|net| fractional(false, net.alice));
    for sender in [ISSUER, net.alice] {
        let mut transaction = net.token_transfer(token, &[(sender, -100), (net.bob, 100)]);
        transaction.id.valid_start.0 += sender;
        assert_eq!(net.consensus(&transaction), Status::Success);
    }
    assert_eq!(net.units(token, net.bob), 200);
}

#[test]
fn a_fixed_fee_is_paid_in_its_own_asset() {
    let collector = EntityId(NODE);
    let (mut net, token) = with_fee(|_| CustomFee::Fixed { amount: 7, denominating_token: None, collector });
    let before = net.tinybars(NODE);
    let transaction = net.token_transfer(token, &[(net.alice, -100), (net.bob, 100)]);
    assert_eq!(net.consensus(&transaction), Status::Success);
    assert_eq!((net.units(token, net.bob), net.tinybars(NODE)), (100, before + 7));
}

#[test]
fn fees_and_transfers_together_change_at_most_twenty_balances() {
    let mut net = net();
    let collector =
        |number: u64| CustomFee::Fixed { amount: 1, denominating_token: None, collector: EntityId(number) };
    let collectors: Vec<_> =
        (0..18).map(|_| net.create(Change::CreateAccount(NewAccount::default()))).map(collector).collect();
    let most = net.token(|new| (new.kyc_key, new.custom_fees) = (false, collectors[..17].to_vec()));
    let more = net.token(|new| (new.kyc_key, new.custom_fees) = (false, collectors));
    let mut transaction = net.token_transfer(most, &[(net.alice, -100), (net.bob, 100)]);
    assert_eq!(net.consensus(&transaction), Status::Success);
    transaction.tokens[0].token = more;
    transaction.id.valid_start.0 += 1;
    assert_eq!(net.consensus(&transaction), Status::CustomFeeChargingExceededMaxAccountAmounts);
}
