//! `bursar network set`: says once which network the installation works on.

use std::path::PathBuf;

use money::Network;

use crate::error::CommandError;
use crate::output::Screen;
use crate::session::Globals;
use crate::suite::{DataDir, LiveNetwork, NetworkError, NetworkSettings, NodeAddress, settle_network};

/// Which network, and where it is.
#[derive(Clone, Debug, clap::Args)]
pub struct NetworkArgs {
    /// The simulated network: the same as --network sandbox.
    #[arg(long)]
    pub sandbox: bool,
    /// sandbox, previewnet, testnet or mainnet.
    #[arg(long, conflicts_with = "sandbox")]
    pub network: Option<Network>,
    /// A consensus node, as 0.0.3=http://host:port; repeat for several.
    #[arg(long, value_name = "ACCOUNT=URL", requires = "network")]
    pub node: Vec<NodeAddress>,
    /// A mirror node (https://…); repeat for several.
    #[arg(long, value_name = "URL", requires = "network")]
    pub mirror: Vec<String>,
    /// The account that pays when nothing else is said ("0.0.1001").
    #[arg(long, value_name = "ACCOUNT", requires = "network")]
    pub operator_account: Option<String>,
    /// The file with its Ed25519 private key in PEM; it is linked to, not copied.
    #[arg(long, value_name = "FILE", requires = "network")]
    pub operator_key_file: Option<PathBuf>,
}

impl NetworkArgs {
    /// The network that was asked for; `None` when none was.
    pub fn settings(self) -> Result<Option<NetworkSettings>, NetworkError> {
        let network = if self.sandbox { Some(Network::Sandbox) } else { self.network };
        let Some(network) = network else { return Ok(None) };
        let located = !self.node.is_empty()
            || !self.mirror.is_empty()
            || self.operator_account.is_some()
            || self.operator_key_file.is_some();
        match (network, located) {
            (Network::Sandbox, false) => return Ok(Some(NetworkSettings::Sandbox)),
            (Network::Sandbox, true) => {
                return Err(NetworkError::Invalid(
                    "the sandbox brings its own nodes, mirrors and operator".to_owned(),
                ));
            }
            (Network::Mainnet | Network::Testnet | Network::Previewnet, _) => {}
        }
        let missing = |flag: &str| NetworkError::Invalid(format!("{network} needs {flag}"));
        let live = LiveNetwork {
            nodes: self.node,
            mirrors: self.mirror,
            operator_account: self.operator_account.ok_or_else(|| missing("--operator-account"))?,
            operator_key_file: self.operator_key_file.ok_or_else(|| missing("--operator-key-file"))?,
        };
        NetworkSettings::live(network, live).map(Some)
    }
}

/// Say once which network the installation works on.
#[derive(Debug, clap::Args)]
pub struct Set {
    #[command(flatten)]
    network: NetworkArgs,
}

impl Set {
    /// Stores it; refused while a suite runs on the folder, and when the folder has another network.
    pub fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let wanted = self.network.settings()?.ok_or(NetworkError::NotConfigured)?;
        let data = DataDir::claim(globals.data_dir())?;
        let settings = settle_network(data.layout(), Some(wanted))?;
        let screen = Screen::of(globals);
        Ok(screen.answer(|| serde_json::json!(settings), || format!("network: {}", settings.network()))?)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        network: NetworkArgs,
    }

    fn typed(line: &str) -> Result<Option<NetworkSettings>, NetworkError> {
        let words = std::iter::once("bursar").chain(line.split_whitespace());
        Typed::try_parse_from(words).expect("it parses").network.settings()
    }

    #[test]
    fn the_sandbox_has_two_names_and_nothing_to_set() {
        assert_eq!(typed("--sandbox").expect("good"), Some(NetworkSettings::Sandbox));
        assert_eq!(typed("--network sandbox").expect("good"), Some(NetworkSettings::Sandbox));
        assert_eq!(typed("").expect("good"), None);
        assert!(typed("--network sandbox --mirror http://x").is_err());
    }

    #[test]
    fn a_real_network_needs_its_nodes_mirror_and_operator() {
        let all = "--network testnet --node 0.0.3=http://h:1 --mirror https://m --operator-account 0.0.9 \
                   --operator-key-file /k";
        let settings = typed(all).expect("complete").expect("a network");
        assert_eq!(settings.network(), Network::Testnet);
        let incomplete = [
            "--network testnet",
            "--network testnet --node 0.0.3=http://h:1 --mirror https://m --operator-account 0.0.9",
            "--network testnet --mirror https://m --operator-account 0.0.9 --operator-key-file /k",
        ];
        for line in incomplete {
            assert!(typed(line).is_err(), "{line}");
        }
    }
}
