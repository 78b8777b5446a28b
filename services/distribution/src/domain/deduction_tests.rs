//! The tables of `docs/ENTITLEMENTS.md`, and what holds for every holder.

use money::{Decimal, Rounding};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{Account, Deducting, Deductions, OpenCarries, Parts, Rate, Withholding};
use crate::domain::account::EvmAddress;
use crate::domain::calculation::{Holder, rate_of};
use crate::domain::treatment::HolderKind;

const DOCUMENT: &str = include_str!("../../../../docs/ENTITLEMENTS.md");

/// The cells of the document's table with this header.
fn table(header: &str) -> Vec<Vec<&'static str>> {
    let cells = |row: &'static str| row.trim_matches('|').split('|').map(str::trim).collect();
    let rows = DOCUMENT.lines().skip_while(|line| *line != header).skip(2);
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn account(number: u64) -> Account {
    Account::from_number(number).expect("small")
}

fn percent(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn open(of: &[(u64, u128)]) -> OpenCarries {
    OpenCarries(of.iter().map(|(number, units)| (account(*number), *units)).collect())
}

#[test]
fn the_documents_rates_follow_from_percentage_and_value() {
    let rows = table("| percent | value | rate |");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let rate = rate_of(percent(row[0]), percent(row[1])).expect("it is exact");
        assert_eq!(rate.to_string(), row[2], "{row:?}");
    }
    let smallest = percent("0.0000000000000000000000000000000000001");
    assert!(rate_of(smallest, percent("1")).is_err(), "it has 39 digits after the point");
}

#[test]
fn the_documents_minimum_carries_and_pays_as_it_says() {
    let rows = table("| distribution | gross | open before | paid | open after |");
    assert_eq!(rows.len(), 4);
    let mut was_open = 0;
    for row in rows {
        let cell = |place: usize| row[place].parse::<u128>().expect("a number");
        assert_eq!(cell(2), was_open, "{row:?}");
        let minimum = if row[0].ends_with("without a minimum") { 0 } else { 100 };
        let terms = Deductions { minimum, ..Deductions::default() };
        let before = open(&[(7, was_open)]);
        let parts = Deducting::new(&terms, &before).apply(account(7), cell(1)).expect("it fits");
        assert_eq!(parts.paid, cell(3), "{row:?}");
        was_open = was_open - parts.brought + parts.carried;
        assert_eq!(was_open, cell(4), "{row:?}");
    }
}

#[test]
fn a_payees_own_rate_stands_in_for_the_default_and_nothing_is_withheld_of_what_is_brought_forward() {
    let rate = |text, of: &[u64]| Rate {
        group: String::new(),
        percent: percent(text),
        accounts: of.iter().map(|number| account(*number)).collect(),
    };
    let withholding = Withholding {
        default_percent: percent("30"),
        rates: vec![rate("0", &[1]), rate("15", &[2, 3]), rate("100", &[4])],
        rounding: Rounding::Up,
    };
    let terms = Deductions { withholding, minimum: 0 };
    let none = open(&[(3, 11), (4, 5)]);
    let deducting = Deducting::new(&terms, &none);
    let parts = |number| deducting.apply(account(number), 101).expect("it fits");
    assert_eq!(parts(1), Parts { paid: 101, ..Parts::default() });
    assert_eq!(parts(2), Parts { paid: 85, withheld: 16, ..Parts::default() });
    assert_eq!(parts(3), Parts { paid: 96, withheld: 16, brought: 11, carried: 0 });
    assert_eq!(parts(4), Parts { paid: 5, withheld: 101, brought: 5, carried: 0 });
    assert_eq!(parts(5), Parts { paid: 70, withheld: 31, ..Parts::default() });
}

#[test]
fn exactly_the_minimum_is_paid_and_one_unit_less_is_carried() {
    let terms = Deductions { minimum: 100, ..Deductions::default() };
    let before = open(&[(7, 60)]);
    let deducting = Deducting::new(&terms, &before);
    let parts = |gross| deducting.apply(account(7), gross).expect("it fits");
    assert_eq!(parts(40), Parts { paid: 100, brought: 60, ..Parts::default() });
    assert_eq!(parts(39), Parts { carried: 39, ..Parts::default() });
    assert_eq!(parts(0), Parts::default(), "what was open stays open, and there is nothing new");
}

#[test]
fn who_holds_nothing_any_more_joins_the_holders_only_with_enough_to_be_paid() {
    let holder =
        |number, kind| Holder { account: account(number), evm: EvmAddress([0; 20]), balance: 5, kind };
    let holders = vec![holder(3, HolderKind::Account), holder(8, HolderKind::Contract)];
    let all = open(&[(1, 10), (3, 50), (5, 9), (9, 11)]).join(holders.clone(), 10);
    let seen: Vec<(u64, HolderKind, u128)> =
        all.iter().map(|holder| (holder.account.number(), holder.kind, holder.balance)).collect();
    let expected = [
        (1, HolderKind::Former, 0),
        (3, HolderKind::Account, 5),
        (8, HolderKind::Contract, 5),
        (9, HolderKind::Former, 0),
    ];
    assert_eq!(seen, expected);
    assert_eq!(open(&[(3, 50)]).join(holders.clone(), 0), holders);
}

fn terms() -> impl Strategy<Value = Deductions> {
    let percents = (0..=100_000_u128).prop_map(|thousandths| Decimal::new(thousandths, 3).expect("it fits"));
    (percents, 0..3_usize, 0..2_000_u128).prop_map(|(default_percent, place, minimum)| Deductions {
        withholding: Withholding { default_percent, rates: Vec::new(), rounding: Rounding::ALL[place] },
        minimum,
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn nothing_of_a_holder_is_lost_or_made(
        terms in terms(), gross in any::<u64>(), shift in 0..64_u32, was_open in 0..1_000_u128,
    ) {
        let gross = u128::from(gross >> shift);
        let before = open(&[(7, was_open)]);
        let parts = Deducting::new(&terms, &before).apply(account(7), gross).expect("it fits");
        prop_assert_eq!(parts.paid + parts.withheld + parts.carried, gross + parts.brought);
        prop_assert!(parts.paid == 0 || parts.paid >= terms.minimum);
        prop_assert!(parts.paid == 0 || parts.carried == 0);
        prop_assert!(parts.brought == 0 || parts.brought == was_open);
        // What is not paid now is below the minimum.
        prop_assert!(parts.paid > 0 || parts.carried + was_open < terms.minimum.max(1));
    }
}
