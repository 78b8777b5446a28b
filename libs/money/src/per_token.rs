//! A fixed amount per whole token.

use crate::Overflow;
use crate::decimal::Decimal;
use crate::wide::Wide;

/// The largest power of ten below 2^128.
const MAX_POWER: u32 = 38;

/// What a balance earns at a rate per *whole* token, in units of the payment asset:
/// `floor(balance × rate × 10^payment_decimals / 10^holding_decimals)`.
///
/// `balance` counts units of the holding asset. The one rounding is down, at the very end; a result above
/// 2^128 - 1 is an [`Overflow`].
pub fn per_token(
    balance: u128,
    rate: &Decimal,
    payment_decimals: u8,
    holding_decimals: u8,
) -> Result<u128, Overflow> {
    let product = Wide::product(balance, rate.mantissa());
    let (up, down) = (u32::from(payment_decimals), u32::from(rate.scale()) + u32::from(holding_decimals));
    if up >= down { multiply(product, up - down) } else { divide_down(product, down - up) }
}

fn multiply(product: Wide, power: u32) -> Result<u128, Overflow> {
    let units = product.narrow().ok_or(Overflow)?;
    if units == 0 {
        return Ok(0);
    }
    10_u128.checked_pow(power).and_then(|factor| units.checked_mul(factor)).ok_or(Overflow)
}

/// In steps, as 10^`power` may itself be wider than any integer here: the floor of a floor is the floor of the whole.
fn divide_down(mut product: Wide, mut power: u32) -> Result<u128, Overflow> {
    while power > 0 {
        let step = power.min(MAX_POWER);
        (product, _) = product.div_rem(10_u128.pow(step));
        power -= step;
    }
    product.narrow().ok_or(Overflow)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn half_a_dollar_per_whole_token_is_rounded_down_once() {
        let half = Decimal::new(5, 1).expect("0.5 is a rate");
        // Holding with 8 decimals, payment with 6: 3.00000001 tokens earn 1.500000005, paid as 1.500000.
        assert_eq!(per_token(300_000_001, &half, 6, 8), Ok(1_500_000));
        assert_eq!(per_token(199, &half, 6, 8), Ok(0));
        assert_eq!(per_token(200, &half, 6, 8), Ok(1));
        assert_eq!(per_token(7, &half, 2, 0), Ok(350));
        assert_eq!(per_token(u128::MAX, &half, 0, 0), Ok(u128::MAX / 2));
    }

    #[test]
    fn what_does_not_fit_is_an_overflow_and_nothing_is_always_nothing() {
        let (one, two) = (Decimal::new(1, 0).expect("a rate"), Decimal::new(2, 0).expect("a rate"));
        assert_eq!(per_token(u128::MAX, &one, 0, 0), Ok(u128::MAX));
        assert_eq!(per_token(u128::MAX, &two, 0, 0), Err(Overflow));
        assert_eq!(per_token(1, &one, 39, 0), Err(Overflow));
        assert_eq!(per_token(u128::MAX, &Decimal::new(u128::MAX, 0).expect("a rate"), 0, 38), Err(Overflow));
        assert_eq!(per_token(0, &two, 255, 0), Ok(0));
        assert_eq!(per_token(u128::MAX, &Decimal::ZERO, 255, 0), Ok(0));
        assert_eq!(per_token(u128::MAX, &two, 0, 255), Ok(0));
    }

    fn exact(balance: u128, rate: &Decimal, payment_decimals: u8, holding_decimals: u8) -> BigUint {
        let ten = BigUint::from(10_u8);
        let numerator = BigUint::from(balance) * rate.mantissa() * ten.pow(payment_decimals.into());
        numerator / ten.pow(u32::from(rate.scale()) + u32::from(holding_decimals))
    }

    fn number() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0..128_u32).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, cases: 2_048, ..Default::default() })]

        #[test]
        fn the_result_is_the_floor_of_the_exact_value(
            balance in number(), mantissa in number(), scale in 0..=38_u8, payment in 0..=60_u8, holding in 0..=60_u8,
        ) {
            let rate = Decimal::new(mantissa, scale).expect("the scale is in range");
            let exact = exact(balance, &rate, payment, holding);
            prop_assert_eq!(per_token(balance, &rate, payment, holding), u128::try_from(exact).map_err(|_| Overflow));
        }

        #[test]
        fn the_payees_together_never_get_more_than_the_eligible_supply_earns(
            balances in proptest::collection::vec(0..=u128::from(u64::MAX), 1..50), mantissa in 1..1_000_000_u128,
        ) {
            let rate = Decimal::new(mantissa, 4).expect("the scale is in range");
            let earned = |balance| per_token(balance, &rate, 6, 8).expect("64 bits by 20 fit");
            let paid: u128 = balances.iter().copied().map(earned).sum();
            let eligible = earned(balances.iter().sum());
            prop_assert_eq!(paid <= eligible && eligible - paid < balances.len() as u128, true);
        }
    }
}
