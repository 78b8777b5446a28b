//! The rail of an installation: where its nodes and mirror are, and who pays.

use std::os::unix::fs::OpenOptionsExt as _;

use money::Network;

use super::addresses::Addresses;
use super::config::SuiteConfig;
use super::data_dir::{self, DataDirError, Layout};
use super::network::{self, NetworkSettings, NodeAddress, OPERATOR_KEY_REFERENCE};
use super::{NetworkError, SuiteError};

/// Where the network is this time, and who operates on it.
#[derive(Clone, Debug)]
pub(super) struct Rail {
    /// Which network.
    pub(super) network: Network,
    /// Its consensus nodes.
    pub(super) nodes: Vec<NodeAddress>,
    /// Its mirror nodes.
    pub(super) mirrors: Vec<String>,
    /// The account that pays when nothing else is said.
    pub(super) operator_account: String,
}

/// Starts the sandbox where the network is one, with its world in the folder.
pub(super) async fn start_sandbox(
    config: &SuiteConfig,
    network: &NetworkSettings,
    layout: &Layout,
) -> Result<Option<sandbox::Sandbox>, SuiteError> {
    if network.as_live().is_some() {
        return Ok(None);
    }
    let settings = sandbox::Config { data: Some(layout.sandbox()), ..config.sandbox.clone() };
    Ok(Some(sandbox::start(settings).await?))
}

impl Rail {
    /// The rail as it is this time; puts the operator's key where execution looks for it.
    pub(super) fn settle(
        layout: &Layout,
        network: &NetworkSettings,
        sandbox: Option<&sandbox::Sandbox>,
    ) -> Result<Rail, SuiteError> {
        match (network.as_live(), sandbox) {
            (Some(live), _) => {
                network::link_operator_key(layout, &live.operator_key_file)?;
                Ok(Rail {
                    network: network.network(),
                    nodes: live.nodes.clone(),
                    mirrors: live.mirrors.clone(),
                    operator_account: live.operator_account.clone(),
                })
            }
            (None, Some(sandbox)) => {
                let known = sandbox.network();
                keep_sandbox_key(layout, &known.operator.private_key_der)?;
                let node = |node: &sandbox::Node| NodeAddress {
                    account: node.account_id.to_string(),
                    url: format!("http://{}", node.address),
                };
                Ok(Rail {
                    network: Network::Sandbox,
                    nodes: known.nodes.iter().map(node).collect(),
                    mirrors: vec![known.mirror.url.clone()],
                    operator_account: known.operator.account_id.to_string(),
                })
            }
            (None, None) => Err(NetworkError::NotConfigured.into()),
        }
    }

    /// What `bursar up` prints.
    pub(super) fn addresses(
        &self,
        layout: &Layout,
        gateway: &str,
        sandbox: Option<&sandbox::Sandbox>,
    ) -> Addresses {
        Addresses {
            gateway: gateway.to_owned(),
            sandbox_control: sandbox.map(|sandbox| sandbox.network().control_url.clone()),
            mirrors: self.mirrors.clone(),
            nodes: self.nodes.iter().map(ToString::to_string).collect(),
            network: self.network.to_string(),
            operator_account: self.operator_account.clone(),
            operator_key_reference: OPERATOR_KEY_REFERENCE.to_owned(),
            data: layout.root().display().to_string(),
            process: std::process::id(),
        }
    }
}

/// The simulated operator's key is worth nothing elsewhere; it is kept like one that is.
fn keep_sandbox_key(layout: &Layout, der: &str) -> Result<(), DataDirError> {
    let path = layout.funding_keys().join(format!("{OPERATOR_KEY_REFERENCE}.key"));
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
    let mut file = file.map_err(data_dir::io("write", &path))?;
    std::io::Write::write_all(&mut file, der.as_bytes()).map_err(data_dir::io("write", &path))
}
