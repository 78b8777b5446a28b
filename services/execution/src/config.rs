//! What can be set, by flag, by environment (`BURSAR_…`) or in code.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hedera::AccountId;
use ids::{IdSource, SystemIds};
use money::Network;
use pg::DbConfig;
use service_kit::clock::{Clock, SystemClock};
use service_kit::config::ServiceArgs;

/// The command line of `bursar-execution`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// Network the money is on: mainnet, testnet, previewnet or sandbox
    #[arg(long, env = "BURSAR_NETWORK", value_name = "NETWORK")]
    pub network: Network,
    /// Consensus nodes as `account=url`, separated by commas
    #[arg(
        long,
        env = "BURSAR_HEDERA_NODES",
        value_delimiter = ',',
        required = true,
        value_name = "ACCOUNT=URL"
    )]
    pub hedera_nodes: Vec<Node>,
    /// Mirror node, without `/api/v1`
    #[arg(long, env = "BURSAR_MIRROR_URL", value_name = "URL")]
    pub mirror_url: String,
    /// Folder with the keys of funding accounts, `<reference>.key` each
    #[arg(long, env = "BURSAR_FUNDING_KEYS_DIR", value_name = "DIR")]
    pub funding_keys_dir: PathBuf,
    /// How fast, how patient.
    #[command(flatten)]
    pub tuning: Tuning,
}

/// A consensus node: its account and where it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The account its copies are signed for.
    pub account: AccountId,
    /// `http://host:port`.
    pub url: String,
}

impl FromStr for Node {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (account, url) =
            text.split_once('=').ok_or("expected ACCOUNT=URL, like 0.0.3=http://127.0.0.1:50211")?;
        Ok(Self {
            account: account.parse().map_err(|_| format!("{account:?} is no account"))?,
            url: url.to_owned(),
        })
    }
}

/// How fast and how patient execution is.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Seconds for which the network takes a transaction, 15 to 180
    #[arg(long, env = "BURSAR_VALID_DURATION_S", default_value_t = 120, value_name = "S")]
    pub valid_duration_s: u32,
    /// Seconds by which a transaction's start is set back, for clocks that differ
    #[arg(long, env = "BURSAR_CLOCK_SKEW_S", default_value_t = 5, value_name = "S")]
    pub clock_skew_s: u32,
    /// Seconds past a closed window before absence is looked for
    #[arg(long, env = "BURSAR_ABSENCE_MARGIN_S", default_value_t = 10, value_name = "S")]
    pub absence_margin_s: u32,
    /// Seconds past a closed window after which an undecided attempt is shown as in doubt
    #[arg(long, env = "BURSAR_DOUBT_AFTER_S", default_value_t = 60, value_name = "S")]
    pub doubt_after_s: u32,
    /// Seconds before the newest remembered time from which on a restored database may have forgotten payments: clocks
    /// differ, and transactions take their time
    #[arg(long, env = "BURSAR_SWEEP_MARGIN_S", default_value_t = 600, value_name = "S")]
    pub sweep_margin_s: u32,
    /// Seconds for which a forgotten payment can still take effect: the longest validity any process was ever set to.
    /// The network allows no more than 180
    #[arg(long, env = "BURSAR_SWEEP_WINDOW_S", default_value_t = 180, value_name = "S")]
    pub sweep_window_s: u32,
    /// The database is a copy of its files that was put back, of this time or later, as 2026-11-20T12:00:00Z: nothing is
    /// paid until the network has been looked through. Other restores are noticed; leave it out at the next start
    #[arg(long, env = "BURSAR_RESTORED_SINCE", value_name = "TIME")]
    pub restored_since: Option<jiff::Timestamp>,
    /// Milliseconds a worker may be silent before another takes its batch
    #[arg(long, env = "BURSAR_LEASE_MS", default_value_t = 60_000, value_name = "MS")]
    pub lease_ms: u64,
    /// Milliseconds a worker waits for receipts before it turns to another batch
    #[arg(long, env = "BURSAR_RECEIPT_PATIENCE_MS", default_value_t = 10_000, value_name = "MS")]
    pub receipt_patience_ms: u64,
    /// Milliseconds between looks at what is undecided
    #[arg(long, env = "BURSAR_POLL_MS", default_value_t = 2_000, value_name = "MS")]
    pub poll_ms: u64,
    /// Milliseconds for one request to a node
    #[arg(long, env = "BURSAR_NODE_DEADLINE_MS", default_value_t = 5_000, value_name = "MS")]
    pub node_deadline_ms: u64,
    /// Milliseconds a run stays halted before what halted it is looked at, the first time; later ones are longer
    #[arg(long, env = "BURSAR_RECOVERY_MS", default_value_t = 30_000, value_name = "MS")]
    pub recovery_ms: u64,
    /// Milliseconds between looks for work when there was none
    #[arg(long, env = "BURSAR_IDLE_MS", default_value_t = 250, value_name = "MS")]
    pub idle_ms: u64,
    /// Workers of this process: each visits one run at a time, and as many of its batches as its parallelism allows
    #[arg(long, env = "BURSAR_WORKERS", default_value_t = 8, value_name = "N")]
    pub workers: u32,
    /// Transactions this process sends per second; 0 is no limit
    #[arg(long, env = "BURSAR_TRANSACTIONS_PER_SECOND", default_value_t = 100, value_name = "N")]
    pub transactions_per_second: u32,
    /// Nodes a transaction is signed for
    #[arg(long, env = "BURSAR_COPIES", default_value_t = 2, value_name = "N")]
    pub copies: u32,
    /// Most tinybars the network may charge for one transaction
    #[arg(long, env = "BURSAR_MAX_FEE_TINYBARS", default_value_t = 200_000_000, value_name = "TINYBARS")]
    pub max_fee_tinybars: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            valid_duration_s: 120,
            clock_skew_s: 5,
            absence_margin_s: 10,
            doubt_after_s: 60,
            sweep_margin_s: 600,
            sweep_window_s: 180,
            restored_since: None,
            lease_ms: 60_000,
            receipt_patience_ms: 10_000,
            poll_ms: 2_000,
            node_deadline_ms: 5_000,
            recovery_ms: 30_000,
            idle_ms: 250,
            workers: 8,
            transactions_per_second: 100,
            copies: 2,
            max_fee_tinybars: 200_000_000,
        }
    }
}

impl Tuning {
    /// How long a lease lasts.
    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    /// How long to wait between looks at what is undecided.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    /// How long a run stays halted before what halted it is looked at, the first time.
    pub fn recovery(&self) -> Duration {
        Duration::from_millis(self.recovery_ms)
    }

    /// Deadline of one request to a node.
    pub fn node_deadline(&self) -> Duration {
        Duration::from_millis(self.node_deadline_ms)
    }
}

/// Everything execution needs to run.
#[derive(Clone)]
pub struct Config {
    /// The database.
    pub db: DbConfig,
    /// Folder with execution's own key and the public keys of its callers.
    pub keys_dir: PathBuf,
    /// Network the money is on.
    pub network: Network,
    /// Consensus nodes.
    pub nodes: Vec<Node>,
    /// Mirror node, without `/api/v1`.
    pub mirror_url: String,
    /// Folder with the keys of funding accounts.
    pub funding_keys_dir: PathBuf,
    /// How fast, how patient.
    pub tuning: Tuning,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

impl From<Options> for Config {
    fn from(options: Options) -> Self {
        let ServiceArgs { db, keys, .. } = options.service;
        Self {
            db: db.into(),
            keys_dir: keys.keys_dir,
            network: options.network,
            nodes: options.hedera_nodes,
            mirror_url: options.mirror_url,
            funding_keys_dir: options.funding_keys_dir,
            tuning: options.tuning,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        }
    }
}
