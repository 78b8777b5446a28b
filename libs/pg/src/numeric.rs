//! `u128` in `NUMERIC(39,0)`: `PostgreSQL`'s binary format, encoded and decoded directly.
//!
//! The format (`PostgreSQL`'s `numeric_send`): four big-endian 16-bit words (count of digits, weight of the first
//! digit, sign, display scale), then the digits in base 10,000, most significant first, trailing zeros left out.

use bytes::{BufMut, BytesMut};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Numeric;
use tokio_postgres::types as driver;

/// Digits of one word of the wire format.
const BASE: u128 = 10_000;
/// Words 2^128 − 1 takes: 39 decimal digits, four a word.
const WORDS_MAX: usize = 10;
const SIGN_POSITIVE: u16 = 0x0000;
const SIGN_NEGATIVE: u16 = 0x4000;

/// An amount in the smallest unit as a column of type `NUMERIC(39,0)`, for Diesel and for tokio-postgres.
///
/// Decoding refuses what is not an integer from 0 to 2^128 − 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Numeric)]
pub struct Numeric128(pub u128);

/// Why a NUMERIC is not a [`Numeric128`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumericError {
    /// Below zero.
    #[error("the number is negative")]
    Negative,
    /// NaN or an infinity.
    #[error("the number is not finite")]
    NotFinite,
    /// Digits after the decimal point.
    #[error("the number has a fraction")]
    Fraction,
    /// Above 2^128 − 1.
    #[error("the number is larger than 2^128 - 1")]
    TooLarge,
    /// Not the binary format of a NUMERIC.
    #[error("the bytes are not a NUMERIC")]
    Malformed,
}

impl From<u128> for Numeric128 {
    fn from(value: u128) -> Self {
        Self(value)
    }
}

impl From<Numeric128> for u128 {
    fn from(value: Numeric128) -> Self {
        value.0
    }
}

impl Numeric128 {
    fn encode(self, out: &mut impl BufMut) {
        let mut words = [0_u16; WORDS_MAX];
        let mut rest = self.0;
        let mut length = 0_u16;
        while rest > 0 {
            words[usize::from(length)] =
                u16::try_from(rest % BASE).expect("a remainder of 10,000 fits 16 bits");
            rest /= BASE;
            length += 1;
        }
        // Least significant first here, so trailing zeros of the wire format are the leading ones.
        let zeros = u16::try_from(words.iter().take_while(|word| **word == 0).count().min(length.into()))
            .expect("at most ten words");
        out.put_u16(length - zeros);
        out.put_u16(length.saturating_sub(1));
        out.put_u16(SIGN_POSITIVE);
        out.put_u16(0);
        for word in words[usize::from(zeros)..usize::from(length)].iter().rev() {
            out.put_u16(*word);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, NumericError> {
        let (words, rest) = bytes.as_chunks::<2>();
        let mut words = words.iter().map(|word| u16::from_be_bytes(*word));
        let mut header = || words.next().ok_or(NumericError::Malformed);
        let (count, weight, sign, _scale) = (header()?, header()?, header()?, header()?);
        let digits: Vec<u16> = words.collect();
        if !rest.is_empty()
            || digits.len() != usize::from(count)
            || digits.iter().any(|d| u128::from(*d) >= BASE)
        {
            return Err(NumericError::Malformed);
        }
        match sign {
            SIGN_POSITIVE => sum(&digits, weight.cast_signed()),
            SIGN_NEGATIVE => Err(NumericError::Negative),
            _ => Err(NumericError::NotFinite),
        }
    }
}

/// Value of base-10,000 digits whose first one counts 10,000^weight.
fn sum(digits: &[u16], weight: i16) -> Result<Numeric128, NumericError> {
    let significant = digits.iter().position(|digit| *digit != 0);
    let Some(first) = significant else { return Ok(Numeric128(0)) };
    let integral = usize::try_from(i32::from(weight) + 1).map_err(|_| NumericError::Fraction)?;
    let (whole, fraction) = digits.split_at(integral.min(digits.len()));
    if fraction.iter().any(|digit| *digit != 0) {
        return Err(NumericError::Fraction);
    }
    // Bounds the loop below: more words than the largest u128 has.
    if integral.saturating_sub(first) > WORDS_MAX {
        return Err(NumericError::TooLarge);
    }
    let padded = whole.iter().copied().chain(std::iter::repeat_n(0, integral - whole.len()));
    let total = padded.skip(first).try_fold(0_u128, |total, digit| {
        total.checked_mul(BASE).and_then(|total| total.checked_add(digit.into()))
    });
    total.map(Numeric128).ok_or(NumericError::TooLarge)
}

impl ToSql<Numeric, Pg> for Numeric128 {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let mut bytes = BytesMut::with_capacity(28);
        self.encode(&mut bytes);
        std::io::Write::write_all(out, &bytes)?;
        Ok(IsNull::No)
    }
}

impl FromSql<Numeric, Pg> for Numeric128 {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::decode(value.as_bytes())?)
    }
}

impl driver::ToSql for Numeric128 {
    fn to_sql(
        &self,
        _: &driver::Type,
        out: &mut BytesMut,
    ) -> Result<driver::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.encode(out);
        Ok(driver::IsNull::No)
    }

    driver::accepts!(NUMERIC);
    driver::to_sql_checked!();
}

impl<'a> driver::FromSql<'a> for Numeric128 {
    fn from_sql(_: &driver::Type, bytes: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::decode(bytes)?)
    }

    driver::accepts!(NUMERIC);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Numeric128, NumericError};

    fn encoded(value: u128) -> Vec<u8> {
        let mut bytes = Vec::new();
        Numeric128(value).encode(&mut bytes);
        bytes
    }

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    proptest! {
        #[test]
        fn every_value_survives_the_round_trip(value in any::<u128>(), shift in 0_u32..128) {
            let value = value >> shift;
            prop_assert_eq!(Numeric128::decode(&encoded(value)), Ok(Numeric128(value)));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Numeric128::decode(&bytes);
        }
    }

    #[test]
    fn ten_thousand_has_one_digit_of_weight_one() {
        assert_eq!(encoded(0), words(&[0, 0, 0, 0]));
        assert_eq!(encoded(10_000), words(&[1, 1, 0, 0, 1]));
        assert_eq!(encoded(9_999), words(&[1, 0, 0, 0, 9_999]));
    }

    #[test]
    fn what_is_not_an_amount_is_refused_by_name() {
        let refused = |bytes: &[u16]| Numeric128::decode(&words(bytes)).expect_err("not an amount");
        assert_eq!(refused(&[1, 0, 0x4000, 0, 1]), NumericError::Negative);
        assert_eq!(refused(&[0, 0, 0xC000, 0]), NumericError::NotFinite);
        assert_eq!(refused(&[0, 0, 0xD000, 0]), NumericError::NotFinite);
        assert_eq!(refused(&[1, 0xFFFF, 0, 1, 5_000]), NumericError::Fraction);
        assert_eq!(refused(&[2, 0, 0, 1, 1, 5_000]), NumericError::Fraction);
        assert_eq!(refused(&[1, 10, 0, 0, 1]), NumericError::TooLarge);
        assert_eq!(refused(&[1, 9, 0, 0, 9_999]), NumericError::TooLarge);
        assert_eq!(refused(&[1, 0, 0, 0, 10_000]), NumericError::Malformed);
        assert_eq!(refused(&[2, 0, 0, 0, 1]), NumericError::Malformed);
    }

    #[test]
    fn a_whole_number_with_a_display_scale_is_whole() {
        assert_eq!(Numeric128::decode(&words(&[1, 0, 0, 2, 7])), Ok(Numeric128(7)));
    }
}
