//! What can be set.

use std::path::PathBuf;
use std::sync::Arc;

use auth::jwt::{EdgeConfig, JwksSource, RolesClaim};
use clap::Parser;
use ids::{IdSource, SystemIds};
use pg::DbConfig;
use service_kit::StartError;
use service_kit::clock::{Clock, SystemClock};
use service_kit::config::ServiceArgs;
use service_kit::serve::Limits;

/// Bytes of one request message; the services take no more either.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
const PER_SUBJECT_MAX: usize = 256;
const PER_CONNECTION_MAX: u32 = 256;
const STRANGERS_RECORDED_MAX: u32 = 5_000;
/// Below what a service takes: streams of people, all of them to one service, leave it places for those of its neighbours.
const IN_FLIGHT_MAX: usize = 768;

/// A service behind the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The package whose methods it has, e.g. `bursar.asset.v1`.
    pub package: String,
    /// Its name among the services, e.g. `asset`; tokens are made out to it.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// What the edge takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeLimits {
    /// All callers together.
    pub server: Limits,
    /// Calls and streams of one subject at once.
    pub per_subject_max: usize,
    /// Bytes of one request message.
    pub message_bytes_max: usize,
    /// Refusals of callers who did not prove who they are that the audit log takes one by one at once; one more each second.
    pub strangers_recorded_max: u32,
}

impl Default for EdgeLimits {
    fn default() -> EdgeLimits {
        EdgeLimits {
            server: Limits {
                in_flight_max: IN_FLIGHT_MAX,
                per_connection_max: PER_CONNECTION_MAX,
                ..Limits::default()
            },
            per_subject_max: PER_SUBJECT_MAX,
            message_bytes_max: MESSAGE_BYTES_MAX,
            strangers_recorded_max: STRANGERS_RECORDED_MAX,
        }
    }
}

/// Everything the gateway works with.
#[derive(Clone)]
pub struct Config {
    /// The gateway's own database.
    pub db: DbConfig,
    /// Folder with the gateway's key.
    pub keys_dir: PathBuf,
    /// Whose tokens are taken.
    pub edge: EdgeConfig,
    /// The services, by package.
    pub upstreams: Vec<Upstream>,
    /// What the edge takes on.
    pub limits: EdgeLimits,
    /// The contract: an encoded `FileDescriptorSet` with its custom options.
    pub descriptor_set: Vec<u8>,
    /// The time in the audit log.
    pub clock: Arc<dyn Clock>,
    /// Ids of audit records.
    pub ids: Arc<dyn IdSource>,
}

impl Config {
    /// A configuration with defaults for everything that has one.
    pub fn new(
        db: DbConfig,
        keys_dir: impl Into<PathBuf>,
        edge: EdgeConfig,
        upstreams: Vec<Upstream>,
    ) -> Config {
        Config {
            db,
            keys_dir: keys_dir.into(),
            edge,
            upstreams,
            limits: EdgeLimits::default(),
            descriptor_set: proto::FILE_DESCRIPTOR_SET.to_vec(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        }
    }
}

impl Upstream {
    /// The services of this suite, at these addresses.
    pub fn suite(asset: &str, holder_sync: &str, distribution: &str, execution: &str) -> Vec<Upstream> {
        let upstream = |package: &str, name: &str, url: &str| Upstream {
            package: package.to_owned(),
            name: name.to_owned(),
            url: url.to_owned(),
        };
        vec![
            upstream("bursar.asset.v1", "asset", asset),
            upstream("bursar.holder.v1", "holder-sync", holder_sync),
            upstream("bursar.distribution.v1", "distribution", distribution),
            upstream("bursar.execution.v1", "execution", execution),
        ]
    }
}

/// Bursar's gateway: the edge of the suite.
#[derive(Clone, Debug, Parser)]
#[command(name = "bursar-gateway", version)]
pub struct Args {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceArgs,

    /// Key set of the identity provider: an https address or a file
    #[arg(long, env = "BURSAR_JWKS", value_name = "URL|FILE")]
    jwks: String,

    /// The `iss` of tokens
    #[arg(long, env = "BURSAR_ISSUER", value_name = "URL")]
    issuer: String,

    /// The `aud` of tokens
    #[arg(long, env = "BURSAR_AUDIENCE", default_value = "bursar", value_name = "TEXT")]
    audience: String,

    /// Where the roles are in a token: `roles`, `realm_access.roles` or a JSON pointer
    #[arg(long, env = "BURSAR_ROLES_CLAIM", default_value = "roles", value_name = "PATH")]
    roles_claim: RolesClaim,

    /// URL of the asset service
    #[arg(long, env = "BURSAR_ASSET_URL", value_name = "URL")]
    asset_url: String,

    /// URL of the holder service
    #[arg(long, env = "BURSAR_HOLDER_URL", value_name = "URL")]
    holder_url: String,

    /// URL of the distribution service
    #[arg(long, env = "BURSAR_DISTRIBUTION_URL", value_name = "URL")]
    distribution_url: String,

    /// URL of the execution service
    #[arg(long, env = "BURSAR_EXECUTION_URL", value_name = "URL")]
    execution_url: String,

    /// Calls and streams at once
    #[arg(long, env = "BURSAR_IN_FLIGHT_MAX", default_value_t = IN_FLIGHT_MAX, value_name = "N")]
    in_flight_max: usize,

    /// Calls and streams of one subject at once
    #[arg(long, env = "BURSAR_SUBJECT_IN_FLIGHT_MAX", default_value_t = PER_SUBJECT_MAX, value_name = "N")]
    subject_in_flight_max: usize,
}

impl TryFrom<Args> for Config {
    type Error = StartError;

    fn try_from(args: Args) -> Result<Config, StartError> {
        if args.in_flight_max == 0 || args.subject_in_flight_max == 0 {
            return Err(StartError::new("serve with a limit of no calls at all"));
        }
        let edge = EdgeConfig {
            issuer: args.issuer,
            audience: args.audience,
            roles_claim: args.roles_claim,
            jwks: JwksSource::from(args.jwks),
        };
        let upstreams =
            Upstream::suite(&args.asset_url, &args.holder_url, &args.distribution_url, &args.execution_url);
        let ServiceArgs { db, keys, .. } = args.service;
        let mut config = Config::new(db.into(), keys.keys_dir, edge, upstreams);
        config.limits.server.in_flight_max = args.in_flight_max;
        config.limits.per_subject_max = args.subject_in_flight_max;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, Config};
    use auth::jwt::JwksSource;
    use clap::Parser as _;

    const LINE: [&str; 19] = [
        "bursar-gateway",
        "--database-url=postgres://app:canary@h/d",
        "--database-owner-url=postgres://owner:canary@h/d",
        "--keys-dir=/keys",
        "--jwks=https://id.example/jwks",
        "--issuer=https://id.example",
        "--roles-claim=realm_access.roles",
        "--asset-url",
        "http://asset:1",
        "--holder-url",
        "http://holder:2",
        "--distribution-url",
        "http://distribution:3",
        "--execution-url",
        "http://execution:4",
        "--in-flight-max",
        "10",
        "--subject-in-flight-max",
        "3",
    ];

    #[test]
    fn a_command_line_becomes_a_configuration() {
        let args = Args::try_parse_from(LINE).expect("a complete command line");
        assert!(!format!("{args:?}").contains("canary"));
        let config = Config::try_from(args).expect("a sound one");
        assert_eq!(config.edge.jwks, JwksSource::Url("https://id.example/jwks".to_owned()));
        assert_eq!((config.limits.server.in_flight_max, config.limits.per_subject_max), (10, 3));
        let holder =
            config.upstreams.iter().find(|upstream| upstream.name == "holder-sync").expect("it is there");
        assert_eq!((holder.package.as_str(), holder.url.as_str()), ("bursar.holder.v1", "http://holder:2"));
        assert!(!config.descriptor_set.is_empty());
    }

    #[test]
    fn a_limit_of_no_calls_is_refused() {
        let line = LINE.map(|word| if word == "3" { "0" } else { word });
        let args = Args::try_parse_from(line).expect("a complete command line");
        assert!(Config::try_from(args).is_err());
    }
}
