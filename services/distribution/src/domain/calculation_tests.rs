//! The table of `docs/ENTITLEMENTS.md`, and what holds for every list of holders.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::super::deduction::{Withholding, none};
use super::{
    Account, AmountRule, Basis, Calculation, CalculationError, Decisions, Deductions, EvmAddress, Holder,
    HolderKind, Line, OpenCarries, Outcome, Parties, PoolBase, Reason, calculate, would_get,
};

fn account(number: u64) -> Account {
    Account::from_number(number).expect("a small number")
}

fn holder(number: u64, balance: u128, kind: HolderKind) -> Holder {
    Holder { account: account(number), evm: EvmAddress([0; 20]), balance, kind }
}

fn basis(rule: AmountRule, total_supply: u128, decisions: &Decisions) -> Basis<'_> {
    let parties = Parties { treasury: account(2), funding: account(3), fee_payer: account(3) };
    Basis {
        rule,
        payment_decimals: 6,
        holding_decimals: 8,
        total_supply,
        parties,
        decisions,
        redeemed: None,
        deductions: &none::DEDUCTIONS,
        open: &none::OPEN,
    }
}

fn pool(units: u128, base: PoolBase) -> AmountRule {
    AmountRule::Pool { units, base }
}

fn units(calculation: &Calculation) -> Vec<u128> {
    calculation.lines.iter().map(|line| line.units).collect()
}

/// The five holders of the page's table, the fourth of which can be made a contract.
fn five(kind: HolderKind) -> [Holder; 5] {
    [
        holder(1001, 100, HolderKind::Account),
        holder(1002, 100, HolderKind::Account),
        holder(1003, 100, HolderKind::Account),
        holder(4096, 333, kind),
        holder(65_536, 77, HolderKind::Account),
    ]
}

#[test]
fn the_pool_of_the_documentation_is_split_as_it_says() {
    let none = Decisions::new();
    let over = |base| {
        calculate(&five(HolderKind::Account), &basis(pool(10, base), 1_000, &none)).expect("it calculates")
    };
    let eligible = over(PoolBase::EligibleHolders);
    assert_eq!(units(&eligible), [2, 1, 1, 5, 1]);
    assert_eq!((eligible.totals.entitled, eligible.totals.residue), (10, 0));
    let supply = over(PoolBase::TotalSupply);
    assert_eq!(units(&supply), [1, 1, 1, 3, 1]);
    assert_eq!((supply.totals.entitled, supply.totals.residue), (7, 3));
}

#[test]
fn a_held_contract_keeps_its_share_in_the_residue_and_changes_nobody_elses() {
    let none = Decisions::new();
    let basis = basis(pool(10, PoolBase::EligibleHolders), 1_000, &none);
    let calculation = calculate(&five(HolderKind::Contract), &basis).expect("it calculates");
    assert_eq!(units(&calculation), [2, 1, 1, 5, 1]);
    let totals = calculation.totals;
    assert_eq!((totals.entitled, totals.held, totals.residue), (5, 5, 5));
    assert_eq!((totals.payee_count, totals.held_count), (4, 1));
    assert_eq!(calculation.lines[3].outcome, Outcome::Held(Reason::Contract));
    assert_eq!(calculation.lines[4].outcome, Outcome::Payee { ordinal: 3 });
}

#[test]
fn an_excluded_holder_is_not_counted_and_is_told_what_it_would_get() {
    let none = Decisions::new();
    let basis = basis(pool(100, PoolBase::EligibleHolders), 1_000, &none);
    let holders = [holder(2, 900, HolderKind::Treasury), holder(1001, 100, HolderKind::Account)];
    let calculation = calculate(&holders, &basis).expect("it calculates");
    assert_eq!(units(&calculation), [0, 100]);
    assert_eq!(calculation.lines[0].outcome, Outcome::Excluded(Reason::Treasury));
    assert_eq!(would_get(900, calculation.eligible, &basis), Some(90));
}

#[test]
fn nobody_to_count_leaves_the_whole_pool() {
    let none = Decisions::new();
    for base in [PoolBase::EligibleHolders, PoolBase::TotalSupply] {
        let basis = basis(pool(100, base), 0, &none);
        for holders in [&[][..], &[holder(2, 5, HolderKind::Treasury)]] {
            let totals = calculate(holders, &basis).expect("it calculates").totals;
            assert_eq!((totals.payee_count, totals.entitled, totals.residue), (0, 0, 100));
        }
    }
}

#[test]
fn who_gets_nothing_by_rounding_is_no_payee() {
    let none = Decisions::new();
    let rate = AmountRule::PerToken("0.5".parse().expect("a rate"));
    let holders = [holder(1001, 199, HolderKind::Account), holder(1002, 200, HolderKind::Account)];
    let calculation = calculate(&holders, &basis(rate, 1_000, &none)).expect("it calculates");
    assert_eq!(calculation.lines[0].outcome, Outcome::Zero);
    assert_eq!(calculation.lines[1].outcome, Outcome::Payee { ordinal: 0 });
    // floor(399 × 0.5 × 10^6 / 10^8) = 1.
    let totals = calculation.totals;
    assert_eq!((totals.pool, totals.entitled, totals.residue, totals.zero_count), (1, 1, 0, 1));
}

#[test]
fn what_cannot_be_right_is_refused_by_name() {
    let none = Decisions::new();
    let refused = |holders: &[Holder], rule, supply| {
        calculate(holders, &basis(rule, supply, &none)).expect_err("it cannot be right")
    };
    let twice = [holder(7, 1, HolderKind::Account), holder(7, 1, HolderKind::Account)];
    assert_eq!(refused(&twice, pool(10, PoolBase::EligibleHolders), 10), CalculationError::Unsorted);
    let one = [holder(7, 11, HolderKind::Account)];
    assert_eq!(refused(&one, pool(10, PoolBase::TotalSupply), 10), CalculationError::SupplyBelowBalances);
    let rich = AmountRule::PerToken("1".parse().expect("a rate"));
    let whale = [holder(7, u128::MAX, HolderKind::Account)];
    assert_eq!(refused(&whale, rich, u128::MAX), CalculationError::AmountOutOfRange);
    let huge = pool(u128::MAX, PoolBase::EligibleHolders);
    assert_eq!(refused(&one, huge, 11), CalculationError::AmountOutOfRange);
}

#[test]
fn the_same_for_each_holder_and_a_percentage_of_the_value_are_shares_too() {
    let none = Decisions::new();
    let of = |rule, kind| calculate(&five(kind), &basis(rule, 1_000, &none)).expect("it calculates");
    let each = of(AmountRule::PerHolder(7), HolderKind::Contract);
    assert_eq!(units(&each), [7; 5]);
    let totals = each.totals;
    assert_eq!((totals.pool, totals.entitled, totals.held, totals.residue), (35, 28, 7, 7));
    // 2.5 % of 40 whole payment tokens per whole token is one: a unit with 8 decimals earns 0.01 with 6.
    let (percent, value) = ("2.5".parse().expect("a percentage"), "40".parse().expect("a value"));
    let percentage = of(AmountRule::PercentOfValue { percent, value }, HolderKind::Account);
    let one = AmountRule::PerToken("1".parse().expect("a rate"));
    assert_eq!(percentage, of(one, HolderKind::Account));
    assert_eq!(units(&percentage), [1, 1, 1, 3, 0]);
}

#[test]
fn what_comes_off_is_told_for_each_holder_and_in_all() {
    let none = Decisions::new();
    let withholding =
        Withholding { default_percent: "25".parse().expect("a decimal"), ..Withholding::default() };
    let deductions = Deductions { withholding, minimum: 30 };
    // 1002 is below the minimum also with what is open, 1003 no longer; 4096 is held, and 70000 holds nothing any more.
    let open =
        OpenCarries([(1002, 1), (1003, 9), (4096, 500), (70_000, 40)].map(|(n, u)| (account(n), u)).into());
    let holders = vec![
        holder(1001, 400, HolderKind::Account),
        holder(1002, 36, HolderKind::Account),
        holder(1003, 28, HolderKind::Account),
        holder(4096, 100, HolderKind::Contract),
        holder(5000, 1, HolderKind::Account),
    ];
    let holders = open.join(holders, deductions.minimum);
    let plain = basis(AmountRule::PerToken("100".parse().expect("a rate")), 1_000, &none);
    let basis = Basis { deductions: &deductions, open: &open, payment_decimals: 6, ..plain };
    let calculation = calculate(&holders, &basis).expect("it calculates");
    let lines: Vec<(u128, u128, u128, u128)> = calculation
        .lines
        .iter()
        .map(|line| (line.units, line.withheld, line.carried, line.brought))
        .collect();
    let expected =
        [(300, 100, 0, 0), (0, 9, 27, 0), (30, 7, 0, 9), (100, 0, 0, 0), (0, 0, 1, 0), (40, 0, 0, 40)];
    assert_eq!(lines, expected);
    assert_eq!(calculation.lines[1].outcome, Outcome::Carried);
    assert_eq!(calculation.lines[5].outcome, Outcome::Payee { ordinal: 2 });
    let totals = calculation.totals;
    assert_eq!((totals.pool, totals.entitled, totals.held), (565, 465, 100));
    assert_eq!((totals.withheld, totals.carried, totals.brought), (116, 28, 49));
    assert_eq!((totals.net(), totals.payable()), (321, 370));
    assert_eq!((totals.payee_count, totals.carried_count, totals.zero_count), (3, 2, 0));
}

#[test]
fn who_has_all_withheld_is_no_payee_and_is_told_so() {
    let none = Decisions::new();
    let withholding =
        Withholding { default_percent: "100".parse().expect("a decimal"), ..Withholding::default() };
    let deductions = Deductions { withholding, minimum: 0 };
    let basis = Basis { deductions: &deductions, ..basis(AmountRule::PerHolder(50), 1_000, &none) };
    let calculation = calculate(&[holder(1001, 1, HolderKind::Account)], &basis).expect("it calculates");
    assert_eq!(calculation.lines[0].outcome, Outcome::Withheld);
    let totals = calculation.totals;
    assert_eq!((totals.payee_count, totals.zero_count, totals.entitled, totals.withheld), (0, 1, 50, 50));
    assert_eq!(totals.payable(), 0);
}

fn deductions() -> impl Strategy<Value = Deductions> {
    (0..=100_u128, 0..3_usize, 0..1_000_000_u128).prop_map(|(percent, place, minimum)| {
        let default_percent = money::Decimal::new(percent, 0).expect("an integer");
        let rounding = money::Rounding::ALL[place];
        Deductions { withholding: Withholding { default_percent, rates: Vec::new(), rounding }, minimum }
    })
}

fn kind() -> impl Strategy<Value = HolderKind> {
    prop_oneof![
        6 => Just(HolderKind::Account),
        1 => Just(HolderKind::Contract),
        1 => Just(HolderKind::System),
        1 => Just(HolderKind::Deleted),
        1 => Just(HolderKind::Treasury),
    ]
}

fn holders() -> impl Strategy<Value = Vec<Holder>> {
    let balances =
        (1..=u128::from(u64::MAX), 0..63_u32).prop_map(|(balance, shift)| (balance >> shift).max(1));
    proptest::collection::vec((balances, kind()), 0..60).prop_map(|list| {
        list.into_iter().zip(0_u64..).map(|((balance, kind), number)| holder(number, balance, kind)).collect()
    })
}

fn rule() -> impl Strategy<Value = AmountRule> {
    prop_oneof![
        (1..=u128::from(u32::MAX)).prop_map(|units| pool(units, PoolBase::EligibleHolders)),
        (1..=u128::from(u32::MAX)).prop_map(|units| pool(units, PoolBase::TotalSupply)),
        (0..=u128::from(u32::MAX)).prop_map(AmountRule::PerHolder),
        (1..1_000_u128).prop_map(|mantissa| {
            AmountRule::PerToken(money::Decimal::new(mantissa, 3).expect("the scale is in range"))
        }),
    ]
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_made(
        holders in holders(), rule in rule(), burnt in any::<u32>(), deductions in deductions(),
        carried in proptest::collection::btree_map(0..80_u64, 1..1_000_000_u128, 0..20),
    ) {
        let none = Decisions::new();
        let supply = holders.iter().map(|holder| holder.balance).sum::<u128>() + u128::from(burnt);
        let open = OpenCarries(carried.into_iter().map(|(number, units)| (account(number), units)).collect());
        let holders = open.join(holders, deductions.minimum);
        let basis = Basis { deductions: &deductions, open: &open, ..basis(rule, supply, &none) };
        let calculation = calculate(&holders, &basis).expect("it calculates");
        let totals = calculation.totals;
        let of = |wanted: fn(&Outcome) -> bool| {
            calculation.lines.iter().filter(|line| wanted(&line.outcome)).map(|line| line.units).sum::<u128>()
        };
        prop_assert_eq!(of(|outcome| matches!(outcome, Outcome::Payee { .. })), totals.payable());
        prop_assert_eq!(totals.net() + totals.withheld + totals.carried, totals.entitled);
        let held = |line: &&Line| !matches!(line.outcome, Outcome::Held(_));
        let gross = |line: &Line| line.units - line.brought + line.withheld + line.carried;
        prop_assert_eq!(calculation.lines.iter().filter(held).map(gross).sum::<u128>(), totals.entitled);
        prop_assert_eq!(of(|outcome| matches!(outcome, Outcome::Held(_))), totals.held);
        prop_assert_eq!(of(|outcome| outcome.ordinal().is_none() && !matches!(outcome, Outcome::Held(_))), 0);
        prop_assert_eq!(totals.entitled + totals.residue, totals.pool);
        prop_assert!(totals.held <= totals.residue);
        let unpaid = totals.zero_count + totals.carried_count + totals.held_count + totals.excluded_count;
        let counts = totals.payee_count + unpaid;
        prop_assert_eq!(counts as usize, holders.len());
        if let AmountRule::Pool { units, base: PoolBase::EligibleHolders } = rule
            && holders.iter().zip(&calculation.lines).any(|(holder, line)| {
                holder.kind != HolderKind::Former && !matches!(line.outcome, Outcome::Excluded(_))
            })
        {
            prop_assert_eq!(totals.entitled + totals.held, units);
        }
    }

    #[test]
    fn ordinals_are_gapless_and_follow_the_account_numbers(holders in holders(), rule in rule()) {
        let none = Decisions::new();
        let supply = holders.iter().map(|holder| holder.balance).sum::<u128>();
        let calculation = calculate(&holders, &basis(rule, supply, &none)).expect("it calculates");
        let ordinals: Vec<u32> = calculation.lines.iter().filter_map(|line| line.outcome.ordinal()).collect();
        prop_assert_eq!(ordinals, (0..calculation.totals.payee_count).collect::<Vec<_>>());
    }

    #[test]
    fn holding_somebody_changes_nobody_elses_amount(holders in holders(), rule in rule(), pick in any::<usize>()) {
        let none = Decisions::new();
        let supply = holders.iter().map(|holder| holder.balance).sum::<u128>();
        let before = calculate(&holders, &basis(rule, supply, &none)).expect("it calculates");
        if let Some(held) = holders.get(pick % holders.len().max(1)).filter(|held| held.kind != HolderKind::Treasury)
            && held.account > account(3)
        {
            let decisions = Decisions::from([(held.account, super::Treatment::Hold)]);
            let after = calculate(&holders, &basis(rule, supply, &decisions)).expect("it calculates");
            prop_assert_eq!(units(&before), units(&after));
        }
    }
}
