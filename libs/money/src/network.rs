//! The networks an installation can be made for.

use std::fmt;
use std::str::FromStr;

/// A Hedera network. An installation works on one, chosen once; every asset on a chain names its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// Real money.
    Mainnet,
    /// Hedera's public test network.
    Testnet,
    /// Hedera's preview network: the next release, reset without notice.
    Previewnet,
    /// Our own simulated network, with a ledger of its own.
    Sandbox,
}

/// The text names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected mainnet, testnet, previewnet or sandbox")]
pub struct ParseNetworkError;

impl Network {
    /// Every network.
    pub const ALL: [Self; 4] = [Self::Mainnet, Self::Testnet, Self::Previewnet, Self::Sandbox];

    /// The name in asset codes, configuration and databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Previewnet => "previewnet",
            Self::Sandbox => "sandbox",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        Self::ALL.into_iter().find(|network| network.as_str() == text).ok_or(ParseNetworkError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_name_is_a_network() {
        for network in Network::ALL {
            assert_eq!(network.to_string().parse(), Ok(network));
        }
        for bad in ["", "Mainnet", "MAINNET", " mainnet", "mainnet\n", "main", "local"] {
            assert_eq!(bad.parse::<Network>(), Err(ParseNetworkError), "{bad:?}");
        }
    }
}
