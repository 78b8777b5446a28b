//! What can be set.

use std::net::IpAddr;
use std::path::PathBuf;

/// Configuration of a sandbox. Port 0 takes any free port.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Address all listeners bind to.
    #[arg(long = "sandbox-host", env = "BURSAR_SANDBOX_HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Folder for the journal; without one the world is forgotten at the end.
    #[arg(long = "sandbox-data", env = "BURSAR_SANDBOX_DATA")]
    pub data: Option<PathBuf>,
    /// Port of the control API.
    #[arg(long = "sandbox-control-port", env = "BURSAR_SANDBOX_CONTROL_PORT", default_value_t = 0)]
    pub control_port: u16,
    /// Ports of the consensus nodes 0.0.3, 0.0.4, …: at least two.
    #[arg(
        long = "sandbox-node-ports",
        env = "BURSAR_SANDBOX_NODE_PORTS",
        value_delimiter = ',',
        num_args = 1..,
        default_values_t = [0, 0]
    )]
    pub node_ports: Vec<u16>,
    /// Ports of the mirror node's replicas: at least two.
    #[arg(
        long = "sandbox-replica-ports",
        env = "BURSAR_SANDBOX_REPLICA_PORTS",
        value_delimiter = ',',
        num_args = 1..,
        default_values_t = [0, 0]
    )]
    pub replica_ports: Vec<u16>,
    /// Port of the mirror node as users see it: each request goes to the next replica.
    #[arg(long = "sandbox-mirror-port", env = "BURSAR_SANDBOX_MIRROR_PORT", default_value_t = 0)]
    pub mirror_port: u16,
    /// Distance in seconds of the moments whose balances are stored; 0 stores only when asked to.
    #[arg(long = "sandbox-balance-grid", env = "BURSAR_SANDBOX_BALANCE_GRID", default_value_t = 900)]
    pub balance_grid_seconds: u64,
    /// Takes every signature for good. For benchmarks only.
    #[arg(long = "sandbox-skip-signatures", env = "BURSAR_SANDBOX_SKIP_SIGNATURES")]
    pub skip_signatures: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            data: None,
            control_port: 0,
            node_ports: vec![0, 0],
            replica_ports: vec![0, 0],
            mirror_port: 0,
            balance_grid_seconds: 900,
            skip_signatures: false,
        }
    }
}
