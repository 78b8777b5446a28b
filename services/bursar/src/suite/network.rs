//! Which network an installation works on: configured once, kept with the data, never changed.
//!
//! Invariant: data written for one network is never used with another. Ports and addresses of the same network may be
//! set anew (nodes come and go); its name and the operator's account may not.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use money::Network;
use serde::{Deserialize, Serialize};

use super::data_dir::{self, DataDirError, Layout};

/// The name of the operator's key in execution's key folder.
pub const OPERATOR_KEY_REFERENCE: &str = "operator";

/// One consensus node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeAddress {
    /// Its account ("0.0.3").
    pub account: String,
    /// `http://host:port`.
    pub url: String,
}

/// Where a real network is, and who operates on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveNetwork {
    /// Consensus nodes.
    pub nodes: Vec<NodeAddress>,
    /// Mirror nodes (`https://…`).
    pub mirrors: Vec<String>,
    /// The account that pays when nothing else is said ("0.0.1001").
    pub operator_account: String,
    /// The file with its Ed25519 private key. Never copied.
    pub operator_key_file: PathBuf,
}

/// The network of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "network", rename_all = "lowercase")]
pub enum NetworkSettings {
    /// Our own simulated network, started with the suite.
    Sandbox,
    /// Hedera's preview network.
    Previewnet(LiveNetwork),
    /// Hedera's public test network.
    Testnet(LiveNetwork),
    /// Real money.
    Mainnet(LiveNetwork),
}

/// Why an installation has no network to work on.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Nothing was configured yet.
    #[error(
        "this folder has no network yet: say --sandbox, or --network with --node, --mirror, --operator-account and \
         --operator-key-file"
    )]
    NotConfigured,
    /// The folder belongs to another network.
    #[error("{path} was made for {stored}, and its data is of no use on {wanted}: take another folder")]
    Mismatch {
        /// The folder.
        path: PathBuf,
        /// What is stored.
        stored: String,
        /// What was asked for.
        wanted: String,
    },
    /// A setting is missing or malformed.
    #[error("{0}")]
    Invalid(String),
    /// The folder's file cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
}

impl NetworkSettings {
    /// The settings of a real network.
    pub fn live(network: Network, live: LiveNetwork) -> Result<NetworkSettings, NetworkError> {
        if live.nodes.is_empty() || live.mirrors.is_empty() {
            return Err(NetworkError::Invalid(format!(
                "{network} needs at least one --node and one --mirror"
            )));
        }
        match network {
            Network::Previewnet => Ok(NetworkSettings::Previewnet(live)),
            Network::Testnet => Ok(NetworkSettings::Testnet(live)),
            Network::Mainnet => Ok(NetworkSettings::Mainnet(live)),
            Network::Sandbox => {
                Err(NetworkError::Invalid("the sandbox has no nodes to configure".to_owned()))
            }
        }
    }

    /// Which network it is.
    pub fn network(&self) -> Network {
        match self {
            NetworkSettings::Sandbox => Network::Sandbox,
            NetworkSettings::Previewnet(_) => Network::Previewnet,
            NetworkSettings::Testnet(_) => Network::Testnet,
            NetworkSettings::Mainnet(_) => Network::Mainnet,
        }
    }

    /// Where it is; `None` for the sandbox, which is wherever it was started.
    pub fn as_live(&self) -> Option<&LiveNetwork> {
        match self {
            NetworkSettings::Sandbox => None,
            NetworkSettings::Previewnet(live)
            | NetworkSettings::Testnet(live)
            | NetworkSettings::Mainnet(live) => Some(live),
        }
    }

    /// What may not change: the network and who operates on it.
    fn identity(&self) -> String {
        match self.as_live() {
            None => self.network().to_string(),
            Some(live) => format!("{} as {}", self.network(), live.operator_account),
        }
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.account, self.url)
    }
}

impl From<NodeAddress> for String {
    fn from(node: NodeAddress) -> String {
        node.to_string()
    }
}

impl TryFrom<String> for NodeAddress {
    type Error = String;

    fn try_from(text: String) -> Result<NodeAddress, String> {
        text.parse()
    }
}

impl FromStr for NodeAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<NodeAddress, String> {
        let parts = text.split_once('=').filter(|(account, url)| {
            let rest = url.strip_prefix("http://").unwrap_or_default();
            account.split('.').count() == 3 && rest.split_once(':').is_some_and(|(_, port)| !port.is_empty())
        });
        let (account, url) = parts.ok_or("a node is written 0.0.3=http://host:port")?;
        Ok(NodeAddress { account: account.to_owned(), url: url.to_owned() })
    }
}

/// The network of the folder: the stored one, or `wanted`, which is stored when there is none yet.
///
/// # Errors
/// When `wanted` is another network than the stored one, or neither is there.
pub fn settle(layout: &Layout, wanted: Option<NetworkSettings>) -> Result<NetworkSettings, NetworkError> {
    let stored = read(layout)?;
    let settings = match (stored, wanted) {
        (None, None) => return Err(NetworkError::NotConfigured),
        (Some(stored), None) => return Ok(stored),
        (None, Some(wanted)) => wanted,
        (Some(stored), Some(wanted)) if stored == wanted => return Ok(stored),
        (Some(stored), Some(wanted)) if stored.identity() == wanted.identity() => wanted,
        (Some(stored), Some(wanted)) => {
            return Err(NetworkError::Mismatch {
                path: layout.root().to_owned(),
                stored: stored.identity(),
                wanted: wanted.identity(),
            });
        }
    };
    let path = layout.network();
    let text = serde_json::to_vec_pretty(&settings);
    let text = text.map_err(|source| DataDirError::Damaged { path: path.clone(), source })?;
    data_dir::write(&path, &text)?;
    Ok(settings)
}

/// The network stored in the folder.
pub fn read(layout: &Layout) -> Result<Option<NetworkSettings>, NetworkError> {
    let path = layout.network();
    let Some(bytes) = data_dir::read(&path)? else { return Ok(None) };
    let settings = serde_json::from_slice(&bytes);
    settings.map(Some).map_err(|source| DataDirError::Damaged { path, source }.into())
}

/// Puts the operator's key where execution looks for keys: as a link, so that the key stays in one place.
pub(super) fn link_operator_key(layout: &Layout, key_file: &Path) -> Result<(), NetworkError> {
    let target = std::fs::canonicalize(key_file).map_err(data_dir::io("find the key file", key_file))?;
    let link = layout.funding_keys().join(format!("{OPERATOR_KEY_REFERENCE}.key"));
    if std::fs::read_link(&link).is_ok_and(|linked| linked == target) {
        return Ok(());
    }
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(data_dir::io("replace", &link)(error).into());
        }
        _ => {}
    }
    std::os::unix::fs::symlink(&target, &link).map_err(data_dir::io("link", &link))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn testnet(operator: &str, mirror: &str) -> NetworkSettings {
        let live = LiveNetwork {
            nodes: vec!["0.0.3=http://node.example:50211".parse().expect("a node")],
            mirrors: vec![mirror.to_owned()],
            operator_account: operator.to_owned(),
            operator_key_file: PathBuf::from("/keys/operator.pem"),
        };
        NetworkSettings::live(Network::Testnet, live).expect("complete")
    }

    #[test]
    fn the_first_network_is_kept_and_another_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let layout = Layout::new(dir.path());
        assert!(matches!(settle(&layout, None), Err(NetworkError::NotConfigured)));
        let first = testnet("0.0.1001", "https://a.example");
        assert_eq!(settle(&layout, Some(first.clone())).expect("stored"), first);
        assert_eq!(settle(&layout, None).expect("as stored"), first);
        for other in [NetworkSettings::Sandbox, testnet("0.0.2002", "https://a.example")] {
            assert!(matches!(settle(&layout, Some(other)), Err(NetworkError::Mismatch { .. })));
        }
        assert_eq!(settle(&layout, None).expect("unchanged"), first);
    }

    #[test]
    fn the_same_network_may_move_to_other_addresses() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let layout = Layout::new(dir.path());
        settle(&layout, Some(testnet("0.0.1001", "https://a.example"))).expect("stored");
        let moved = testnet("0.0.1001", "https://b.example");
        settle(&layout, Some(moved.clone())).expect("stored");
        assert_eq!(read(&layout).expect("readable"), Some(moved));
    }

    #[test]
    fn a_damaged_file_is_named_and_not_overwritten() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let layout = Layout::new(dir.path());
        std::fs::write(layout.network(), "{}").expect("written");
        let error = settle(&layout, Some(NetworkSettings::Sandbox)).expect_err("damaged");
        assert!(error.to_string().contains("network.json is damaged"), "{error}");
    }

    #[test]
    fn a_node_is_an_account_and_an_address() {
        let node: NodeAddress = "0.0.3=http://127.0.0.1:50211".parse().expect("a node");
        assert_eq!((node.account.as_str(), node.url.as_str()), ("0.0.3", "http://127.0.0.1:50211"));
        for bad in ["", "0.0.3", "0.0.3=", "0.0.3=http://host", "3=http://host:1", "0.0.3=host:1"] {
            assert!(bad.parse::<NodeAddress>().is_err(), "{bad:?}");
        }
    }
}
