//! Holders loaded by decree, and balances as they were.

use super::*;
use crate::ledger::change::{Burn, ChangeError, Holder, Move, NewHolders};
use crate::ledger::ids::EvmAddress;

fn alias(byte: u8) -> EvmAddress {
    HexBytes([byte; 20])
}

fn holders(token: u64, holders: Vec<Holder>) -> Change {
    Change::AddHolders(NewHolders { token: EntityId(token), holders, store_balances: true })
}

#[test]
fn new_holders_get_numbers_that_nobody_else_has_or_gets() {
    let mut net = net();
    let token = net.token(|_| {});
    // The given free numbers are taken by the file itself.
    let given = token + 1;
    net.change(holders(
        token,
        vec![
            Holder(AccountRef::Address(alias(0xaa)), 5),
            Holder(AccountRef::Number(given), 6),
            Holder(AccountRef::Address(alias(0xbb)), 7),
        ],
    ));
    let number = |byte| net.ledger.resolve(AccountRef::Address(alias(byte)));
    assert_eq!((number(0xaa), number(0xbb)), (Some(given + 1), Some(given + 2)));
    assert_eq!([given, given + 1, given + 2].map(|account| net.units(token, account)), [6, 5, 7]);
    assert_eq!(net.ledger.token(token).map(|token| token.supply.now()), Some(1_001_018));
}

#[test]
fn holders_are_loaded_all_or_none() {
    let mut net = net();
    let token = net.token(|_| {});
    let before = net.ledger.clone();
    for bad in
        [Holder(AccountRef::Number(token), 1), Holder(AccountRef::Number(7_777), i64::MAX.unsigned_abs())]
    {
        let load = holders(token, vec![Holder(AccountRef::Address(alias(0xaa)), 5), bad]);
        let at = net.ledger.next_consensus(net.now);
        let refused = net.ledger.apply(at, &load);
        assert!(matches!(refused, Err(ChangeError::Holder { index: 1, .. })), "{refused:?}");
        assert_eq!(net.ledger, before);
    }
}

#[test]
fn the_alias_of_a_deleted_account_is_free_for_another_one() {
    let mut net = net();
    let aliased =
        Change::CreateAccount(NewAccount { evm_address: Some(alias(0xaa)), ..NewAccount::default() });
    let refused = |net: &mut Net, change: &Change| {
        let at = net.ledger.next_consensus(net.now);
        matches!(net.ledger.apply(at, change), Err(ChangeError::Conflict(_)))
    };
    let first = net.create(aliased.clone());
    assert!(refused(&mut net, &aliased), "its owner is there");
    let deleted = |deleted| AccountPatch { deleted: Some(deleted), ..AccountPatch::default() };
    net.update(first, deleted(true));
    let second = net.create(aliased.clone());
    assert_eq!(net.ledger.resolve(AccountRef::Address(alias(0xaa))), Some(second));
    assert!(refused(&mut net, &aliased), "its new owner is there");
    let back = AccountUpdate { account: EntityId(first), patch: deleted(false) };
    assert!(refused(&mut net, &Change::UpdateAccount(back)), "its alias is another account's");
}

#[test]
fn balances_are_stored_on_the_grid_and_when_asked() {
    let mut net = net();
    let grid = |net: &Net, moment| net.ledger.stored_at_or_before(moment, 900);
    let point = Timestamp::default().plus_seconds(START.seconds().div_ceil(900) * 900);
    assert_eq!(grid(&net, Timestamp(point.0 - 1)), None, "the world was not there yet");
    assert_eq!(grid(&net, point), Some(point));
    assert_eq!(grid(&net, point.plus_seconds(899)), Some(point));
    assert_eq!(net.ledger.stored_at_or_before(point, 0), None);
    net.now = point.plus_seconds(10);
    let Outcome::Done(asked) = net.change(Change::StoreBalances) else { panic!("balances are stored") };
    assert_eq!(grid(&net, asked), Some(asked));
    assert_eq!(grid(&net, Timestamp(asked.0 - 1)), Some(point));
    assert_eq!(grid(&net, point.plus_seconds(900)), Some(point.plus_seconds(900)));
}

#[test]
fn a_balance_keeps_its_past() {
    let mut net = net();
    let token = net.token(|_| {});
    let then = net.ledger.last_consensus();
    net.pass_seconds(5);
    let order =
        Move { token: Some(EntityId(token)), from: EntityId(net.alice), to: EntityId(net.bob), units: 400 };
    net.change(Change::Move(order));
    let at = |account, moment| {
        let token = net.ledger.token(token).expect("a token");
        token.holdings.get(&account).and_then(|holding| holding.at(moment)).map(|holding| holding.balance)
    };
    assert_eq!((at(net.alice, then), at(net.bob, then)), (Some(1_000), None));
    assert_eq!((at(net.alice, net.now), at(net.bob, net.now)), (Some(600), Some(400)));
}

#[test]
fn what_is_burnt_leaves_the_treasury_and_the_supply_and_neither_s_past() {
    let mut net = net();
    let token = net.token(|_| {});
    let then = net.ledger.last_consensus();
    net.pass_seconds(5);
    net.change(Change::Burn(Burn { token: EntityId(token), units: 400_000 }));
    let at = |moment| {
        let token = net.ledger.token(token).expect("a token");
        let treasury = token.holdings.get(&ISSUER).and_then(|holding| holding.at(moment));
        (token.supply.at(moment), treasury.map(|holding| holding.balance))
    };
    assert_eq!(at(then), (Some(1_001_000), Some(1_000_000)));
    assert_eq!(at(net.now), (Some(601_000), Some(600_000)));
}

#[test]
fn a_decree_that_contradicts_the_world_changes_nothing() {
    let mut net = net();
    let token = net.token(|new| (new.freeze_key, new.pause_key) = (false, false));
    let (token, alice) = (EntityId(token), EntityId(net.alice));
    let relation = |patch| Change::UpdateRelation(RelationUpdate { token, account: alice, patch });
    let refused = [
        Change::UpdateToken(TokenUpdate {
            token,
            patch: TokenPatch { paused: Some(true), ..TokenPatch::default() },
        }),
        relation(RelationPatch { frozen: Some(true), ..RelationPatch::default() }),
        relation(RelationPatch { associated: Some(false), ..RelationPatch::default() }),
        Change::Move(Move { token: Some(token), from: alice, to: EntityId(ISSUER), units: 1_001 }),
        Change::Burn(Burn { token, units: 1_000_001 }),
        Change::Move(Move { token: None, from: alice, to: EntityId(999_999), units: 1 }),
        Change::CreateAccount(NewAccount { tinybars: u64::MAX, ..NewAccount::default() }),
        Change::CreateAccount(NewAccount {
            evm_address: Some(EvmAddress::of_number(5)),
            ..NewAccount::default()
        }),
        Change::Genesis(Genesis {
            operator_seed: OPERATOR_KEY,
            operator_key: OPERATOR_KEY,
            nodes: Vec::new(),
        }),
    ];
    let before = net.ledger.clone();
    for change in refused {
        let at = net.ledger.next_consensus(net.now);
        assert!(net.ledger.apply(at, &change).is_err(), "{change:?}");
        assert_eq!(net.ledger, before, "{change:?}");
    }
}
