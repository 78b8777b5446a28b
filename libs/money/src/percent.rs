//! A percentage of an amount.

use crate::Overflow;
use crate::decimal::Decimal;
use crate::wide::Wide;

/// How an amount that is no whole number of units is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// To the next unit below.
    #[default]
    Down,
    /// To the next unit above.
    Up,
    /// To the nearest unit; to the one above from exactly half.
    HalfUp,
}

impl Rounding {
    /// Every direction.
    pub const ALL: [Self; 3] = [Self::Down, Self::Up, Self::HalfUp];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "DOWN",
            Self::Up => "UP",
            Self::HalfUp => "HALF_UP",
        }
    }

    /// The direction with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rounding| rounding.as_str() == name)
    }
}

/// `round(units × percent / 100)`: the product is exact, and this is the one rounding. A result above 2^128 - 1 is an
/// [`Overflow`], and so is a percentage with more than 36 digits after the point.
pub fn percent_of(units: u128, percent: &Decimal, rounding: Rounding) -> Result<u128, Overflow> {
    let scale = u32::from(percent.scale()) + 2;
    let divisor = 10_u128.checked_pow(scale).ok_or(Overflow)?;
    let (quotient, remainder) = Wide::product(units, percent.mantissa()).div_rem(divisor);
    let floor = quotient.narrow().ok_or(Overflow)?;
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => remainder > 0,
        // A power of ten from 100 on is even.
        Rounding::HalfUp => remainder >= divisor / 2,
    };
    floor.checked_add(u128::from(up)).ok_or(Overflow)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::*;

    const DOCUMENT: &str = include_str!("../../../docs/ENTITLEMENTS.md");

    #[test]
    fn the_documents_withheld_amounts_are_what_it_says() -> Result<(), Box<dyn std::error::Error>> {
        let header = "| gross | percent | down | up | half up |";
        let rows = DOCUMENT.lines().skip_while(|line| *line != header).skip(2);
        let mut seen = 0;
        for row in rows.take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let (gross, percent): (u128, Decimal) = (cells[0].parse()?, cells[1].parse()?);
            for (rounding, expected) in Rounding::ALL.into_iter().zip(&cells[2..]) {
                assert_eq!(percent_of(gross, &percent, rounding), Ok(expected.parse()?), "{row}");
            }
            seen += 1;
        }
        assert_eq!(seen, 10);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_overflow() {
        let percent = |text: &str| text.parse::<Decimal>().expect("a decimal");
        assert_eq!(percent_of(u128::MAX, &percent("100"), Rounding::Up), Ok(u128::MAX));
        assert_eq!(percent_of(u128::MAX, &percent("101"), Rounding::Down), Err(Overflow));
        assert_eq!(
            percent_of(1, &percent("0.0000000000000000000000000000000000001"), Rounding::Up),
            Err(Overflow)
        );
        let smallest = percent("0.000000000000000000000000000000000001");
        assert_eq!(percent_of(u128::MAX, &smallest, Rounding::Up), Ok(4));
    }

    #[test]
    fn every_direction_has_a_name_of_its_own() {
        for rounding in Rounding::ALL {
            assert_eq!(Rounding::from_name(rounding.as_str()), Some(rounding));
        }
        assert_eq!(Rounding::from_name("SIDEWAYS"), None);
    }

    fn number() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0..128_u32).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, cases: 2_048, ..Default::default() })]

        #[test]
        fn the_result_is_the_exact_value_rounded_once(units in number(), mantissa in number(), scale in 0..=36_u8) {
            let percent = Decimal::new(mantissa, scale).expect("the scale is in range");
            let (numerator, divisor) =
                (BigUint::from(units) * percent.mantissa(), BigUint::from(10_u8).pow(u32::from(percent.scale()) + 2));
            let exact = |number: BigUint| u128::try_from(number).map_err(|_| Overflow);
            prop_assert_eq!(percent_of(units, &percent, Rounding::Down), exact(&numerator / &divisor));
            let up = (&numerator + &divisor - 1_u8) / &divisor;
            prop_assert_eq!(percent_of(units, &percent, Rounding::Up), exact(up));
            let nearest = (numerator * 2_u8 + &divisor) / (divisor * 2_u8);
            prop_assert_eq!(percent_of(units, &percent, Rounding::HalfUp), exact(nearest));
        }
    }
}
