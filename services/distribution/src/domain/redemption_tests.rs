//! What is owed still, and in what it can be paid.

use std::collections::BTreeMap;

use money::{Amount, AssetCode, Network};
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

use super::{Account, Bond, CalculationError, Holder, NotPayable, Redeemed};
use crate::domain::account::EvmAddress;
use crate::domain::calculation::{AmountRule, Basis, Outcome, calculate};
use crate::domain::deduction::none;
use crate::domain::treatment::{Decisions, HolderKind, Parties, Reason};

fn account(number: u64) -> Account {
    Account::from_number(number).expect("a small number")
}

fn holder(number: u64, balance: u128) -> Holder {
    Holder { account: account(number), evm: EvmAddress([0; 20]), balance, kind: HolderKind::Account }
}

fn basis<'a>(redeemed: &'a Redeemed, decisions: &'a Decisions, total_supply: u128) -> Basis<'a> {
    let parties = Parties { treasury: account(2), funding: account(3), fee_payer: account(3) };
    let rule = AmountRule::PerToken("1000".parse().expect("a rate"));
    Basis {
        rule,
        payment_decimals: 6,
        holding_decimals: 2,
        total_supply,
        parties,
        decisions,
        redeemed: Some(redeemed),
        deductions: &none::DEDUCTIONS,
        open: &none::OPEN,
    }
}

fn bond(units: u128, asset: &str) -> Bond {
    Bond { nominal: Amount { units, asset: asset.parse().expect("a code") }, maturity_ns: 0 }
}

#[test]
fn a_nominal_value_in_a_currency_is_paid_in_whole_tokens_for_whole_units() {
    let token = AssetCode::token(Network::Sandbox, "0.0.7000").expect("a token");
    let rate =
        |units, asset, decimals| bond(units, asset).principal(&token, decimals).map(|rate| rate.to_string());
    assert_eq!(rate(100_050, "iso4217:EUR", 6), Ok("1000.5".to_owned()));
    assert_eq!(rate(1_000, "iso4217:JPY", 0), Ok("1000".to_owned()));
    assert_eq!(rate(1_000_000, "iso4217:KWD", 2), Ok("1000".to_owned()));
    let nominal = "1.005".parse().expect("a number");
    let odd = bond(1_005, "iso4217:KWD");
    assert_eq!(odd.principal(&token, 2), Err(NotPayable::NotExact { nominal, decimals: 2 }));
    assert_eq!(odd.value(&token, 2), Ok(nominal), "a percentage of it is rounded once, at its end");
}

#[test]
fn a_nominal_value_in_a_token_is_paid_in_that_and_hbar_is_nobodys_currency() {
    let token = AssetCode::token(Network::Sandbox, "0.0.7000").expect("a token");
    let hbar = AssetCode::hbar(Network::Sandbox);
    let own = bond(1_500_000, "hedera:sandbox/token:0.0.7000");
    assert_eq!(own.principal(&token, 6).map(|rate| rate.to_string()), Ok("1.5".to_owned()));
    let in_hbar = bond(150_000_000, "hedera:sandbox/hbar");
    assert_eq!(in_hbar.principal(&hbar, 8).map(|rate| rate.to_string()), Ok("1.5".to_owned()));
    for (bond, paid_in) in [
        (own, &hbar),
        (in_hbar, &token),
        (bond(1, "hedera:sandbox/token:0.0.7001"), &token),
        (bond(1, "iso4217:EUR"), &hbar),
    ] {
        let refused = bond.principal(paid_in, 6);
        assert_eq!(refused, Err(NotPayable::OtherCurrency { nominal: bond.nominal.asset.clone() }));
    }
}

#[test]
fn what_was_taken_is_not_owed_again_and_what_was_bought_since_is() {
    let holdings = vec![(account(1001), 100), (account(1002), 100), (account(1003), 100)];
    let redeemed = Redeemed { taken: 300, supply: 1_000, holdings, ..Redeemed::default() };
    let (none, holders) = (
        Decisions::new(),
        // As before; sold some; bought some; new.
        [holder(1001, 100), holder(1002, 40), holder(1003, 150), holder(1004, 70)],
    );
    let calculation = calculate(&holders, &basis(&redeemed, &none, 1_000)).expect("it calculates");
    let outcomes: Vec<Outcome> = calculation.lines.iter().map(|line| line.outcome).collect();
    let gone = Outcome::Excluded(Reason::Redeemed);
    assert_eq!(outcomes, [gone, gone, Outcome::Payee { ordinal: 0 }, Outcome::Payee { ordinal: 1 }]);
    // 0.50 and 0.70 whole tokens at 1000, in 6 decimals.
    let units: Vec<u128> = calculation.lines.iter().map(|line| line.units).collect();
    assert_eq!(units, [0, 0, 500_000_000, 700_000_000]);
}

#[test]
fn tokens_that_were_moved_after_they_were_redeemed_do_not_take_more_than_there_ever_was() {
    let holdings = vec![(account(1001), 600)];
    let redeemed = Redeemed { taken: 600, supply: 1_000, holdings, ..Redeemed::default() };
    let none = Decisions::new();
    let moved = [holder(1002, 400), holder(1005, 600)];
    let refused = calculate(&moved, &basis(&redeemed, &none, 1_000)).expect_err("600 are counted twice");
    assert_eq!(refused, CalculationError::RedeemedBeyondSupply { taken: 1_600, supply: 1_000 });
    // Burnt instead: the supply has fallen, and who is left is owed all the same.
    let burnt = calculate(&[holder(1002, 400)], &basis(&redeemed, &none, 400)).expect("all is right");
    assert_eq!(burnt.totals.payee_count, 1);
}

#[test]
fn balances_older_than_those_that_were_reserved_from_are_refused() {
    let redeemed = Redeemed { consensus_ns: 7, ..Redeemed::default() };
    assert_eq!(redeemed.ensure_not_older(6), Err(CalculationError::RedemptionOvertaken));
    assert_eq!((redeemed.ensure_not_older(7), redeemed.ensure_not_older(8)), (Ok(()), Ok(())));
}

fn states() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(0_u8..200, 6), 1..8)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    /// However balances move between redemptions, each holder is paid for at most the most it ever held at one, and
    /// again at once for nothing.
    #[test]
    fn no_holder_is_paid_for_more_than_it_held(states in states()) {
        let none = Decisions::new();
        let mut redeemed = Redeemed::default();
        let mut most: BTreeMap<Account, u128> = BTreeMap::new();
        for balances in states {
            let holders: Vec<Holder> = (1001_u64..)
                .zip(balances)
                .filter(|(_, balance)| *balance > 0)
                .map(|(number, balance)| holder(number, balance.into()))
                .collect();
            let supply = holders.iter().map(|holder| holder.balance).sum();
            for again in [false, true] {
                let Ok(calculation) = calculate(&holders, &basis(&redeemed, &none, supply)) else { continue };
                if again {
                    prop_assert_eq!(calculation.totals.payee_count, 0);
                }
                let mut taken: BTreeMap<Account, u128> = redeemed.holdings.iter().copied().collect();
                for (holder, line) in holders.iter().zip(&calculation.lines) {
                    if line.outcome.ordinal().is_some() {
                        let left = redeemed.left_of(holder);
                        *taken.entry(holder.account).or_default() += left;
                        redeemed.taken += left;
                    }
                    let most = most.entry(holder.account).or_default();
                    *most = holder.balance.max(*most);
                }
                redeemed.supply = redeemed.supply.max(supply);
                redeemed.holdings = taken.into_iter().collect();
            }
            for (account, taken) in &redeemed.holdings {
                prop_assert!(*taken <= most[account]);
            }
            prop_assert!(redeemed.taken <= redeemed.supply);
        }
    }
}
