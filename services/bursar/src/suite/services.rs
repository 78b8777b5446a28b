//! Each service with its database, its keys, its port and the addresses of those it calls.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use auth::jwt::DevIssuer;
use ids::SystemIds;
use pg::embedded::Cluster;
use service_kit::clock::SystemClock;
use service_kit::{Shutdown, StartError};
use tokio::net::TcpListener;

use super::config::SuiteConfig;
use super::data_dir::Layout;
use super::operator::Rail;
use super::{Services, SuiteError};

pub(super) const GATEWAY: &str = "gateway";
const ASSET: &str = "asset";
const HOLDER_SYNC: &str = "holder-sync";
const DISTRIBUTION: &str = "distribution";
const EXECUTION: &str = "execution";

/// Every service, each after those it calls, as their keys and databases are named.
pub const NAMES: [&str; 5] = [EXECUTION, HOLDER_SYNC, ASSET, DISTRIBUTION, GATEWAY];

/// Where each service listens.
pub(super) struct Ports(BTreeMap<&'static str, SocketAddr>);

impl Ports {
    /// `http://127.0.0.1:PORT` of a service.
    pub(super) fn url(&self, service: &str) -> String {
        self.0.get(service).map(|address| format!("http://{address}")).unwrap_or_default()
    }

    /// All services with their addresses.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, String)> {
        NAMES.into_iter().map(|name| (name, self.url(name)))
    }
}

/// Everything the services are made from.
pub(super) struct Wiring<'a> {
    pub(super) config: &'a SuiteConfig,
    pub(super) layout: &'a Layout,
    pub(super) rail: &'a Rail,
    pub(super) cluster: &'a Cluster,
    pub(super) issuer: &'a DevIssuer,
}

impl Wiring<'_> {
    /// Starts every service as a task of its own. They take connections at once and answer when they are ready.
    pub(super) async fn start(
        &self,
        services: &mut Services,
        shutdown: &Shutdown,
    ) -> Result<Ports, SuiteError> {
        let mut sockets = BTreeMap::new();
        let mut ports = BTreeMap::new();
        for name in NAMES {
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let socket = bind(if name == GATEWAY { self.config.gateway_listen } else { free }).await?;
            ports.insert(name, socket.1);
            sockets.insert(name, socket.0);
        }
        let ports = Ports(ports);
        for (name, socket) in sockets {
            // A service stops its own jobs by its own signal: each gets one of its own.
            self.spawn(name, socket, &ports, services, shutdown.child()).await?;
        }
        Ok(ports)
    }

    async fn spawn(
        &self,
        name: &'static str,
        socket: TcpListener,
        ports: &Ports,
        services: &mut Services,
        shutdown: Shutdown,
    ) -> Result<(), SuiteError> {
        let db = self.cluster.provision(name).await?;
        match name {
            ASSET => {
                let config = self.asset(db, ports);
                services.spawn(named(name, asset::run(config, socket, shutdown)));
            }
            HOLDER_SYNC => {
                let config = self.holder_sync(db);
                services.spawn(named(name, holder_sync::run(config, socket, shutdown)));
            }
            DISTRIBUTION => {
                let config = self.distribution(db, ports);
                services.spawn(named(name, distribution::run(config, socket, shutdown)));
            }
            EXECUTION => {
                let config = self.execution(db)?;
                services.spawn(named(name, execution::run(config, socket, shutdown)));
            }
            _ => {
                let config = self.gateway(db, ports);
                services.spawn(named(name, gateway::run(config, socket, shutdown)));
            }
        }
        Ok(())
    }

    fn asset(&self, db: pg::DbConfig, ports: &Ports) -> asset::Config {
        let (keys, url) = (self.layout.service_keys(), |service| ports.url(service));
        asset::Config::new(db, keys, self.rail.network, self.mirror(), url(HOLDER_SYNC), url(EXECUTION))
    }

    fn holder_sync(&self, db: pg::DbConfig) -> holder_sync::Config {
        holder_sync::Config::new(db, self.layout.service_keys(), self.rail.network, self.mirror())
    }

    fn distribution(&self, db: pg::DbConfig, ports: &Ports) -> distribution::Config {
        let (keys, url) = (self.layout.service_keys(), |service| ports.url(service));
        distribution::Config::new(db, keys, self.rail.network, url(ASSET), url(HOLDER_SYNC), url(EXECUTION))
    }

    fn execution(&self, db: pg::DbConfig) -> Result<execution::Config, SuiteError> {
        let nodes: Result<Vec<execution::Node>, String> =
            self.rail.nodes.iter().map(|node| node.to_string().parse()).collect();
        Ok(execution::Config {
            db,
            keys_dir: self.layout.service_keys(),
            network: self.rail.network,
            nodes: nodes.map_err(|what| SuiteError::Service { service: EXECUTION, what })?,
            mirror_url: self.mirror(),
            funding_keys_dir: self.layout.funding_keys(),
            tuning: self.config.execution,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        })
    }

    fn gateway(&self, db: pg::DbConfig, ports: &Ports) -> gateway::Config {
        let url = |service| ports.url(service);
        let upstreams =
            gateway::Upstream::suite(&url(ASSET), &url(HOLDER_SYNC), &url(DISTRIBUTION), &url(EXECUTION));
        gateway::Config::new(db, self.layout.service_keys(), self.issuer.edge_config(), upstreams)
    }

    /// Services take one mirror node; a load balancer is where there are several.
    fn mirror(&self) -> String {
        self.rail.mirrors.first().cloned().unwrap_or_default()
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SuiteError> {
    let failed = |source| SuiteError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

async fn named(
    name: &'static str,
    service: impl Future<Output = Result<(), StartError>>,
) -> (&'static str, Result<(), StartError>) {
    (name, service.await)
}
