//! What people should know before they pay: findings, dust, and whom the money does not reach.

use std::cmp::Reverse;

use money::AssetKind;

use super::calculation::{Calculation, Holder, Outcome, RAIL_UNITS_MAX, Totals};

/// Unpaid holders shown of each sort.
const SHOWN_MAX: usize = 100;
/// Payees with fewer smallest units than this are dust where no fee can be compared.
const DUST_UNITS: u128 = 10;

/// What execution says a run would cost, and what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    /// Expected network fees in tinybars.
    pub expected_fees: u128,
    /// What the fee payer has, in tinybars.
    pub fee_balance: u128,
    /// What the funding account has of the payment token, in smallest units.
    pub funding: u128,
    /// What must be there, in smallest units.
    pub required: u128,
    /// So many HBAR are so many US cents, to the network.
    pub rate: (u32, u32),
    /// The payment token takes a fee out of what a payee is sent.
    pub fee_on_receipt: bool,
}

impl Quote {
    /// What the run is expected to cost, in millionths of a US dollar, rounded up.
    pub(crate) fn fees_microdollars(&self) -> u128 {
        let (hbar, cents) = self.rate;
        // A tinybar is 10^-8 HBAR, a cent 10^4 millionths.
        let dividend = self.expected_fees.saturating_mul(cents.into());
        dividend.div_ceil(10_000_u128 * u128::from(hbar.max(1)))
    }
}

/// Why executing is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody would be paid.
    NoPayees,
    /// The funding account has too little of the payment token.
    FundingShort {
        /// What it has.
        have: u128,
        /// What must be there.
        need: u128,
    },
    /// The fee payer has too few tinybars.
    FeeBalanceShort {
        /// What it has.
        have: u128,
        /// What the fees are expected to be.
        need: u128,
    },
    /// The payment token's issuer has added a fee, and payees would get less than is recorded.
    FeeOnReceipt,
}

/// Something people should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Stable.
    pub reason: &'static str,
    /// What exactly.
    pub message: String,
    /// Executing is refused while this is so.
    pub blocking: bool,
}

/// Everything in the way of executing, as far as numbers show it.
pub(crate) fn obstacles(totals: &Totals, quote: &Quote) -> Vec<Obstacle> {
    if totals.payee_count == 0 {
        // Nothing is taken where all that is owed is carried forward.
        return if totals.carried_count > 0 { Vec::new() } else { vec![Obstacle::NoPayees] };
    }
    let mut obstacles = Vec::new();
    if quote.funding < quote.required {
        obstacles.push(Obstacle::FundingShort { have: quote.funding, need: quote.required });
    }
    if quote.fee_balance < quote.expected_fees {
        obstacles.push(Obstacle::FeeBalanceShort { have: quote.fee_balance, need: quote.expected_fees });
    }
    if quote.fee_on_receipt {
        obstacles.push(Obstacle::FeeOnReceipt);
    }
    obstacles
}

impl Obstacle {
    /// The stable reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoPayees => "NO_PAYEES",
            Self::FundingShort { .. } => "FUNDING_SHORT",
            Self::FeeBalanceShort { .. } => "FEE_BALANCE_SHORT",
            Self::FeeOnReceipt => "TOKEN_HAS_FEE_ON_RECEIPT",
        }
    }

    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::NoPayees => {
                "Decide on the holders that are held, or give held payees an account, and create it anew."
            }
            Self::FundingShort { .. } => "Fund the account.",
            Self::FeeBalanceShort { .. } => "Fund the fee payer with HBAR.",
            Self::FeeOnReceipt => "Have its issuer take the fee away, or pay in another token.",
        }
    }

    /// What exactly is in the way.
    pub fn message(&self) -> String {
        match self {
            Self::NoPayees => "nobody would be paid".to_owned(),
            Self::FundingShort { have, need } => {
                format!("the funding account has {have} of the {need} smallest units that must be there")
            }
            Self::FeeBalanceShort { have, need } => {
                format!("the fee payer has {have} of the {need} tinybars that fees are expected to cost")
            }
            Self::FeeOnReceipt => {
                "the payment token has got a fee that is taken out of what payees receive".to_owned()
            }
        }
    }
}

/// What people should know of a calculation: what is in the way first.
pub(crate) fn findings(
    totals: &Totals,
    quote: &Quote,
    dust_count: u32,
    consensus_ns: i64,
    record_time_ns: i64,
) -> Vec<Finding> {
    let blocking = obstacles(totals, quote).into_iter().map(|obstacle| Finding {
        reason: obstacle.reason(),
        message: obstacle.message(),
        blocking: true,
    });
    let hint = |applies: bool, reason, message: String| {
        applies.then_some(Finding { reason, message, blocking: false })
    };
    let older_s = (i128::from(record_time_ns) - i128::from(consensus_ns)) / 1_000_000_000;
    let hints = [
        hint(totals.held_count > 0, "HELD_HOLDERS", {
            format!("{} holders are counted and wait for a decision", totals.held_count)
        }),
        hint(totals.zero_count > 0, "ZERO_PAYEES", {
            format!("{} holders get nothing: rounding or withholding leaves nothing", totals.zero_count)
        }),
        hint(totals.carried_count > 0, "BELOW_MINIMUM", {
            let (count, units) = (totals.carried_count, totals.carried);
            format!(
                "{count} holders are owed less than the minimum: {units} smallest units are carried forward"
            )
        }),
        hint(dust_count > 0, "DUST_PAYEES", {
            format!("{dust_count} payees get less than it costs, or next to nothing")
        }),
        hint(consensus_ns < record_time_ns, "SNAPSHOT_OLDER_THAN_RECORD_TIME", {
            format!("the newest balances at or before the record time are {older_s} s older than it")
        }),
    ];
    blocking.chain(hints.into_iter().flatten()).collect()
}

/// Payees who get less than the fee of paying them, where both are in HBAR; else less than ten smallest units.
pub(crate) fn dust_count(calculation: &Calculation, payment: AssetKind<'_>, quote: &Quote) -> u32 {
    let count = u128::from(calculation.totals.payee_count);
    let dust = |units: u128| match payment {
        // What the rail can pay times the number of payees fits: both are 64 bits or less.
        AssetKind::Hbar { .. } => units.min(RAIL_UNITS_MAX) * count < quote.expected_fees,
        AssetKind::Token { .. } | AssetKind::Fiat { .. } => units < DUST_UNITS,
    };
    let payees = calculation.lines.iter().filter(|line| line.outcome.ordinal().is_some());
    let dust = payees.filter(|line| dust(line.units)).count();
    u32::try_from(dust).expect("there are no more dust payees than payees")
}

/// Places of those who are not paid: at most a hundred each who are held, excluded, left with nothing, and below the minimum,
/// largest balance first.
pub(crate) fn largest_unpaid(holders: &[Holder], calculation: &Calculation) -> Vec<usize> {
    let groups: [fn(&Outcome) -> bool; 4] = [
        |outcome| matches!(outcome, Outcome::Held(_)),
        |outcome| matches!(outcome, Outcome::Excluded(_)),
        |outcome| matches!(outcome, Outcome::Zero | Outcome::Withheld),
        |outcome| matches!(outcome, Outcome::Carried),
    ];
    let of = |wanted: fn(&Outcome) -> bool| {
        let mut places: Vec<usize> =
            (0..holders.len()).filter(|place| wanted(&calculation.lines[*place].outcome)).collect();
        let order = |place: &usize| (Reverse(holders[*place].balance), holders[*place].account);
        if places.len() > SHOWN_MAX {
            places.select_nth_unstable_by_key(SHOWN_MAX, order);
            places.truncate(SHOWN_MAX);
        }
        places.sort_unstable_by_key(order);
        places
    };
    groups.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use money::{AssetCode, Network};

    use super::super::account::{Account, EvmAddress};
    use super::super::calculation::Line;
    use super::super::treatment::{HolderKind, Reason};
    use super::*;

    const QUOTE: Quote = Quote {
        expected_fees: 300,
        fee_balance: 300,
        funding: 1_000,
        required: 1_000,
        rate: (30_000, 360_000),
        fee_on_receipt: false,
    };

    fn totals(payee_count: u32) -> Totals {
        Totals { payee_count, entitled: 1_000, pool: 1_000, ..Totals::default() }
    }

    #[test]
    fn exactly_enough_is_enough_and_one_unit_less_is_in_the_way() {
        assert_eq!(obstacles(&totals(3), &QUOTE), []);
        let short = Quote { funding: 999, fee_balance: 299, ..QUOTE };
        let expected = [
            Obstacle::FundingShort { have: 999, need: 1_000 },
            Obstacle::FeeBalanceShort { have: 299, need: 300 },
        ];
        assert_eq!(obstacles(&totals(3), &short), expected);
        assert_eq!(obstacles(&totals(0), &short), [Obstacle::NoPayees]);
        let reduced = Quote { fee_on_receipt: true, ..QUOTE };
        assert_eq!(obstacles(&totals(3), &reduced), [Obstacle::FeeOnReceipt]);
        assert_eq!(obstacles(&Totals { carried_count: 1, ..totals(0) }, &short), [], "it takes nothing");
        for obstacle in expected.into_iter().chain([Obstacle::NoPayees, Obstacle::FeeOnReceipt]) {
            assert!(!obstacle.advice().is_empty() && !obstacle.message().is_empty());
        }
    }

    #[test]
    fn fees_in_dollars_follow_from_the_rate_and_are_rounded_up() {
        let dollar = Quote { expected_fees: 833_333_334, ..QUOTE };
        assert_eq!(dollar.fees_microdollars(), 1_000_001, "at 12 cents an HBAR");
        assert_eq!(QUOTE.fees_microdollars(), 1, "not nothing");
    }

    #[test]
    fn findings_name_what_blocks_first_and_then_what_to_know() {
        let totals = Totals { held_count: 1, zero_count: 2, carried_count: 5, carried: 9, ..totals(3) };
        let short = Quote { funding: 0, ..QUOTE };
        let found = findings(&totals, &short, 4, 5, 2_000_000_005);
        let reasons: Vec<(&str, bool)> =
            found.iter().map(|finding| (finding.reason, finding.blocking)).collect();
        let expected = [
            ("FUNDING_SHORT", true),
            ("HELD_HOLDERS", false),
            ("ZERO_PAYEES", false),
            ("BELOW_MINIMUM", false),
            ("DUST_PAYEES", false),
            ("SNAPSHOT_OLDER_THAN_RECORD_TIME", false),
        ];
        assert_eq!(reasons, expected);
        assert!(found[5].message.contains(" 2 s older"), "{}", found[5].message);
        assert_eq!(findings(&self::totals(3), &QUOTE, 0, 5, 5), []);
    }

    fn calculation(lines: &[Line]) -> Calculation {
        let payees = lines.iter().filter(|line| line.outcome.ordinal().is_some()).count();
        let totals = totals(u32::try_from(payees).expect("a few"));
        Calculation { lines: lines.to_vec(), totals, eligible: 0 }
    }

    #[test]
    fn dust_is_less_than_the_fee_in_hbar_and_less_than_ten_units_else() {
        let payee = |ordinal, units| Line::plain(units, Outcome::Payee { ordinal });
        let held = Line::plain(1, Outcome::Held(Reason::Contract));
        let calculation = calculation(&[payee(0, 99), payee(1, 100), held, payee(2, 9)]);
        let hbar = AssetCode::hbar(Network::Sandbox);
        assert_eq!(dust_count(&calculation, hbar.parts(), &QUOTE), 2, "the fee is 100 for each");
        let token = AssetCode::token(Network::Sandbox, "0.0.5").expect("a token");
        assert_eq!(dust_count(&calculation, token.parts(), &QUOTE), 1);
    }

    #[test]
    fn the_largest_hundred_of_each_sort_are_shown() {
        let holder = |number: u64| Holder {
            account: Account::from_number(number).expect("small"),
            evm: EvmAddress([0; 20]),
            balance: u128::from(number % 200),
            kind: HolderKind::Account,
        };
        let holders: Vec<Holder> = (1..=500).map(holder).collect();
        let outcomes = [Outcome::Held(Reason::Contract), Outcome::Zero];
        let lines: Vec<Line> = (0..500).map(|place| Line::plain(0, outcomes[place / 400])).collect();
        let shown = largest_unpaid(&holders, &calculation(&lines));
        assert_eq!(shown.len(), 200);
        let balances: Vec<u128> = shown.iter().map(|place| holders[*place].balance).collect();
        assert!(balances[..100].is_sorted_by(|a, b| a >= b) && balances[99] == 150, "{balances:?}");
        assert_eq!(balances[100], 100, "then those who get nothing, account 500 first");
    }
}
