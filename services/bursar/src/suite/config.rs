//! What can be set on a suite.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use execution::Tuning as ExecutionTuning;
use pg::embedded::Durability;

use super::network::NetworkSettings;

/// How the suite is to run.
#[derive(Clone, Debug)]
pub struct SuiteConfig {
    /// The folder that keeps everything.
    pub data_dir: PathBuf,
    /// The network; as stored in the folder when absent.
    pub network: Option<NetworkSettings>,
    /// What the database does to survive a crash of the machine.
    pub durability: Durability,
    /// Where the gateway listens; port 0 takes any.
    pub gateway_listen: SocketAddr,
    /// The sandbox, where the network is one. Its data is kept in the folder.
    pub sandbox: sandbox::Config,
    /// How fast and how patient execution is.
    pub execution: ExecutionTuning,
}

impl SuiteConfig {
    /// A suite on `data_dir` on the network stored there, durable, on free ports of the loopback interface.
    pub fn new(data_dir: impl Into<PathBuf>) -> SuiteConfig {
        SuiteConfig {
            data_dir: data_dir.into(),
            network: None,
            durability: Durability::Durable,
            gateway_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            sandbox: sandbox::Config::default(),
            execution: ExecutionTuning::default(),
        }
    }

    /// The same on the sandbox.
    #[must_use]
    pub fn on_sandbox(mut self) -> SuiteConfig {
        self.network = Some(NetworkSettings::Sandbox);
        self
    }
}
