//! Whatever is submitted, nothing appears and nothing is lost.

use proptest::prelude::*;

use super::*;
use crate::ledger::token::CustomFee;

/// A transfer between a few accounts, mostly well-formed.
#[derive(Debug, Clone)]
struct Attempt {
    in_token: bool,
    units: Vec<(usize, i64)>,
    signer: usize,
    repeat_id: bool,
    forced: bool,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let lines = prop::collection::vec((0..6_usize, -2_000..2_000_i64), 1..5);
    let attempt = (any::<bool>(), lines, 0..4_usize, prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    let attempt = attempt.prop_map(|(in_token, units, signer, repeat_id, forced)| Attempt {
        in_token,
        units,
        signer,
        repeat_id,
        forced,
    });
    prop::collection::vec(attempt, 1..40)
}

/// All HBAR, and each token's units beside its supply.
fn totals(ledger: &Ledger) -> (u64, Vec<(u64, u64)>) {
    let hbar = ledger.accounts().values().map(|account| account.balance.now()).sum();
    let tokens = ledger.tokens().values().map(|token| {
        (token.holdings.values().map(|holding| holding.now().balance).sum(), token.supply.now())
    });
    (hbar, tokens.collect())
}

proptest! {
    #[test]
    fn balances_are_conserved_under_any_transfers(attempts in attempts()) {
        let mut net = net();
        let fee = CustomFee::Fractional {
            numerator: 1, denominator: 30, minimum: 1, maximum: None, net_of_transfers: false, collector: EntityId(NODE),
        };
        let token = net.token(|new| (new.kyc_key, new.custom_fees) = (false, vec![fee]));
        let accounts = [OPERATOR, ISSUER, net.alice, net.bob, NODE, 999_999];
        let signers = [vec![OPERATOR_KEY], vec![OPERATOR_KEY, ALICE_KEY], vec![OPERATOR_KEY, ALICE_KEY, BOB_KEY], vec![]];
        let before = totals(&net.ledger);
        for (index, attempt) in (0_u64..).zip(&attempts) {
            let mut lines: Vec<_> = attempt.units.iter().map(|(account, units)| line(accounts[*account], *units)).collect();
            let sum: i64 = attempt.units.iter().map(|(_, units)| units).sum();
            lines.push(line(accounts[attempt.signer], -sum));
            let mut transaction = net.transfer();
            transaction.id.valid_start.0 += if attempt.repeat_id { 0 } else { index };
            transaction.signers.clone_from(&signers[attempt.signer]);
            if attempt.in_token {
                transaction.tokens = vec![TokenAdjustments { token, expected_decimals: None, adjustments: lines }];
                transaction.hbar.clear();
            } else {
                transaction.hbar = lines;
            }
            net.consensus_with(&transaction, attempt.forced.then_some(Status::FailInvalid));
        }
        let after = totals(&net.ledger);
        prop_assert_eq!(&before.0, &after.0);
        for (held, supply) in after.1 {
            prop_assert_eq!(held, supply);
        }
        let mut succeeded: Vec<_> = net.ledger.history().all().iter().filter(|it| it.status == Status::Success).map(|it| it.id).collect();
        let successes = succeeded.len();
        succeeded.sort_unstable();
        succeeded.dedup();
        prop_assert_eq!(succeeded.len(), successes, "no id succeeds twice");
    }
}
