//! Numbers as text: one strict reader for units, rates and what people type.

/// The text is not a number we take. Nothing is trimmed, guessed or rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// No text.
    #[error("is empty")]
    Empty,
    /// A sign, a space, an exponent, a separator, a digit of another script, or a point where none can be.
    #[error("must be written with the digits 0 to 9 only")]
    NotADigit,
    /// "01".
    #[error("must not start with a zero")]
    LeadingZero,
    /// "1." or ".5".
    #[error("needs a digit on both sides of the point")]
    BarePoint,
    /// "0.50" where one value must have one text.
    #[error("must not end with a zero after the point")]
    TrailingZero,
    /// More digits after the point than the asset, or the type, has.
    #[error("has more than {allowed} decimals")]
    TooManyDecimals {
        /// How many there may be.
        allowed: u8,
    },
    /// Above 2^128 - 1 units.
    #[error("is too large")]
    TooLarge,
}

/// Reads an amount that a person typed ("1000000.50") as units of an asset with `decimals` decimals. Zeros at the
/// end are taken; more decimals than the asset has are an error, even when they are zeros.
pub fn parse_units(text: &str, decimals: u8) -> Result<u128, ParseAmountError> {
    let (whole, fraction) = read_decimal(text)?;
    let missing = usize::from(decimals)
        .checked_sub(fraction.len())
        .ok_or(ParseAmountError::TooManyDecimals { allowed: decimals })?;
    let units = append_digits(append_digits(0, whole)?, fraction)?;
    (0..missing).try_fold(units, |units, _| units.checked_mul(10)).ok_or(ParseAmountError::TooLarge)
}

/// Writes units as an amount with all `decimals` decimals: 1000000500000 at 6 is "1000000.500000". The number of
/// digits after the point shows the asset's precision, and [`parse_units`] reads it back.
pub fn format_units(units: u128, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let mut text = format!("{units:0width$}", width = decimals + 1);
    if decimals > 0 {
        text.insert(text.len() - decimals, '.');
    }
    text
}

/// A canonical unsigned integer.
pub(crate) fn read_integer(text: &str) -> Result<u128, ParseAmountError> {
    check_digits(text)?;
    append_digits(0, check_whole(text)?)
}

/// The digits before and after the point; no point gives no digits after it.
pub(crate) fn read_decimal(text: &str) -> Result<(&str, &str), ParseAmountError> {
    let Some((whole, fraction)) = text.split_once('.') else {
        check_digits(text)?;
        return Ok((check_whole(text)?, ""));
    };
    check_digits(whole)?;
    check_digits(fraction)?;
    if whole.is_empty() || fraction.is_empty() {
        return Err(ParseAmountError::BarePoint);
    }
    Ok((check_whole(whole)?, fraction))
}

/// `value` with more digits written behind it. Stops at the first digit that does not fit.
pub(crate) fn append_digits(value: u128, digits: &str) -> Result<u128, ParseAmountError> {
    digits
        .bytes()
        .try_fold(value, |value, digit| value.checked_mul(10)?.checked_add(u128::from(digit - b'0')))
        .ok_or(ParseAmountError::TooLarge)
}

fn check_digits(text: &str) -> Result<(), ParseAmountError> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then_some(()).ok_or(ParseAmountError::NotADigit)
}

fn check_whole(digits: &str) -> Result<&str, ParseAmountError> {
    match digits.as_bytes() {
        [] => Err(ParseAmountError::Empty),
        [b'0', _, ..] => Err(ParseAmountError::LeadingZero),
        _ => Ok(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: &str = "340282366920938463463374607431768211455";

    #[test]
    fn a_typed_amount_becomes_units() {
        for (text, decimals, units) in [
            ("0", 6, 0),
            ("0.000000", 6, 0),
            ("1", 0, 1),
            ("1", 6, 1_000_000),
            ("1000000.50", 6, 1_000_000_500_000),
            ("0.000001", 6, 1),
            ("10", 0, 10),
            (MAX, 0, u128::MAX),
            ("3.40282366920938463463374607431768211455", 38, u128::MAX),
            ("0", 255, 0),
        ] {
            assert_eq!(parse_units(text, decimals), Ok(units), "{text:?} at {decimals}");
        }
    }

    #[test]
    fn what_is_not_a_plain_amount_is_refused() {
        use ParseAmountError::{BarePoint, Empty, LeadingZero, NotADigit, TooLarge, TooManyDecimals};
        let too_many = TooManyDecimals { allowed: 2 };
        for (text, error) in [
            ("", Empty),
            ("+5", NotADigit),
            ("-1", NotADigit),
            (" 1", NotADigit),
            ("1 ", NotADigit),
            ("1\n", NotADigit),
            ("1e3", NotADigit),
            ("0x10", NotADigit),
            ("1_000", NotADigit),
            ("1,000", NotADigit),
            ("1,5", NotADigit),
            ("١", NotADigit),
            ("1.١", NotADigit),
            ("١.1", NotADigit),
            ("1.2.3", NotADigit),
            ("1.-2", NotADigit),
            ("NaN", NotADigit),
            ("inf", NotADigit),
            ("½", NotADigit),
            (".", BarePoint),
            ("1.", BarePoint),
            (".5", BarePoint),
            ("01", LeadingZero),
            ("00", LeadingZero),
            ("00.5", LeadingZero),
            ("1.234", too_many),
            ("1.230", too_many),
            ("340282366920938463463374607431768211456", TooLarge),
            (MAX, TooLarge),
            ("3402823669209384634633746074317682114.56", TooLarge),
        ] {
            assert_eq!(parse_units(text, 2), Err(error), "{text:?}");
        }
        assert_eq!(parse_units("1", 39), Err(TooLarge));
        assert_eq!(parse_units("1.0", 0), Err(TooManyDecimals { allowed: 0 }));
        assert_eq!(parse_units(&"9".repeat(100_000), 0), Err(TooLarge));
    }

    #[test]
    fn units_are_written_with_all_their_decimals() {
        for (units, decimals, text) in [
            (0, 0, "0"),
            (0, 6, "0.000000"),
            (1, 6, "0.000001"),
            (1_000_000_500_000, 6, "1000000.500000"),
            (120, 1, "12.0"),
            (u128::MAX, 0, MAX),
            (u128::MAX, 39, "0.340282366920938463463374607431768211455"),
        ] {
            assert_eq!(format_units(units, decimals), text);
            assert_eq!(parse_units(text, decimals), Ok(units));
        }
    }
}
