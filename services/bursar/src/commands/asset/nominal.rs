//! A bond's principal as people write it.

use std::convert::Infallible;
use std::str::FromStr;

use proto::asset::v1::GetPaymentTokenRequest;
use proto::r#type::v1::Amount;

use crate::error::CommandError;
use crate::session::Session;

/// ISO 4217 currencies whose minor unit is not the hundredth (list one, 2024), with their decimals.
const MINOR_UNITS: [(&str, u8); 24] = [
    ("BHD", 3),
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYI", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];
const MINOR_UNITS_USUAL: u8 = 2;

/// In what the principal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Nominal {
    /// Three capital letters.
    Currency(String),
    /// "hbar" or a token's id.
    PaymentToken(String),
}

impl FromStr for Nominal {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Nominal, Infallible> {
        let currency = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        Ok(if currency { Nominal::Currency(text.to_owned()) } else { Nominal::PaymentToken(text.to_owned()) })
    }
}

/// The amount in smallest units.
pub(super) async fn amount(session: &Session, text: &str, nominal: &Nominal) -> Result<Amount, CommandError> {
    let (asset, decimals) = match nominal {
        Nominal::Currency(code) => (format!("iso4217:{code}"), minor_units(code)),
        Nominal::PaymentToken(token) => payment_token(session, token).await?,
    };
    let units = money::parse_units(text, decimals)
        .map_err(|error| CommandError::input(format!("--nominal {text:?} {error}")))?;
    Ok(Amount { units: units.to_string(), asset })
}

/// Code and decimals of an accepted payment token.
pub async fn payment_token(session: &Session, token: &str) -> Result<(String, u8), CommandError> {
    let request = GetPaymentTokenRequest { token: token.to_owned() };
    let answer = session.edge.payment_tokens().get_payment_token(request).await?.into_inner();
    let token = answer.payment_token.ok_or(CommandError::missing("payment_token"))?;
    let decimals = u8::try_from(token.decimals)
        .map_err(|_| CommandError::Unexpected(format!("{} decimals", token.decimals)))?;
    Ok((token.code, decimals))
}

fn minor_units(code: &str) -> u8 {
    MINOR_UNITS.iter().find(|(known, _)| *known == code).map_or(MINOR_UNITS_USUAL, |(_, decimals)| *decimals)
}

#[cfg(test)]
mod tests {
    use super::{MINOR_UNITS, Nominal, minor_units};

    #[test]
    fn currencies_are_three_capitals_and_all_else_is_a_payment_token() {
        assert_eq!("EUR".parse(), Ok(Nominal::Currency("EUR".to_owned())));
        for token in ["hbar", "0.0.456858", "eur"] {
            assert_eq!(token.parse(), Ok(Nominal::PaymentToken(token.to_owned())));
        }
    }

    #[test]
    fn currencies_have_their_own_minor_units() {
        assert_eq!((minor_units("EUR"), minor_units("JPY"), minor_units("KWD")), (2, 0, 3));
        assert!(MINOR_UNITS.is_sorted());
    }
}
