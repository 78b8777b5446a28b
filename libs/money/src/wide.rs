//! 256-bit unsigned integers: just the product of two `u128` and its division.

const HALF_BITS: u32 = 64;
const LOW_HALF: u128 = (1 << HALF_BITS) - 1;

/// `high × 2^128 + low`. The fields stand in the order in which they compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wide {
    pub(crate) high: u128,
    pub(crate) low: u128,
}

impl Wide {
    /// The exact product.
    pub(crate) fn product(a: u128, b: u128) -> Self {
        let (low, high) = a.carrying_mul(b, 0);
        Self { high, low }
    }

    /// The sum, or nothing when it does not fit 256 bits.
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high)?.checked_add(u128::from(carry))?;
        Some(Self { high, low })
    }

    /// The difference, or nothing when it is negative.
    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let high = self.high.checked_sub(other.high)?.checked_sub(u128::from(borrow))?;
        Some(Self { high, low })
    }

    /// The number as 128 bits, if it fits.
    pub(crate) fn narrow(self) -> Option<u128> {
        (self.high == 0).then_some(self.low)
    }

    /// Quotient and remainder; the divisor is not zero.
    pub(crate) fn div_rem(self, divisor: u128) -> (Self, u128) {
        let (low, remainder) = divide(Self { high: self.high % divisor, low: self.low }, divisor);
        (Self { high: self.high / divisor, low }, remainder)
    }
}

/// Quotient and remainder where `dividend.high < divisor`, so that the quotient fits 128 bits. Schoolbook division
/// in digits of 64 bits: Knuth's algorithm D, in the form of Hacker's Delight, `divlu`.
pub(crate) fn divide(dividend: Wide, divisor: u128) -> (u128, u128) {
    debug_assert!(dividend.high < divisor, "the quotient does not fit");
    if dividend.high == 0 {
        return (dividend.low / divisor, dividend.low % divisor);
    }
    let shift = divisor.leading_zeros();
    let divisor = divisor << shift;
    // Two shifts: one by `128 - shift` would be a shift by 128 when `shift` is 0.
    let high = (dividend.high << shift) | (dividend.low >> 1 >> (127 - shift));
    let low = dividend.low << shift;
    let (upper, rest) = quotient_digit(high, low >> HALF_BITS, divisor);
    let (lower, rest) = quotient_digit(rest, low & LOW_HALF, divisor);
    ((upper << HALF_BITS) | lower, rest >> shift)
}

/// One digit of the quotient of `(high × 2^64 + next) / divisor`, and what remains. The divisor's top bit is set
/// and `high < divisor`, so the estimate from its top half is too large by two at most.
fn quotient_digit(high: u128, next: u128, divisor: u128) -> (u128, u128) {
    let (top, bottom) = (divisor >> HALF_BITS, divisor & LOW_HALF);
    let (mut digit, mut rest) = (high / top, high % top);
    while digit > LOW_HALF || digit * bottom > (rest << HALF_BITS) | next {
        digit -= 1;
        rest += top;
        if rest > LOW_HALF {
            break;
        }
    }
    // The true remainder is below the divisor, so arithmetic modulo 2^128 gives it exactly.
    let remainder = ((high << HALF_BITS) | next).wrapping_sub(digit.wrapping_mul(divisor));
    (digit, remainder)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn big(wide: Wide) -> BigUint {
        (BigUint::from(wide.high) << 128) + wide.low
    }

    /// Numbers of every length, and the edges of the digits: uniform ones are nearly all 128 bits long.
    fn number() -> impl Strategy<Value = u128> {
        let edges =
            [0, 1, LOW_HALF - 1, LOW_HALF, LOW_HALF + 1, LOW_HALF << HALF_BITS, u128::MAX - 1, u128::MAX];
        prop_oneof![
            (any::<u128>(), 0..128_u32).prop_map(|(number, shift)| number >> shift),
            (0..edges.len()).prop_map(move |edge| edges[edge]),
            Just(1_u128 << 127),
        ]
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, cases: 4_096, ..Default::default() })]

        #[test]
        fn a_product_is_exact(a in number(), b in number()) {
            prop_assert_eq!(big(Wide::product(a, b)), BigUint::from(a) * b);
        }

        #[test]
        fn a_division_is_exact(high in number(), low in number(), divisor in number()) {
            let (dividend, divisor) = (Wide { high, low }, divisor.max(1));
            let (quotient, remainder) = dividend.div_rem(divisor);
            prop_assert_eq!(big(quotient), big(dividend) / divisor);
            prop_assert_eq!(BigUint::from(remainder), big(dividend) % divisor);
        }

        #[test]
        fn sums_and_differences_are_exact(a in number(), b in number(), c in number(), d in number()) {
            let (x, y) = (Wide { high: a, low: b }, Wide { high: c, low: d });
            let (sum, limit) = (big(x) + big(y), BigUint::from(1_u8) << 256);
            prop_assert_eq!(x.checked_add(y).map(big), (sum < limit).then_some(sum));
            prop_assert_eq!(x.checked_sub(y).map(big), (x >= y).then(|| big(x.max(y)) - big(y)));
        }
    }
}
