//! Treasuries that pass to another account.

use super::*;
use crate::ledger::change::{Burn, ChangeError, Move};
use crate::ledger::token::CustomFee;

fn to(treasury: u64) -> TokenPatch {
    TokenPatch { treasury: Some(EntityId(treasury)), ..TokenPatch::default() }
}

fn refused(net: &Net, token: u64, patch: TokenPatch) -> ChangeError {
    let mut ledger = net.ledger.clone();
    let change = Change::UpdateToken(TokenUpdate { token: EntityId(token), patch });
    let error = ledger.apply(ledger.next_consensus(net.now), &change).expect_err("it must be refused");
    assert_eq!(ledger, net.ledger, "nothing changed");
    error
}

#[test]
fn a_treasury_passes_on_with_all_it_holds_and_keeps_its_past() {
    let mut net = net();
    let token = net.token(|new| new.kyc_key = false);
    let then = net.ledger.last_consensus();
    net.pass_seconds(5);
    net.set_token(token, to(net.alice));
    let held = [ISSUER, net.alice, net.bob].map(|account| net.units(token, account));
    assert_eq!(held, [0, 1_001_000, 0]);
    let shown = net.ledger.token(token).expect("a token");
    assert_eq!((shown.treasury.at(then), shown.treasury.now()), (Some(ISSUER), net.alice));
    assert_eq!((shown.modified_at(then), shown.modified_at(net.now)), (Some(then), Some(net.now)));
    assert_eq!(shown.supply.now(), 1_001_000);
    assert!(shown.holding(ISSUER).is_some(), "the old one stays associated");
    let before = net.ledger.token(token).cloned();
    net.set_token(token, to(net.alice));
    assert_eq!(net.ledger.token(token), before.as_ref(), "it is the treasury already");
}

#[test]
fn a_new_treasury_is_associated_where_there_is_room() {
    let mut net = net();
    let token = net.token(|new| new.kyc_key = false);
    let limit =
        |most| AccountPatch { max_automatic_token_associations: Some(most), ..AccountPatch::default() };
    net.update(net.bob, limit(0));
    assert!(matches!(refused(&net, token, to(net.bob)), ChangeError::Conflict(_)));
    net.update(net.bob, limit(1));
    net.set_token(token, to(net.bob));
    let holding = net.ledger.token(token).and_then(|token| token.holding(net.bob)).expect("a relation");
    assert_eq!((holding.balance, holding.automatic), (1_000_000, true));
    let another = net.token(|new| new.kyc_key = false);
    assert!(matches!(refused(&net, another, to(net.bob)), ChangeError::Conflict(_)), "the room is taken");
}

#[test]
fn a_treasury_passes_to_nobody_who_could_not_be_sent_what_it_holds() {
    let mut net = net();
    let token = net.token(|_| {});
    let relation = |frozen, kyc| RelationPatch { associated: None, frozen: Some(frozen), kyc: Some(kyc) };
    for (frozen, kyc) in [(true, true), (false, false)] {
        for account in [net.alice, ISSUER] {
            net.relate(token, account, relation(frozen, kyc));
            assert!(matches!(refused(&net, token, to(net.alice)), ChangeError::Conflict(_)));
            net.relate(token, account, relation(false, true));
        }
    }
    assert!(matches!(refused(&net, token, to(999_999)), ChangeError::NotFound { what: "account", .. }));
    assert!(matches!(refused(&net, 999_999, to(net.alice)), ChangeError::NotFound { what: "token", .. }));
    let deleted = |deleted| AccountPatch { deleted: Some(deleted), ..AccountPatch::default() };
    net.update(net.alice, deleted(true));
    assert!(matches!(refused(&net, token, to(net.alice)), ChangeError::Conflict(_)));
    net.update(net.alice, deleted(false));
    for stopped in [
        TokenPatch { paused: Some(true), ..TokenPatch::default() },
        TokenPatch { paused: Some(false), deleted: Some(true), ..TokenPatch::default() },
    ] {
        net.set_token(token, stopped);
        assert!(matches!(refused(&net, token, to(net.alice)), ChangeError::Conflict(_)));
    }
    net.set_token(token, TokenPatch { deleted: Some(false), ..TokenPatch::default() });
    net.set_token(token, to(net.alice));
    assert_eq!(net.units(token, net.alice), 1_001_000);
}

#[test]
fn who_is_exempt_from_fees_and_whose_units_are_burnt_passes_on_with_it() {
    let mut net = net();
    let fee = CustomFee::Fractional {
        numerator: 1,
        denominator: 10,
        minimum: 0,
        maximum: None,
        net_of_transfers: true,
        collector: EntityId(NODE),
    };
    let token = net.token(|new| (new.kyc_key, new.custom_fees) = (false, vec![fee]));
    let sends = |net: &mut Net, sender| {
        net.pass_seconds(1);
        let before = net.units(token, NODE);
        let transaction = net.token_transfer(token, &[(sender, -100), (net.bob, 100)]);
        assert_eq!(net.consensus(&transaction), Status::Success);
        net.units(token, NODE) - before
    };
    net.change(Change::Move(Move {
        token: Some(EntityId(token)),
        from: EntityId(ISSUER),
        to: EntityId(net.alice),
        units: 500,
    }));
    let alice = net.alice;
    assert_eq!((sends(&mut net, ISSUER), sends(&mut net, alice)), (0, 10));
    net.set_token(token, to(alice));
    net.change(Change::Move(Move {
        token: Some(EntityId(token)),
        from: EntityId(alice),
        to: EntityId(ISSUER),
        units: 500,
    }));
    assert_eq!((sends(&mut net, ISSUER), sends(&mut net, alice)), (10, 0));
    let before = net.units(token, alice);
    net.change(Change::Burn(Burn { token: EntityId(token), units: 3 }));
    assert_eq!(net.units(token, alice), before - 3);
}
