//! In what may be paid.

use std::str::FromStr;
use std::time::SystemTime;

use money::{AssetCode, Network, ParseAssetCodeError};

use super::asset::token_id;
use super::token::TokenFacts;

/// Decimals of HBAR: its unit is the tinybar, 10^-8 HBAR.
const HBAR_DECIMALS: u8 = 8;

/// Payment tokens as callers name them, on the network of the installation: `hbar`, or a token's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenRef {
    /// HBAR.
    Hbar,
    /// An HTS token by its canonical id.
    Token(String),
}

/// The text is neither `hbar` nor the id of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `hbar` or a token id as `<shard>.<realm>.<num>`")]
pub(crate) struct ParseTokenRefError;

impl FromStr for TokenRef {
    type Err = ParseTokenRefError;

    fn from_str(text: &str) -> Result<Self, ParseTokenRefError> {
        if text == "hbar" {
            return Ok(Self::Hbar);
        }
        // Which network does not matter to the form of an id.
        AssetCode::token(Network::Sandbox, text).map_err(|_| ParseTokenRefError)?;
        Ok(Self::Token(text.to_owned()))
    }
}

impl TokenRef {
    /// The code of what is named, on `network`.
    pub(crate) fn code(&self, network: Network) -> Result<AssetCode, ParseAssetCodeError> {
        match self {
            Self::Hbar => Ok(AssetCode::hbar(network)),
            Self::Token(id) => AssetCode::token(network, id),
        }
    }
}

/// A token, or HBAR, in which distributions may be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaymentToken {
    /// What it is.
    pub code: AssetCode,
    /// The ticker symbol.
    pub symbol: String,
    /// The name on the network.
    pub name: String,
    /// Decimals of one whole token.
    pub decimals: u8,
    /// Who accepted it.
    pub added_by: String,
    /// When.
    pub created_at: SystemTime,
}

impl PaymentToken {
    /// HBAR, which needs no reading: it has no custom fees and cannot be deleted.
    pub(crate) fn hbar(network: Network, added_by: &str, at: SystemTime) -> Self {
        Self {
            code: AssetCode::hbar(network),
            symbol: "HBAR".to_owned(),
            name: "HBAR".to_owned(),
            decimals: HBAR_DECIMALS,
            added_by: added_by.to_owned(),
            created_at: at,
        }
    }

    /// A token with these facts.
    pub(crate) fn token(code: AssetCode, facts: TokenFacts, added_by: &str, at: SystemTime) -> Self {
        Self {
            code,
            symbol: facts.symbol,
            name: facts.name,
            decimals: facts.decimals,
            added_by: added_by.to_owned(),
            created_at: at,
        }
    }

    /// The token's id on the network; empty for HBAR.
    pub(crate) fn token_id(&self) -> &str {
        token_id(&self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::{ParseTokenRefError, TokenRef};
    use money::Network;

    #[test]
    fn hbar_and_tokens_are_named_on_the_installations_network() -> Result<(), Box<dyn std::error::Error>> {
        let hbar: TokenRef = "hbar".parse()?;
        assert_eq!(hbar.code(Network::Testnet)?.as_str(), "hedera:testnet/hbar");
        let token: TokenRef = "0.0.456858".parse()?;
        assert_eq!(token.code(Network::Mainnet)?.as_str(), "hedera:mainnet/token:0.0.456858");
        Ok(())
    }

    #[test]
    fn anything_else_names_no_payment_token() {
        for text in ["", "HBAR", "0.0", "0.0.01", "hedera:mainnet/hbar", "0.0.5 "] {
            assert_eq!(text.parse::<TokenRef>(), Err(ParseTokenRefError), "{text:?}");
        }
    }
}
