//! What can be set.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ids::{IdSource, SystemIds};
use money::Network;
use pg::DbConfig;
use service_kit::clock::{Clock, SystemClock};
use service_kit::config::ServiceArgs;

use crate::jobs::Pace;

const PREVIEW_WAIT_DEFAULT: Duration = Duration::from_mins(1);

/// Everything the service works with.
#[derive(Clone)]
pub struct Config {
    /// This service's database.
    pub db: DbConfig,
    /// Folder with this service's key and its callers' public keys.
    pub keys_dir: PathBuf,
    /// The network of the installation; the database keeps it.
    pub network: Network,
    /// URL of the asset service.
    pub asset_url: String,
    /// URL of the holder service.
    pub holder_url: String,
    /// URL of the execution service.
    pub execution_url: String,
    /// How the job runs.
    pub pace: Pace,
    /// How long a preview waits for its snapshot.
    pub preview_wait: Duration,
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
        asset_url: impl Into<String>,
        holder_url: impl Into<String>,
        execution_url: impl Into<String>,
    ) -> Self {
        Self {
            db,
            keys_dir: keys_dir.into(),
            network,
            asset_url: asset_url.into(),
            holder_url: holder_url.into(),
            execution_url: execution_url.into(),
            pace: Pace::default(),
            preview_wait: PREVIEW_WAIT_DEFAULT,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        }
    }
}

/// Bursar's distribution service: who is owed what, and when.
#[derive(Clone, Debug, Parser)]
#[command(name = "bursar-distribution", version)]
pub struct Args {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceArgs,

    /// The network this installation works on: mainnet, testnet, previewnet or sandbox
    #[arg(long, env = "BURSAR_NETWORK", value_name = "NETWORK")]
    network: Network,

    /// URL of the asset service
    #[arg(long, env = "BURSAR_ASSET_URL", value_name = "URL")]
    asset_url: String,

    /// URL of the holder service
    #[arg(long, env = "BURSAR_HOLDER_URL", value_name = "URL")]
    holder_url: String,

    /// URL of the execution service
    #[arg(long, env = "BURSAR_EXECUTION_URL", value_name = "URL")]
    execution_url: String,

    /// Seconds after which another replica takes over a distribution whose worker is silent
    #[arg(long, env = "BURSAR_LEASE_S", default_value_t = 15, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    lease_s: u64,
}

impl From<Args> for Config {
    fn from(args: Args) -> Self {
        let ServiceArgs { db, keys, .. } = args.service;
        let (db, keys_dir) = (db.into(), keys.keys_dir);
        let mut config =
            Self::new(db, keys_dir, args.network, args.asset_url, args.holder_url, args.execution_url);
        config.pace.lease = Duration::from_secs(args.lease_s);
        config
    }
}
