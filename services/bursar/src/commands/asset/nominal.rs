//! A bond's principal as people write it.

use std::convert::Infallible;
use std::str::FromStr;

use money::minor_unit_decimals;
use proto::asset::v1::GetPaymentTokenRequest;
use proto::r#type::v1::Amount;

use crate::error::CommandError;
use crate::session::Session;

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
        Nominal::Currency(code) => (format!("iso4217:{code}"), minor_unit_decimals(code)),
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

#[cfg(test)]
mod tests {
    use super::Nominal;

    #[test]
    fn currencies_are_three_capitals_and_all_else_is_a_payment_token() {
        assert_eq!("EUR".parse(), Ok(Nominal::Currency("EUR".to_owned())));
        for token in ["hbar", "0.0.456858", "eur"] {
            assert_eq!(token.parse(), Ok(Nominal::PaymentToken(token.to_owned())));
        }
    }
}
