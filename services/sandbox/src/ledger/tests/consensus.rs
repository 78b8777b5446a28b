//! What becomes of a transaction at consensus.

use super::super::genesis::FEE_ACCOUNT;
use super::super::ids::EvmAddress;
use super::super::submit::Knowledge;
use super::*;
use crate::ledger::change::{Holder, NewHolders};

#[test]
fn a_success_moves_the_amount_and_charges_the_fee() {
    let mut net = net();
    let before = (net.tinybars(OPERATOR), net.tinybars(net.alice), net.tinybars(FEE_ACCOUNT));
    assert_eq!(net.consensus(&net.transfer()), Status::Success);
    let fee = net.ledger.history().all()[0].fee;
    assert_eq!(fee, 83_334, "a hundredth of a cent at 12 cents an HBAR, rounded up");
    let after = (net.tinybars(OPERATOR), net.tinybars(net.alice), net.tinybars(FEE_ACCOUNT));
    assert_eq!(after, (before.0 - 1 - fee, before.1 + 1, before.2 + fee));
}

#[test]
fn fees_follow_the_schedule() {
    let net = net();
    let cents = |transaction: &Submission, custom| {
        // Back to hundredths of a cent.
        crate::ledger::fees::tinybars(transaction, custom) * 12 / 1_000_000
    };
    let ten: Vec<_> = (1..=10).map(|number| (number, 0)).collect();
    let hbar = Submission { hbar: (1..=10).map(|number| line(number, 0)).collect(), ..net.transfer() };
    assert_eq!(cents(&hbar, false), 9);
    assert_eq!(cents(&net.token_transfer(net.usdc, &ten), false), 18);
    assert_eq!(cents(&net.token_transfer(net.usdc, &ten), true), 28);
}

#[test]
fn a_failure_moves_nothing_but_the_fee() {
    let mut net = net();
    let before = net.ledger.clone();
    let all = net.tinybars(net.alice) + 1;
    let mut transaction = net.transfer();
    let all = i64::try_from(all).expect("an amount");
    transaction.hbar = vec![line(net.alice, -all), line(net.bob, all - 5), line(OPERATOR, 5)];
    transaction.signers.push(ALICE_KEY);
    assert_eq!(net.consensus(&transaction), Status::InsufficientAccountBalance);
    let record = net.ledger.history().all()[0].clone();
    assert!(record.legs.is_empty());
    assert_eq!(net.tinybars(net.bob), before.account(net.bob).expect("bob").balance.now());
    assert_eq!(
        net.tinybars(OPERATOR),
        before.account(OPERATOR).expect("operator").balance.now() - record.fee
    );
}

#[test]
fn the_same_id_has_one_effect_and_then_duplicates() {
    let mut net = net();
    let transaction = net.transfer();
    assert_eq!(net.consensus(&transaction), Status::Success);
    assert_eq!(net.consensus(&transaction), Status::DuplicateTransaction);
    let other = Submission { node: OTHER_NODE, ..transaction };
    assert_eq!(net.consensus(&other), Status::DuplicateTransaction);
    let fees: Vec<_> = net.ledger.history().all().iter().map(|record| record.fee > 0).collect();
    assert_eq!(fees, [true, false, true], "a node pays for passing on what it already did");
}

#[test]
fn copies_that_failed_by_their_nodes_fault_neither_count_nor_cost() {
    for fault in [Status::InvalidNodeAccount, Status::InvalidPayerSignature] {
        let mut net = net();
        let transaction = net.transfer();
        assert_eq!(net.consensus_with(&transaction, Some(fault)), fault);
        assert_eq!(net.ledger.history().all()[0].fee, 0);
        assert_eq!(net.consensus(&Submission { node: OTHER_NODE, ..transaction.clone() }), Status::Success);
        let Knowledge::Records(records) = net.ledger.knowledge(net.now, NODE, &transaction.id) else {
            panic!("the id is known");
        };
        assert_eq!(records.iter().map(|record| record.status).collect::<Vec<_>>(), [Status::Success, fault]);
    }
}

#[test]
fn receipts_are_forgotten_after_180_seconds() {
    let mut net = net();
    let transaction = net.transfer();
    net.consensus(&transaction);
    net.pass_seconds(180);
    assert!(matches!(net.ledger.knowledge(net.now, NODE, &transaction.id), Knowledge::Records(_)));
    net.pass_seconds(1);
    assert_eq!(net.ledger.knowledge(net.now, NODE, &transaction.id), Knowledge::None);
    net.ledger.depart(NODE, transaction.id);
    assert_eq!(net.ledger.knowledge(net.now, NODE, &transaction.id), Knowledge::InFlight);
}

#[test]
fn a_late_copy_expires_at_the_end_of_its_window() {
    let mut net = net();
    let transaction = net.transfer();
    net.now = transaction.id.valid_start.plus_seconds(120);
    assert_eq!(net.clone_and_submit(&transaction), Status::Success);
    net.now = Timestamp(net.now.0 + 1);
    assert_eq!(net.consensus(&transaction), Status::TransactionExpired);
}

#[test]
fn a_forced_status_has_no_effect_but_the_fee() {
    let mut net = net();
    let before = net.tinybars(net.alice);
    let transaction = net.transfer();
    assert_eq!(
        net.consensus_with(&transaction, Some(Status::ThrottledAtConsensus)),
        Status::ThrottledAtConsensus
    );
    assert_eq!(net.tinybars(net.alice), before);
    assert_eq!(net.consensus(&transaction), Status::DuplicateTransaction);
}

#[test]
fn lists_hold_ten_adjustments() {
    let mut net = net();
    let many = |count: i64| {
        let others = (0..count).map(|index| line(2_000 + index.unsigned_abs(), 1));
        others.chain([line(OPERATOR, -count)]).collect::<Vec<_>>()
    };
    let mut transaction = net.transfer();
    transaction.hbar = many(10);
    assert_eq!(net.consensus(&transaction), Status::TransferListSizeLimitExceeded);
    let lines: Vec<_> = (0..10).map(|index| (2_000 + index, 1)).chain([(OPERATOR, -10)]).collect();
    let mut transaction = net.token_transfer(net.usdc, &lines);
    transaction.id.valid_start.0 += 1;
    assert_eq!(net.consensus(&transaction), Status::TokenTransferListSizeLimitExceeded);
}

#[test]
fn whoever_sends_and_whoever_wants_to_be_asked_must_sign() {
    let mut net = net();
    let mut transaction = net.transfer();
    transaction.hbar = vec![line(net.alice, -1), line(net.bob, 1)];
    assert_eq!(net.clone_and_submit(&transaction), Status::InvalidSignature);
    transaction.signers.push(ALICE_KEY);
    assert_eq!(net.clone_and_submit(&transaction), Status::Success);
    net.update(net.bob, AccountPatch { receiver_sig_required: Some(true), ..AccountPatch::default() });
    assert_eq!(net.clone_and_submit(&transaction), Status::InvalidSignature);
    transaction.signers.push(BOB_KEY);
    assert_eq!(net.clone_and_submit(&transaction), Status::Success);
    assert_eq!(net.ledger.required_keys(&transaction), [OPERATOR_KEY, ALICE_KEY, BOB_KEY]);
}

#[test]
fn a_payer_whose_key_changed_on_the_way_did_not_sign() {
    let mut net = net();
    let transaction = net.transfer();
    net.update(OPERATOR, AccountPatch { key: Some(BOB_KEY), ..AccountPatch::default() });
    assert_eq!(net.consensus(&transaction), Status::InvalidPayerSignature);
}

#[test]
fn nobody_pays_an_account_that_is_not_there() {
    let mut net = net();
    let pay = |net: &Net, account| {
        let mut transaction = net.transfer();
        transaction.hbar[1].account = account;
        net.clone_and_submit(&transaction)
    };
    let unknown: EvmAddress = HexBytes([0xee; 20]);
    assert_eq!(pay(&net, AccountRef::Number(999_999)), Status::InvalidAccountId);
    assert_eq!(pay(&net, AccountRef::Address(unknown)), Status::InvalidAccountId);
    let holders = vec![Holder(AccountRef::Number(0), 5), Holder(AccountRef::Address(unknown), 6)];
    let token = EntityId(net.usdc);
    net.change(Change::AddHolders(NewHolders { token, holders, store_balances: false }));
    assert_eq!(net.units(net.usdc, 0), 5);
    assert_eq!(pay(&net, AccountRef::Number(0)), Status::InvalidAccountId);
    assert_eq!(pay(&net, AccountRef::Address(unknown)), Status::Success);
    assert_eq!(pay(&net, AccountRef::Address(EvmAddress::of_number(net.bob))), Status::Success);
    net.update(net.bob, AccountPatch { deleted: Some(true), ..AccountPatch::default() });
    assert_eq!(pay(&net, AccountRef::Number(net.bob)), Status::AccountDeleted);
}

#[test]
fn an_alias_and_its_number_are_one_account() {
    let net = net();
    let mut transaction = net.transfer();
    let address = AccountRef::Address(EvmAddress::of_number(net.alice));
    transaction.hbar =
        vec![line(OPERATOR, -2), line(net.alice, 1), Adjustment { account: address, ..line(0, 1) }];
    assert_eq!(net.precheck(&transaction), Status::AccountRepeatedInAccountAmounts);
    assert_eq!(net.clone_and_submit(&transaction), Status::AccountRepeatedInAccountAmounts);
}

#[test]
fn there_are_no_allowances_to_spend() {
    let net = net();
    let mut transaction = net.transfer();
    transaction.hbar[0].approval = true;
    assert_eq!(net.clone_and_submit(&transaction), Status::SpenderDoesNotHaveAllowance);
}

#[test]
fn a_token_that_cannot_move_says_why() {
    let mut net = net();
    let transfer = |net: &Net, token| net.token_transfer(token, &[(OPERATOR, -1), (net.alice, 1)]);
    assert_eq!(net.clone_and_submit(&transfer(&net, 999_999)), Status::InvalidTokenId);
    let mut wrong = transfer(&net, net.usdc);
    wrong.tokens[0].expected_decimals = Some(2);
    assert_eq!(net.clone_and_submit(&wrong), Status::UnexpectedTokenDecimals);
    wrong.tokens[0].expected_decimals = Some(6);
    assert_eq!(net.clone_and_submit(&wrong), Status::Success);
    net.set_token(net.usdc, TokenPatch { paused: Some(true), ..TokenPatch::default() });
    assert_eq!(net.clone_and_submit(&transfer(&net, net.usdc)), Status::TokenIsPaused);
    net.set_token(net.usdc, TokenPatch { deleted: Some(true), ..TokenPatch::default() });
    assert_eq!(net.clone_and_submit(&transfer(&net, net.usdc)), Status::TokenWasDeleted);
}

#[test]
fn a_balance_never_goes_below_zero() {
    let mut net = net();
    let token = net.token(|_| {});
    let transaction = net.token_transfer(token, &[(net.alice, -1_001), (ISSUER, 1_001)]);
    assert_eq!(net.consensus(&transaction), Status::InsufficientTokenBalance);
}

#[test]
fn the_fee_is_not_there_to_be_sent() {
    let net = net();
    let all = i64::try_from(net.tinybars(OPERATOR)).expect("an amount");
    let mut transaction = net.transfer();
    transaction.hbar = vec![line(OPERATOR, -all), line(net.alice, all)];
    assert_eq!(net.clone_and_submit(&transaction), Status::InsufficientAccountBalance);
}

#[test]
fn receiving_associates_while_there_are_free_slots() {
    let mut net = net();
    let pay = |net: &Net, token| net.token_transfer(token, &[(ISSUER, -1), (net.bob, 1)]);
    let [first, second] = [0; 2].map(|_| net.token(|new| new.kyc_key = false));
    let slots =
        |count| AccountPatch { max_automatic_token_associations: Some(count), ..AccountPatch::default() };
    net.update(net.bob, slots(0));
    assert_eq!(net.clone_and_submit(&pay(&net, first)), Status::TokenNotAssociatedToAccount);
    net.update(net.bob, slots(1));
    assert_eq!(net.clone_and_submit(&pay(&net, second)), Status::Success);
    let both = Submission {
        tokens: [pay(&net, first).tokens, pay(&net, second).tokens].concat(),
        ..pay(&net, first)
    };
    assert_eq!(net.clone_and_submit(&both), Status::NoRemainingAutomaticAssociations);
    assert_eq!(net.consensus(&pay(&net, first)), Status::Success);
    let mut again = pay(&net, second);
    again.id.valid_start.0 += 1;
    assert_eq!(net.consensus(&again), Status::NoRemainingAutomaticAssociations);
    net.relate(second, net.bob, RelationPatch { associated: Some(true), ..RelationPatch::default() });
    again.id.valid_start.0 += 1;
    assert_eq!(net.consensus(&again), Status::Success);
    assert!(net.ledger.token(first).and_then(|token| token.holding(net.bob)).is_some_and(|it| it.automatic));
}

#[test]
fn sending_needs_an_association() {
    let mut net = net();
    let token = net.token(|_| {});
    let transaction = net.token_transfer(token, &[(net.bob, -1), (net.alice, 1)]);
    assert_eq!(net.consensus(&transaction), Status::TokenNotAssociatedToAccount);
}

#[test]
fn the_frozen_and_the_unknown_neither_send_nor_receive() {
    let mut net = net();
    let token = net.token(|_| {});
    let pay = |net: &Net| net.token_transfer(token, &[(ISSUER, -1), (net.bob, 1)]);
    assert_eq!(net.clone_and_submit(&pay(&net)), Status::AccountKycNotGrantedForToken);
    net.relate(token, net.bob, RelationPatch { kyc: Some(true), ..RelationPatch::default() });
    assert_eq!(net.clone_and_submit(&pay(&net)), Status::Success);
    net.relate(token, net.bob, RelationPatch { frozen: Some(true), ..RelationPatch::default() });
    assert_eq!(net.clone_and_submit(&pay(&net)), Status::AccountFrozenForToken);
    net.relate(token, net.bob, RelationPatch { frozen: Some(false), ..RelationPatch::default() });
    assert_eq!(net.clone_and_submit(&pay(&net)), Status::Success);
    let strict = net.token(|new| (new.kyc_key, new.freeze_default) = (false, true));
    let transaction = net.token_transfer(strict, &[(ISSUER, -1), (net.bob, 1)]);
    assert_eq!(net.clone_and_submit(&transaction), Status::AccountFrozenForToken);
}

impl Net {
    /// What the transaction would get, without it happening here.
    fn clone_and_submit(&self, transaction: &Submission) -> Status {
        let mut copy = Net { ledger: self.ledger.clone(), ..*self };
        copy.consensus(transaction)
    }
}
