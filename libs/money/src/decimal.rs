//! Exact decimal numbers, for rates: so much per whole token.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::Overflow;
use crate::text::{ParseAmountError, append_digits, format_units, read_decimal};
use crate::wide::Wide;

/// An exact number that is not negative: `mantissa / 10^scale`.
///
/// Invariant: the scale is as small as it can be, so one value has one form and one text. The text is strict:
/// "0.5" and "12" are numbers, "0.50", ".5", "1." and "5e-1" are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: u128,
    scale: u8,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// The most digits after the point: 10^38 is the largest power of ten below 2^128.
    pub const MAX_SCALE: u8 = 38;

    /// `mantissa / 10^scale`, reduced.
    pub fn new(mantissa: u128, scale: u8) -> Result<Self, Overflow> {
        Self::reduced(Wide { high: 0, low: mantissa }, u32::from(scale))
    }

    /// The digits, without the point.
    pub const fn mantissa(&self) -> u128 {
        self.mantissa
    }

    /// How many of the digits stand after the point, 0 to 38.
    pub const fn scale(&self) -> u8 {
        self.scale
    }

    /// Whether this is nothing.
    pub const fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// The exact sum.
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        let (a, b, scale) = aligned(self, other);
        Self::reduced(a.checked_add(b).ok_or(Overflow)?, u32::from(scale))
    }

    /// The exact difference, if it is not negative.
    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        let (a, b, scale) = aligned(self, other);
        Self::reduced(a.checked_sub(b).ok_or(Overflow)?, u32::from(scale))
    }

    /// The exact product: never rounded to fit.
    pub fn checked_mul(self, other: Self) -> Result<Self, Overflow> {
        Self::reduced(
            Wide::product(self.mantissa, other.mantissa),
            u32::from(self.scale) + u32::from(other.scale),
        )
    }

    fn reduced(mut mantissa: Wide, mut scale: u32) -> Result<Self, Overflow> {
        while scale > 0 {
            let (tenth, last_digit) = mantissa.div_rem(10);
            if last_digit != 0 {
                break;
            }
            (mantissa, scale) = (tenth, scale - 1);
        }
        let scale = u8::try_from(scale).ok().filter(|scale| *scale <= Self::MAX_SCALE).ok_or(Overflow)?;
        Ok(Self { mantissa: mantissa.narrow().ok_or(Overflow)?, scale })
    }
}

/// The mantissas at the larger of the two scales. Both are below 2^128 × 10^38, so that their sum fits 256 bits.
fn aligned(a: Decimal, b: Decimal) -> (Wide, Wide, u8) {
    let scale = a.scale.max(b.scale);
    let at_scale =
        |number: Decimal| Wide::product(number.mantissa, 10_u128.pow(u32::from(scale - number.scale)));
    (at_scale(a), at_scale(b), scale)
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b, _) = aligned(*self, *other);
        a.cmp(&b)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_units(self.mantissa, self.scale))
    }
}

impl FromStr for Decimal {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        let (whole, fraction) = read_decimal(text)?;
        if fraction.ends_with('0') {
            return Err(ParseAmountError::TrailingZero);
        }
        let too_many = ParseAmountError::TooManyDecimals { allowed: Self::MAX_SCALE };
        let scale =
            u8::try_from(fraction.len()).ok().filter(|scale| *scale <= Self::MAX_SCALE).ok_or(too_many)?;
        Ok(Self { mantissa: append_digits(append_digits(0, whole)?, fraction)?, scale })
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_canonical_text_reads_and_writes_back() {
        for (text, mantissa, scale) in [
            ("0", 0, 0),
            ("1", 1, 0),
            ("100", 100, 0),
            ("0.5", 5, 1),
            ("12.345", 12_345, 3),
            ("0.00000000000000000000000000000000000001", 1, 38),
            ("340282366920938463463374607431768211455", u128::MAX, 0),
            ("3.40282366920938463463374607431768211455", u128::MAX, 38),
        ] {
            assert_eq!(text.parse(), Ok(Decimal { mantissa, scale }), "{text}");
            assert_eq!(Decimal { mantissa, scale }.to_string(), text);
        }
    }

    #[test]
    fn only_the_canonical_text_is_a_decimal() {
        use ParseAmountError::{
            BarePoint, Empty, LeadingZero, NotADigit, TooLarge, TooManyDecimals, TrailingZero,
        };
        for (text, error) in [
            ("", Empty),
            ("1.", BarePoint),
            (".5", BarePoint),
            (".", BarePoint),
            ("01", LeadingZero),
            ("00.5", LeadingZero),
            ("0.0", TrailingZero),
            ("0.50", TrailingZero),
            ("1.0", TrailingZero),
            ("1e3", NotADigit),
            ("1e-3", NotADigit),
            ("+5", NotADigit),
            ("-1", NotADigit),
            ("-0.5", NotADigit),
            ("0x10", NotADigit),
            (" 1", NotADigit),
            ("1 ", NotADigit),
            ("1_000", NotADigit),
            ("0,5", NotADigit),
            ("1/3", NotADigit),
            ("1.2.3", NotADigit),
            ("١", NotADigit),
            ("0.١", NotADigit),
            ("340282366920938463463374607431768211456", TooLarge),
            ("34028236692093846346337460743176821145.56", TooLarge),
            ("0.000000000000000000000000000000000000001", TooManyDecimals { allowed: 38 }),
        ] {
            assert_eq!(text.parse::<Decimal>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_result_that_is_not_exact_in_its_type_is_an_overflow() -> Result<(), ParseAmountError> {
        let smallest: Decimal = "0.00000000000000000000000000000000000001".parse()?;
        let largest = Decimal { mantissa: u128::MAX, scale: 0 };
        let one: Decimal = "1".parse()?;
        assert_eq!(smallest.checked_mul(smallest), Err(Overflow));
        assert_eq!(largest.checked_add(one), Err(Overflow));
        assert_eq!(largest.checked_add(smallest), Err(Overflow));
        assert_eq!(Decimal::ZERO.checked_sub(smallest), Err(Overflow));
        assert_eq!(Decimal::new(1, 39), Err(Overflow));
        assert_eq!(Decimal::new(10, 39), Ok(smallest));
        assert_eq!("0.5".parse::<Decimal>()?.checked_mul("2".parse()?), Ok(one));
        assert_eq!("0.5".parse::<Decimal>()?.checked_add("0.5".parse()?), Ok(one));
        assert_eq!("1.5".parse::<Decimal>()?.checked_sub("0.5".parse()?), Ok(one));
        Ok(())
    }

    fn decimal() -> impl Strategy<Value = Decimal> {
        (any::<u128>(), 0..128_u32, 0..=Decimal::MAX_SCALE)
            .prop_filter_map("too small", |(number, shift, scale)| Decimal::new(number >> shift, scale).ok())
    }

    /// The number times 10^76, which is an integer also for a product.
    fn scaled(number: Decimal) -> BigUint {
        BigUint::from(number.mantissa) * BigUint::from(10_u8).pow(76 - u32::from(number.scale))
    }

    /// The decimal that is `number / 10^scale`, if there is one.
    fn exact(mut number: BigUint, mut scale: u8) -> Result<Decimal, Overflow> {
        let ten = BigUint::from(10_u8);
        while scale > 0 && &number % &ten == BigUint::ZERO {
            (number, scale) = (number / &ten, scale - 1);
        }
        let mantissa = u128::try_from(number).map_err(|_| Overflow)?;
        if scale <= Decimal::MAX_SCALE { Ok(Decimal { mantissa, scale }) } else { Err(Overflow) }
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, cases: 2_048, ..Default::default() })]

        #[test]
        fn arithmetic_and_order_are_exact_or_an_overflow(a in decimal(), b in decimal()) {
            let (x, y) = (scaled(a), scaled(b));
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            prop_assert_eq!(a.checked_add(b), exact(&x + &y, 76));
            prop_assert_eq!(a.checked_sub(b), if x < y { Err(Overflow) } else { exact(&x - &y, 76) });
            prop_assert_eq!(a.checked_mul(b), exact(x * y, 152));
        }

        #[test]
        fn every_decimal_reads_back_its_text(number in decimal()) {
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            prop_assert!(number.scale() == 0 || number.mantissa() % 10 != 0);
        }
    }
}
