//! What an amount is an amount of.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::network::Network;

/// The code of an asset. It names the network, so that a unit of a test token can never be taken for a real one:
/// `hedera:mainnet/hbar`, `hedera:testnet/token:0.0.456858`, `iso4217:USD`.
///
/// Invariant: the text is canonical, so equal assets have equal texts. Cloning copies no text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetCode(Arc<str>);

/// The parts of an [`AssetCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetKind<'a> {
    /// Hedera's own coin; its unit is the tinybar, 10^-8 HBAR.
    Hbar {
        /// Where it is.
        network: Network,
    },
    /// A token of the Hedera Token Service; its unit is 10^-decimals of a whole token.
    Token {
        /// Where it is.
        network: Network,
        /// `<shard>.<realm>.<num>`.
        token: &'a str,
    },
    /// A currency; its unit is ISO 4217's minor unit.
    Fiat {
        /// Three capital letters, as in ISO 4217. Only the form is checked, not the list of currencies.
        currency: &'a str,
    },
}

/// The text is not the canonical code of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `hedera:<network>/hbar`, `hedera:<network>/token:<shard>.<realm>.<num>` or `iso4217:<CUR>`"
)]
pub struct ParseAssetCodeError;

impl AssetCode {
    /// HBAR on a network.
    pub fn hbar(network: Network) -> Self {
        Self(format!("hedera:{network}/hbar").into())
    }

    /// A token on a network; `token` is `<shard>.<realm>.<num>`.
    pub fn token(network: Network, token: &str) -> Result<Self, ParseAssetCodeError> {
        if !is_token_id(token) {
            return Err(ParseAssetCodeError);
        }
        Ok(Self(format!("hedera:{network}/token:{token}").into()))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the code says.
    pub fn parts(&self) -> AssetKind<'_> {
        parts(&self.0).expect("only canonical codes are ever made")
    }

    /// The network the asset lives on; none for a currency.
    pub fn network(&self) -> Option<Network> {
        match self.parts() {
            AssetKind::Hbar { network } | AssetKind::Token { network, .. } => Some(network),
            AssetKind::Fiat { .. } => None,
        }
    }
}

impl fmt::Display for AssetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AssetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AssetCode {
    type Err = ParseAssetCodeError;

    fn from_str(text: &str) -> Result<Self, ParseAssetCodeError> {
        parts(text).map(|_| Self(text.into())).ok_or(ParseAssetCodeError)
    }
}

fn parts(text: &str) -> Option<AssetKind<'_>> {
    if let Some(currency) = text.strip_prefix("iso4217:") {
        let canonical = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        return canonical.then_some(AssetKind::Fiat { currency });
    }
    let (network, asset) = text.strip_prefix("hedera:")?.split_once('/')?;
    let network = network.parse().ok()?;
    if asset == "hbar" {
        return Some(AssetKind::Hbar { network });
    }
    let token = asset.strip_prefix("token:")?;
    is_token_id(token).then_some(AssetKind::Token { network, token })
}

/// `<shard>.<realm>.<num>` in canonical decimal. Number 0 is the protocol's "none", so no token has it.
fn is_token_id(text: &str) -> bool {
    let mut numbers = text.split('.');
    let mut next = || numbers.next().and_then(entity_number);
    let (shard, realm, num) = (next(), next(), next());
    shard.is_some() && realm.is_some() && num.is_some_and(|num| num > 0) && numbers.next().is_none()
}

/// HAPI carries shard, realm and num as int64, and none is negative.
fn entity_number(text: &str) -> Option<i64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_its_parts_and_reads_back() -> Result<(), ParseAssetCodeError> {
        let network = Network::Testnet;
        let token = AssetCode::token(network, "0.0.456858")?;
        assert_eq!(token.as_str(), "hedera:testnet/token:0.0.456858");
        assert_eq!(token.parts(), AssetKind::Token { network, token: "0.0.456858" });
        assert_eq!(AssetCode::hbar(network).parts(), AssetKind::Hbar { network });
        let usd: AssetCode = "iso4217:USD".parse()?;
        assert_eq!(usd.parts(), AssetKind::Fiat { currency: "USD" });
        assert_eq!((usd.network(), token.network()), (None, Some(network)));
        for code in [token, AssetCode::hbar(Network::Mainnet), usd] {
            assert_eq!(code.to_string().parse::<AssetCode>()?, code);
        }
        Ok(())
    }

    #[test]
    fn the_same_token_on_two_networks_is_two_assets() {
        assert_ne!(AssetCode::hbar(Network::Mainnet), AssetCode::hbar(Network::Sandbox));
    }

    #[test]
    fn only_the_canonical_text_is_a_code() {
        for bad in [
            "",
            "hbar",
            "hedera:",
            "hedera:mainnet",
            "hedera:mainnet/",
            "hedera:mainnet/HBAR",
            "hedera:mainnet/hbar/",
            "hedera:mainnet/hbar ",
            " hedera:mainnet/hbar",
            "hedera:Mainnet/hbar",
            "hedera:moonnet/hbar",
            "hedera/mainnet/hbar",
            "Hedera:mainnet/hbar",
            "hedera:testnet/token:",
            "hedera:testnet/token:0.0",
            "hedera:testnet/token:0.0.",
            "hedera:testnet/token:0.0.0",
            "hedera:testnet/token:0.0.01",
            "hedera:testnet/token:00.0.1",
            "hedera:testnet/token:0.0.+1",
            "hedera:testnet/token:0.0.-1",
            "hedera:testnet/token:0.0.1.2",
            "hedera:testnet/token:0.0.١",
            "hedera:testnet/token:0.0.1-vfmkw",
            "hedera:testnet/token:0.0.9223372036854775808",
            "hedera:testnet/token:0x10",
            "hedera:testnet/Token:0.0.1",
            "iso4217:",
            "iso4217:usd",
            "iso4217:US",
            "iso4217:USDC",
            "iso4217:US1",
            "iso4217:ÄÖ",
            "ISO4217:USD",
        ] {
            assert_eq!(bad.parse::<AssetCode>(), Err(ParseAssetCodeError), "{bad:?}");
        }
        assert!("hedera:testnet/token:0.0.9223372036854775807".parse::<AssetCode>().is_ok());
        assert_eq!(AssetCode::token(Network::Testnet, "0.0.1/hbar"), Err(ParseAssetCodeError));
    }
}
