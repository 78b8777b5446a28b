//! The whole suite in one process: a private database cluster, the sandbox, every service, the gateway.
//!
//! Owns the composition and nothing else: each service gets its own database, keys and port, and speaks to the others
//! over real gRPC with internal tokens, exactly as when it runs as a process of its own.
//!
//! Invariants: one process at a time serves a folder; a folder belongs to one network for good; nothing listens on other
//! than the loopback interface unless it was asked to.

mod addresses;
mod config;
mod data_dir;
mod network;
mod operator;
mod ready;
mod services;

use std::time::Duration;

use auth::jwt::DevIssuer;
use auth::{Role, RoleSet};
use pg::embedded::{Cluster, EmbeddedError};
use service_kit::{Shutdown, StartError};
use tokio::task::JoinSet;

pub use addresses::Addresses;
pub use config::SuiteConfig;
pub use data_dir::{DataDir, DataDirError, Layout};
pub use network::{
    LiveNetwork, NetworkError, NetworkSettings, NodeAddress, OPERATOR_KEY_REFERENCE, read as stored_network,
    settle as settle_network,
};
pub use ready::serves as is_serving;
pub use services::NAMES as SERVICE_NAMES;

use operator::Rail;

use crate::edge::{Credentials, Edge, EdgeError};
use crate::sandbox_control::{ControlError, SandboxControl};

/// The services drain within this, streams included; what is left then is cut off.
const DRAIN_DEADLINE: Duration = Duration::from_secs(12);

/// Why the suite does not run.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// The network does not fit the folder.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The database does not start.
    #[error(transparent)]
    Database(#[from] EmbeddedError),
    /// The sandbox does not start.
    #[error("the sandbox does not start: {0}")]
    Sandbox(#[from] sandbox::Error),
    /// A key cannot be read or made.
    #[error("{0}")]
    Keys(#[from] auth::keys::KeyError),
    /// A port cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A service did not start, or stopped by itself.
    #[error("the {service} service {what}")]
    Service {
        /// Which.
        service: &'static str,
        /// What it did.
        what: String,
    },
    /// A service was not ready in time.
    #[error("the {service} service was not ready within {seconds} s")]
    NotReady {
        /// Which.
        service: &'static str,
        /// How long it was given.
        seconds: u64,
    },
}

/// Tasks of the services, by name.
type Services = JoinSet<(&'static str, Result<(), StartError>)>;

/// A running suite. Dropping it stops everything at once; [`Suite::stop`] drains first.
pub struct Suite {
    // Fields drop in this order: callers before those they call.
    published: Published,
    services: Services,
    shutdown: Shutdown,
    sandbox: Option<sandbox::Sandbox>,
    cluster: Cluster,
    issuer: DevIssuer,
    addresses: Addresses,
    ports: services::Ports,
    _data: DataDir,
}

impl Suite {
    /// Starts everything on the folder of `config` and waits until all of it is ready.
    pub async fn start(config: SuiteConfig) -> Result<Suite, SuiteError> {
        let data = DataDir::claim(&config.data_dir)?;
        let layout = data.layout().clone();
        let network = network::settle(&layout, config.network.clone())?;
        auth::keys::generate(&layout.service_keys(), &services::NAMES)?;
        let issuer = DevIssuer::load_or_create(&layout.issuer_key())?;
        data_dir::write(&layout.issuer_jwks(), issuer.jwks().as_bytes())?;

        let options =
            pg::embedded::Options { durability: config.durability, ..pg::embedded::Options::default() };
        let cluster = Cluster::start_with(&layout.database(), options).await?;
        let sandbox = operator::start_sandbox(&config, &network, &layout).await?;
        let rail = Rail::settle(&layout, &network, sandbox.as_ref())?;

        let shutdown = Shutdown::new();
        let mut services = Services::new();
        let wiring = services::Wiring {
            config: &config,
            layout: &layout,
            rail: &rail,
            cluster: &cluster,
            issuer: &issuer,
        };
        let ports = wiring.start(&mut services, &shutdown).await?;
        ready::wait(&ports, &mut services).await?;

        let addresses = rail.addresses(&layout, &ports.url(services::GATEWAY), sandbox.as_ref());
        addresses::publish(&layout, &addresses)?;
        let published = Published(layout);
        Ok(Suite { published, services, shutdown, sandbox, cluster, issuer, addresses, ports, _data: data })
    }

    /// Where everything is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Where one of [`SERVICE_NAMES`] serves, for tests that go around the gateway.
    pub fn url(&self, service: &str) -> String {
        self.ports.url(service)
    }

    /// Where things are in the folder.
    pub fn layout(&self) -> &Layout {
        &self.published.0
    }

    /// The database cluster, for tests that look into it.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The sandbox, for tests that look into its ledger; `None` on a real network.
    pub fn sandbox(&self) -> Option<&sandbox::Sandbox> {
        self.sandbox.as_ref()
    }

    /// The issuer of tokens the gateway accepts.
    pub fn issuer(&self) -> &DevIssuer {
        &self.issuer
    }

    /// A token for the gateway.
    pub fn token(&self, subject: &str, roles: &[Role], lifetime: Duration) -> String {
        self.issuer.token(subject, roles.iter().copied().fold(RoleSet::EMPTY, RoleSet::with), lifetime)
    }

    /// A connection to the gateway in somebody's name.
    pub async fn edge(&self, subject: &str, roles: &[Role], lifetime: Duration) -> Result<Edge, EdgeError> {
        let credentials = Credentials::bearer(&self.token(subject, roles, lifetime))?;
        Edge::connect(&self.addresses.gateway, credentials).await
    }

    /// The sandbox's control API; `None` on a real network.
    pub fn control(&self) -> Option<Result<SandboxControl, ControlError>> {
        self.addresses.sandbox_control.as_deref().map(SandboxControl::new)
    }

    /// Returns when a service stops by itself, which none should.
    pub async fn failed(&mut self) -> SuiteError {
        match self.services.join_next().await {
            Some(ended) => ended_early(ended),
            None => std::future::pending().await,
        }
    }

    /// Drains and stops everything. Takes about ten seconds when somebody still watches a stream.
    pub async fn stop(mut self) -> Result<(), SuiteError> {
        self.shutdown.trigger();
        let drained = tokio::time::timeout(DRAIN_DEADLINE, drain(&mut self.services)).await;
        if drained.is_err() {
            tracing::warn!("services did not drain in time and were cut off");
            self.services.shutdown().await;
        }
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.stop().await;
        }
        // Waits for the server's end.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
        drained.unwrap_or(Ok(()))
    }
}

/// The first failure, after all have ended.
async fn drain(services: &mut Services) -> Result<(), SuiteError> {
    let mut outcome = Ok(());
    while let Some(ended) = services.join_next().await {
        match ended {
            Ok((_, Ok(()))) => {}
            other => outcome = outcome.and(Err(ended_early(other))),
        }
    }
    outcome
}

fn ended_early(ended: Result<(&'static str, Result<(), StartError>), tokio::task::JoinError>) -> SuiteError {
    match ended {
        Ok((service, Ok(()))) => SuiteError::Service { service, what: "stopped by itself".to_owned() },
        Ok((service, Err(error))) => SuiteError::Service { service, what: format!("failed: {error}") },
        Err(error) => SuiteError::Service { service: "a", what: format!("crashed: {error}") },
    }
}

/// The running suite's addresses in the folder, gone when it is.
struct Published(Layout);

impl Drop for Published {
    fn drop(&mut self) {
        addresses::withdraw(&self.0);
    }
}

/// Where the suite that runs on the folder is; `None` when none has said so.
pub fn running(layout: &Layout) -> Result<Option<Addresses>, DataDirError> {
    addresses::read(layout)
}
