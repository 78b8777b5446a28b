//! What can be set.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use hedera::mirror::MirrorConfig;
use ids::{IdSource, SystemIds};
use money::Network;
use pg::DbConfig;
use service_kit::clock::{Clock, SystemClock};
use service_kit::config::ServiceArgs;

const TELL_INTERVAL_DEFAULT: Duration = Duration::from_secs(5);

/// Everything the service works with.
#[derive(Clone)]
pub struct Config {
    /// This service's database.
    pub db: DbConfig,
    /// Folder with this service's key and its callers' public keys.
    pub keys_dir: PathBuf,
    /// The network of the installation; the database keeps it.
    pub network: Network,
    /// The mirror node.
    pub mirror: MirrorConfig,
    /// URL of the holder service.
    pub holder_url: String,
    /// URL of the execution service.
    pub execution_url: String,
    /// How often is looked for what another service may not know: assets, pauses.
    pub tell_interval: Duration,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

impl Config {
    /// A configuration with defaults for everything that has one.
    pub fn new(
        db: DbConfig,
        keys_dir: impl Into<PathBuf>,
        network: Network,
        mirror_url: impl Into<String>,
        holder_url: impl Into<String>,
        execution_url: impl Into<String>,
    ) -> Self {
        Self {
            db,
            keys_dir: keys_dir.into(),
            network,
            mirror: MirrorConfig::new(mirror_url),
            holder_url: holder_url.into(),
            execution_url: execution_url.into(),
            tell_interval: TELL_INTERVAL_DEFAULT,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        }
    }
}

/// Bursar's asset service: what can be paid on, and in what.
#[derive(Clone, Debug, Parser)]
#[command(name = "bursar-asset", version)]
pub struct Args {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceArgs,

    /// The network this installation works on: mainnet, testnet, previewnet or sandbox
    #[arg(long, env = "BURSAR_NETWORK", value_name = "NETWORK")]
    network: Network,

    /// URL of the mirror node, without /api/v1
    #[arg(long, env = "BURSAR_MIRROR_URL", value_name = "URL")]
    mirror_url: String,

    /// URL of the holder service
    #[arg(long, env = "BURSAR_HOLDER_URL", value_name = "URL")]
    holder_url: String,

    /// URL of the execution service
    #[arg(long, env = "BURSAR_EXECUTION_URL", value_name = "URL")]
    execution_url: String,
}

impl From<Args> for Config {
    fn from(args: Args) -> Self {
        let ServiceArgs { db, keys, .. } = args.service;
        let (mirror_url, holder_url) = (args.mirror_url, args.holder_url);
        Self::new(db.into(), keys.keys_dir, args.network, mirror_url, holder_url, args.execution_url)
    }
}
