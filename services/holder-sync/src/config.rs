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

const INTERVAL_S_DEFAULT: u32 = 3600;
const WORKERS_DEFAULT: usize = 2;
const LEASE_DEFAULT: Duration = Duration::from_secs(30);
const RETRY_FIRST_DEFAULT: Duration = Duration::from_secs(1);
const POLL_DEFAULT: Duration = Duration::from_secs(1);
const BLOCK_WAIT_DEFAULT: Duration = Duration::from_secs(10);
/// Mirror nodes store balances every 15 minutes, and take a while to; as long again is allowed for that.
const STORED_AGE_MAX_S_DEFAULT: u32 = 1800;

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
    /// Seconds between periodic syncs of an asset that nobody set otherwise, 60 to 604800.
    pub interval_s: u32,
    /// Syncs and snapshots this process works on at once.
    pub workers: usize,
    /// How long work is ours without a sign of life; then another replica takes it over.
    pub lease: Duration,
    /// The pause after a first failure of a sync or snapshot; it doubles with each.
    pub retry_first: Duration,
    /// How long work waits at first for the mirror node to pass the time that is read, before others get the worker.
    pub block_wait: Duration,
    /// How much older than a record time the stored balances may be that a snapshot of it takes.
    pub stored_age_max: Duration,
    /// How often work is looked for that nobody here was woken for, and whether periodic syncs are due.
    pub poll: Duration,
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
    ) -> Self {
        Self {
            db,
            keys_dir: keys_dir.into(),
            network,
            mirror: MirrorConfig::new(mirror_url),
            interval_s: INTERVAL_S_DEFAULT,
            workers: WORKERS_DEFAULT,
            lease: LEASE_DEFAULT,
            retry_first: RETRY_FIRST_DEFAULT,
            block_wait: BLOCK_WAIT_DEFAULT,
            stored_age_max: Duration::from_secs(STORED_AGE_MAX_S_DEFAULT.into()),
            poll: POLL_DEFAULT,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        }
    }
}

/// Bursar's holder service: who holds what, when.
#[derive(Clone, Debug, Parser)]
#[command(name = "bursar-holder-sync", version)]
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

    /// Seconds between periodic syncs of an asset that nobody set otherwise
    #[arg(long, env = "BURSAR_SYNC_INTERVAL_S", value_name = "SECONDS", default_value_t = INTERVAL_S_DEFAULT,
        value_parser = clap::value_parser!(u32).range(60..=604_800))]
    sync_interval_s: u32,

    /// How much older than a record time the stored balances may be that a snapshot of it takes, in seconds. Mirror nodes
    /// store balances every 15 minutes; raise it only for one that stores them less often, or left some out back then
    #[arg(long, env = "BURSAR_STORED_AGE_MAX_S", value_name = "SECONDS", default_value_t = STORED_AGE_MAX_S_DEFAULT,
        value_parser = clap::value_parser!(u32).range(900..=604_800))]
    stored_age_max_s: u32,

    /// Syncs and snapshots worked on at once
    #[arg(long, env = "BURSAR_SYNC_WORKERS", value_name = "N", default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(1..=16))]
    sync_workers: u8,
}

impl From<Args> for Config {
    fn from(args: Args) -> Self {
        let ServiceArgs { db, keys, .. } = args.service;
        let config = Self::new(db.into(), keys.keys_dir, args.network, args.mirror_url);
        Self {
            interval_s: args.sync_interval_s,
            workers: args.sync_workers.into(),
            stored_age_max: Duration::from_secs(args.stored_age_max_s.into()),
            ..config
        }
    }
}
