//! How a sandbox is wired.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::control::Control;
use crate::faults::Board;
use crate::journal::JournalError;
use crate::ledger::ids::EntityId;
use crate::ledger::{FEE_ACCOUNT, ISSUER, OPERATOR};
use crate::mirror::{Choice, Mirror, Replicas};
use crate::node::ConsensusNode;
use crate::serve::Served;
use crate::world::World;

/// The account of the first consensus node; the others follow.
const FIRST_NODE: u64 = 3;
/// DER of a PKCS #8 Ed25519 private key, up to the seed.
const PKCS8_PREFIX: &str = "302e020100300506032b657004220420";

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fewer than two nodes or replicas, or other nodes than the folder's world has.
    #[error("{0}")]
    Config(&'static str),
    /// The folder cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A port cannot be used.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
}

/// Where everything is: what `GET /v1/network` answers.
#[derive(Debug, Clone, Serialize)]
pub struct Network {
    /// Always `sandbox`.
    pub network: &'static str,
    /// The control API.
    pub control_url: String,
    /// The consensus nodes.
    pub nodes: Vec<Node>,
    /// The mirror node as users see it.
    pub mirror: MirrorNode,
    /// Who pays and funds.
    pub operator: Operator,
    /// The treasury of tokens created without one.
    pub issuer_account_id: EntityId,
    /// Who gets the fees.
    pub fee_account_id: EntityId,
    /// The token with 6 decimals that the operator can pay out.
    pub payment_token_id: Option<EntityId>,
}

/// A consensus node.
#[derive(Debug, Clone, Serialize)]
pub struct Node {
    /// What transactions are addressed to.
    pub account_id: EntityId,
    /// Host and port; gRPC without TLS.
    pub address: SocketAddr,
}

/// The mirror node.
#[derive(Debug, Clone, Serialize)]
pub struct MirrorNode {
    /// Each request goes to the next replica.
    pub url: String,
    /// The replicas themselves.
    pub replica_urls: Vec<String>,
}

/// The account the suite pays from. Its key is no secret: it is worth nothing anywhere else.
#[derive(Debug, Clone, Serialize)]
pub struct Operator {
    /// Its account.
    pub account_id: EntityId,
    /// Ed25519 seed, 32 bytes in hex.
    pub private_key: String,
    /// The same as PKCS #8 DER in hex, the form SDKs read.
    pub private_key_der: String,
    /// Public key, 32 bytes in hex.
    pub public_key: String,
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    network: Arc<Network>,
    world: Arc<World>,
    control: Served,
    listeners: Arc<Vec<Served>>,
    stop: CancellationToken,
}

impl Sandbox {
    /// Where everything is.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The ledger, for reading in one process.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Drops all connections and frees the folder. Copies still under way are lost.
    pub async fn stop(self) {
        self.stop.cancel();
        self.control.stop().await;
        for listener in self.listeners.iter() {
            listener.stop().await;
        }
        self.world.close();
    }
}

/// Starts a sandbox. It serves until it is stopped.
pub async fn start(config: Config) -> Result<Sandbox, Error> {
    if config.node_ports.len() < 2 || config.replica_ports.len() < 2 {
        return Err(Error::Config("a sandbox has at least two nodes and at least two replicas"));
    }
    let accounts: Vec<u64> = (FIRST_NODE..).take(config.node_ports.len()).collect();
    let world = Arc::new(World::open(config.data.as_deref(), &accounts)?);
    if world.read().nodes() != accounts {
        return Err(Error::Config("the folder's world has another number of nodes"));
    }
    let nodes = bind(config.host, &config.node_ports).await?;
    let replicas = bind(config.host, &config.replica_ports).await?;
    let mirror = TcpListener::bind((config.host, config.mirror_port)).await?;
    let control = TcpListener::bind((config.host, config.control_port)).await?;
    let node_addresses = addresses(&nodes)?;
    let known = KnownAddresses {
        nodes: accounts.iter().copied().zip(node_addresses).collect(),
        replicas: addresses(&replicas)?,
        mirror: mirror.local_addr()?,
        control: control.local_addr()?,
    };
    let network = Arc::new(known.network(&world));
    let parts = Parts {
        faults: Arc::new(Board::default()),
        replicas: Arc::new(Replicas::new(replicas.len())),
        stop: CancellationToken::new(),
        world,
        config,
    };
    let listeners = parts.serve(known.nodes, nodes, replicas, mirror)?;
    parts.finish(listeners, control, network)
}

/// Where the listeners are bound.
struct KnownAddresses {
    nodes: Vec<(u64, SocketAddr)>,
    replicas: Vec<SocketAddr>,
    mirror: SocketAddr,
    control: SocketAddr,
}

impl KnownAddresses {
    fn network(&self, world: &World) -> Network {
        let url = |address: &SocketAddr| format!("http://{address}");
        let ledger = world.read();
        let seed = ledger.operator_seed().map(|seed| seed.to_string()).unwrap_or_default();
        let node = |(account, address): &(u64, SocketAddr)| Node {
            account_id: EntityId(*account),
            address: *address,
        };
        Network {
            network: "sandbox",
            control_url: url(&self.control),
            nodes: self.nodes.iter().map(node).collect(),
            mirror: MirrorNode {
                url: url(&self.mirror),
                replica_urls: self.replicas.iter().map(url).collect(),
            },
            operator: Operator {
                account_id: EntityId(OPERATOR),
                private_key_der: format!("{PKCS8_PREFIX}{seed}"),
                private_key: seed,
                public_key: ledger.operator_key().map(|key| key.to_string()).unwrap_or_default(),
            },
            issuer_account_id: EntityId(ISSUER),
            fee_account_id: EntityId(FEE_ACCOUNT),
            payment_token_id: ledger.payment_token().map(EntityId),
        }
    }
}

/// What the listeners share.
struct Parts {
    config: Config,
    world: Arc<World>,
    faults: Arc<Board>,
    replicas: Arc<Replicas>,
    stop: CancellationToken,
}

impl Parts {
    fn serve(
        &self,
        accounts: Vec<(u64, SocketAddr)>,
        nodes: Vec<TcpListener>,
        replicas: Vec<TcpListener>,
        balanced: TcpListener,
    ) -> Result<Vec<Served>, Error> {
        let accounts = Arc::new(accounts);
        let mut served = Vec::new();
        for ((account, _), listener) in accounts.iter().zip(nodes) {
            served.push(Served::start(listener, self.node(*account).router())?);
        }
        for (index, listener) in replicas.into_iter().enumerate() {
            served.push(Served::start(listener, self.mirror(&accounts, Choice::Fixed(index)).router())?);
        }
        let alternate = Choice::Alternate(Arc::new(AtomicUsize::new(0)));
        served.push(Served::start(balanced, self.mirror(&accounts, alternate).router())?);
        Ok(served)
    }

    fn node(&self, account: u64) -> ConsensusNode {
        ConsensusNode {
            account,
            world: Arc::clone(&self.world),
            faults: Arc::clone(&self.faults),
            skip_signatures: self.config.skip_signatures,
            stop: self.stop.clone(),
        }
    }

    fn mirror(&self, nodes: &Arc<Vec<(u64, SocketAddr)>>, choice: Choice) -> Mirror {
        Mirror {
            world: Arc::clone(&self.world),
            faults: Arc::clone(&self.faults),
            replicas: Arc::clone(&self.replicas),
            balance_grid_seconds: self.config.balance_grid_seconds,
            nodes: Arc::clone(nodes),
            choice,
        }
    }

    fn finish(
        self,
        listeners: Vec<Served>,
        control: TcpListener,
        network: Arc<Network>,
    ) -> Result<Sandbox, Error> {
        let listeners = Arc::new(listeners);
        let api = Control {
            world: Arc::clone(&self.world),
            faults: self.faults,
            replicas: self.replicas,
            listeners: Arc::clone(&listeners),
            network: Arc::clone(&network),
        };
        let control = Served::start(control, api.router())?;
        Ok(Sandbox { network, world: self.world, control, listeners, stop: self.stop })
    }
}

async fn bind(host: IpAddr, ports: &[u16]) -> Result<Vec<TcpListener>, Error> {
    let mut listeners = Vec::with_capacity(ports.len());
    for port in ports {
        listeners.push(TcpListener::bind((host, *port)).await?);
    }
    Ok(listeners)
}

fn addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, Error> {
    listeners.iter().map(|listener| listener.local_addr().map_err(Error::from)).collect()
}
