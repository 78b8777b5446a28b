//! What each payee must get, reckoned with plain integers from `docs/ENTITLEMENTS.md`: nothing of it is the services' code.
//!
//! Numbers are small enough that no product leaves 128 bits.

use proto::distribution::v1::Rounding;

/// Decimals of the token held, and of the one that is paid.
pub(crate) const HOLDING_DECIMALS: u32 = 8;
const PAYMENT_DECIMALS: u32 = 6;

/// What becomes of one payee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) gross: u128,
    pub(crate) withheld: u128,
    pub(crate) brought: u128,
    pub(crate) carried: u128,
    pub(crate) paid: u128,
}

impl Line {
    /// Of a gross amount, with what is open of the payee, and a minimum.
    pub(crate) fn of(gross: u128, withheld: u128, open: u128, minimum: u128) -> Line {
        let own = gross - withheld;
        let due = own + open;
        if due < minimum {
            Line { gross, withheld, brought: 0, carried: own, paid: 0 }
        } else {
            Line { gross, withheld, brought: open, carried: 0, paid: due }
        }
    }
}

/// An exact decimal: its digits, and how many of them are after the point.
fn exact(text: &str) -> (u128, u32) {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{rest}").parse().expect("digits");
    (digits, u32::try_from(rest.len()).expect("a short text"))
}

fn power(exponent: u32) -> u128 {
    10_u128.pow(exponent)
}

/// A balance at a rate in whole payment tokens per whole token.
pub(crate) fn per_token(balance: u128, rate: &str) -> u128 {
    let (digits, scale) = exact(rate);
    balance * digits * power(PAYMENT_DECIMALS) / power(HOLDING_DECIMALS + scale)
}

/// A percentage of what a balance is worth.
pub(crate) fn percent_of_value(balance: u128, percent: &str, value: &str) -> u128 {
    let ((percent, percent_scale), (value, value_scale)) = (exact(percent), exact(value));
    let scale = HOLDING_DECIMALS + percent_scale + value_scale + 2;
    balance * percent * value * power(PAYMENT_DECIMALS) / power(scale)
}

/// A pool over all these balances, of which `base` is the whole. What rounding leaves goes to the largest remainders, and
/// of equal ones to the first.
pub(crate) fn pool(units: u128, base: u128, balances: &[u128]) -> Vec<u128> {
    let mut shares: Vec<u128> = balances.iter().map(|balance| units * balance / base).collect();
    let payable = units * balances.iter().sum::<u128>() / base;
    let left = usize::try_from(payable - shares.iter().sum::<u128>()).expect("fewer than there are holders");
    let mut places: Vec<usize> = (0..balances.len()).collect();
    // Stable: of equal remainders the first stays first.
    places.sort_by_key(|place| std::cmp::Reverse(units * balances[*place] % base));
    places.into_iter().take(left).for_each(|place| shares[place] += 1);
    shares
}

/// What is withheld of a gross amount.
pub(crate) fn withheld(gross: u128, percent: &str, rounding: Rounding) -> u128 {
    let (digits, scale) = exact(percent);
    let whole = 100 * power(scale);
    let (down, rest) = (gross * digits / whole, gross * digits % whole);
    match rounding {
        Rounding::Down => down,
        Rounding::Up => down + u128::from(rest > 0),
        Rounding::HalfUp => down + u128::from(2 * rest >= whole),
        Rounding::Unspecified => panic!("no rounding"),
    }
}

/// The tables of `docs/ENTITLEMENTS.md`, by hand.
#[test]
fn the_reckoning_is_that_of_the_page() {
    assert_eq!([199, 200, 300_000_001].map(|units| per_token(units, "0.5")), [0, 1, 1_500_000]);
    assert_eq!(per_token(300_000_001, "0.0123"), 36_900);
    assert_eq!(percent_of_value(100_000_000, "2.75", "1000"), 27_500_000);
    let balances = [100, 100, 100, 333, 77];
    assert_eq!(pool(10, 710, &balances), [2, 1, 1, 5, 1]);
    assert_eq!(pool(10, 1_000, &balances), [1, 1, 1, 3, 1]);
    let roundings = [Rounding::Down, Rounding::Up, Rounding::HalfUp];
    let of = |gross, percent| roundings.map(|rounding| withheld(gross, percent, rounding));
    assert_eq!([of(1, "26.375"), of(2, "25")], [[0, 1, 0], [0, 1, 1]]);
    assert_eq!([of(1_000, "26.35"), of(1_000, "26.34")], [[263, 264, 264], [263, 264, 263]]);
    assert_eq!([of(1_000, "100"), of(1_000, "0.00001")], [[1_000, 1_000, 1_000], [0, 1, 0]]);
}
