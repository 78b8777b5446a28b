//! What a node refuses at its door.

use super::*;

#[test]
fn a_good_transfer_passes() {
    let net = net();
    assert_eq!(net.precheck(&net.transfer()), Status::Ok);
}

#[test]
fn a_malformed_message_is_refused_with_its_own_status() {
    let net = net();
    let good = net.transfer();
    let refused = |change: fn(&mut Submission)| {
        let mut transaction = good.clone();
        change(&mut transaction);
        net.precheck(&transaction)
    };
    assert_eq!(refused(|it| it.node = OTHER_NODE), Status::InvalidNodeAccount);
    assert_eq!(refused(|it| it.memo = "m".repeat(101)), Status::MemoTooLong);
    assert_eq!(refused(|it| it.memo = "a\0b".to_owned()), Status::InvalidZeroByteInString);
    assert_eq!(refused(|it| it.valid_seconds = 14), Status::InvalidTransactionDuration);
    assert_eq!(refused(|it| it.valid_seconds = 181), Status::InvalidTransactionDuration);
    assert_eq!(refused(|it| it.valid_seconds = -1), Status::InvalidTransactionDuration);
    assert_eq!(refused(|it| it.hbar[1].units = 2), Status::InvalidAccountAmounts);
    assert_eq!(
        refused(|it| it.hbar = vec![line(5, -1), line(5, 1)]),
        Status::AccountRepeatedInAccountAmounts
    );
    assert_eq!(refused(|it| it.max_fee = 1), Status::InsufficientTxFee);
}

#[test]
fn malformed_token_lists_are_refused_with_their_own_status() {
    let net = net();
    let refused = |change: fn(&mut Vec<TokenAdjustments>)| {
        let mut transaction = net.token_transfer(net.usdc, &[(OPERATOR, -1), (net.alice, 1)]);
        change(&mut transaction.tokens);
        net.precheck(&transaction)
    };
    assert_eq!(refused(|_| {}), Status::Ok);
    assert_eq!(refused(|lists| lists[0].token = 0), Status::InvalidTokenId);
    assert_eq!(refused(|lists| lists.push(lists[0].clone())), Status::TokenIdRepeatedInTokenList);
    assert_eq!(refused(|lists| lists[0].adjustments.clear()), Status::EmptyTokenTransferAccountAmounts);
    assert_eq!(refused(|lists| lists[0].adjustments[0].units = -2), Status::TransfersNotZeroSumForToken);
    assert_eq!(
        refused(|lists| lists[0].adjustments = vec![line(OPERATOR, -1), line(OPERATOR, 1)]),
        Status::AccountRepeatedInAccountAmounts
    );
}

#[test]
fn the_payer_must_exist_sign_and_afford_it() {
    let mut net = net();
    let poor =
        net.create(Change::CreateAccount(NewAccount { key: Some(ALICE_KEY), ..NewAccount::default() }));
    let pays = |net: &Net, payer, signer| {
        let mut transaction = net.transfer();
        transaction.id.payer = payer;
        transaction.signers = vec![signer];
        net.precheck(&transaction)
    };
    assert_eq!(pays(&net, 999_999, OPERATOR_KEY), Status::PayerAccountNotFound);
    assert_eq!(pays(&net, OPERATOR, ALICE_KEY), Status::InvalidSignature);
    assert_eq!(pays(&net, poor, ALICE_KEY), Status::InsufficientPayerBalance);
    net.update(poor, AccountPatch { deleted: Some(true), ..AccountPatch::default() });
    assert_eq!(pays(&net, poor, ALICE_KEY), Status::PayerAccountDeleted);
}

#[test]
fn the_window_opens_at_its_start_and_closes_ten_seconds_early() {
    let mut net = net();
    let mut transaction = net.transfer();
    transaction.id.valid_start = Timestamp(net.now.0 + 1);
    assert_eq!(net.precheck(&transaction), Status::InvalidTransactionStart);
    transaction.id.valid_start = net.now;
    assert_eq!(net.precheck(&transaction), Status::Ok);
    net.pass_seconds(110);
    assert_eq!(net.precheck(&transaction), Status::Ok);
    net.now = Timestamp(net.now.0 + 1);
    assert_eq!(net.precheck(&transaction), Status::TransactionExpired);
}

#[test]
fn an_id_that_reached_consensus_is_a_duplicate_at_every_node() {
    let mut net = net();
    let transaction = net.transfer();
    assert_eq!(net.consensus(&transaction), Status::Success);
    assert_eq!(net.precheck(&transaction), Status::DuplicateTransaction);
    let other = Submission { node: OTHER_NODE, ..transaction };
    assert_eq!(net.ledger.precheck(net.now, OTHER_NODE, &other), Status::DuplicateTransaction);
}

#[test]
fn an_id_that_is_under_way_is_a_duplicate_at_its_node_only() {
    let mut net = net();
    let transaction = net.transfer();
    net.ledger.depart(NODE, transaction.id);
    assert_eq!(net.precheck(&transaction), Status::DuplicateTransaction);
    let other = Submission { node: OTHER_NODE, ..transaction };
    assert_eq!(net.ledger.precheck(net.now, OTHER_NODE, &other), Status::Ok);
}

#[test]
fn an_id_whose_copy_failed_by_its_nodes_fault_passes_again() {
    for fault in [Status::InvalidNodeAccount, Status::InvalidPayerSignature] {
        let mut net = net();
        let transaction = net.transfer();
        assert_eq!(net.consensus_with(&transaction, Some(fault)), fault);
        assert_eq!(net.precheck(&transaction), Status::Ok);
    }
}
