//! The stage of a test: a database, the neighbours, one or more replicas, and a client that comes through the gateway.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use auth::internal::{Issuer, ServiceKeys};
use auth::{Actor, AuthLayer, PolicyTable, Role, keys};
use distribution::{Config, MIGRATIONS};
use money::Network;
use pg::DbConfig;
use pg::testing::TestDb;
use proto::asset::v1::asset_service_server::AssetServiceServer;
use proto::asset::v1::payment_token_service_server::PaymentTokenServiceServer;
use proto::distribution::v1 as pb;
use proto::distribution::v1::distribution_service_client::DistributionServiceClient;
use proto::distribution::v1::ingest_service_client::IngestServiceClient;
use proto::distribution::v1::redemption_service_client::RedemptionServiceClient;
use proto::distribution::v1::schedule_service_client::ScheduleServiceClient;
use proto::execution::v1::execution_service_server::ExecutionServiceServer;
use proto::execution::v1::funding_account_service_server::FundingAccountServiceServer;
use proto::holder::v1::holder_service_server::HolderServiceServer;
use service_kit::Shutdown;
use service_kit::client::Peer;
use service_kit::clock::ManualClock;
use service_kit::idempotency::IdempotencyKey;
use service_kit::serve::Server;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

use crate::support::{
    AssetNeighbour, ExecutionNeighbour, FundingNeighbour, HolderNeighbour, PaymentTokenNeighbour, World,
};

pub(crate) type Client = DistributionServiceClient<Channel>;

const DEADLINE: Duration = Duration::from_secs(30);
/// Short, so that a take-over is not waited for.
const LEASE: Duration = Duration::from_secs(1);

/// One replica of the service on a runtime of its own, which can be killed.
pub(crate) struct Replica {
    runtime: Option<Runtime>,
    address: SocketAddr,
}

impl Replica {
    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) db: DbConfig,
    pub(crate) replicas: Vec<Replica>,
    /// Business time of the replicas that are added from now on; the machine's when absent.
    pub(crate) clock: Option<ManualClock>,
    keys: tempfile::TempDir,
    gateway: Arc<Issuer>,
    neighbours: [String; 3],
    shutdown: Shutdown,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

impl Stage {
    /// One replica.
    pub(crate) async fn new() -> Self {
        let mut stage = Self::without_replicas().await;
        stage.add_replica();
        stage
    }

    pub(crate) async fn without_replicas() -> Self {
        let keys = tempfile::tempdir().expect("a folder");
        let names = ["gateway", "distribution", "asset", "holder-sync", "execution"];
        keys::generate(keys.path(), &names).expect("keys");
        let gateway = ServiceKeys::load(keys.path(), "gateway", &[]).expect("a key").issuer();
        let (world, shutdown) = (World::new(), Shutdown::new());
        let mut stage = Self {
            db: TestDb::create("distribution", MIGRATIONS).await,
            neighbours: [String::new(), String::new(), String::new()],
            replicas: Vec::new(),
            clock: None,
            world,
            keys,
            gateway,
            shutdown,
        };
        stage.neighbours = [stage.asset().await, stage.holder().await, stage.execution().await];
        stage
    }

    async fn server(&self, name: &'static str) -> (Server, String) {
        let listener = listener().await;
        let address = url(listener.local_addr().expect("an address"));
        let keys = ServiceKeys::load(self.keys.path(), name, &["distribution"]).expect("keys");
        let policies = PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET).expect("policies");
        let layer = AuthLayer::new(keys.verifier(), Arc::new(policies));
        (Server::new(name, listener).auth(layer), address)
    }

    async fn asset(&self) -> String {
        let (server, address) = self.server("asset").await;
        let server = server
            .add_service(AssetServiceServer::new(AssetNeighbour(self.world.clone())))
            .add_service(PaymentTokenServiceServer::new(PaymentTokenNeighbour(self.world.clone())));
        tokio::spawn(server.run(self.shutdown.clone()));
        address
    }

    async fn holder(&self) -> String {
        let (server, address) = self.server("holder-sync").await;
        let server = server.add_service(HolderServiceServer::new(HolderNeighbour(self.world.clone())));
        tokio::spawn(server.run(self.shutdown.clone()));
        address
    }

    async fn execution(&self) -> String {
        let (server, address) = self.server("execution").await;
        let server = server
            .add_service(ExecutionServiceServer::new(ExecutionNeighbour(self.world.clone())))
            .add_service(FundingAccountServiceServer::new(FundingNeighbour(self.world.clone())));
        tokio::spawn(server.run(self.shutdown.clone()));
        address
    }

    /// How a replica is configured.
    pub(crate) fn config(&self, network: Network) -> Config {
        let [asset, holder, execution] = self.neighbours.clone();
        let keys = self.keys.path();
        let mut config = Config::new(self.db.clone(), keys, network, asset, holder, execution);
        config.pace.lease = LEASE;
        config.pace.poll = Duration::from_millis(20);
        config.preview_wait = Duration::from_secs(1);
        if let Some(clock) = &self.clock {
            config.clock = Arc::new(clock.clone());
        }
        config
    }

    /// Another replica on the same database.
    pub(crate) fn add_replica(&mut self) {
        let config = self.config(Network::Sandbox);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let shutdown = self.shutdown.child();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a socket");
            distribution::run(config, listener, shutdown).await.expect("the service runs");
        });
        self.replicas.push(Replica { runtime: Some(runtime), address });
    }

    pub(crate) fn peer(&self) -> Peer {
        let replica = self.replicas.last().expect("a replica");
        Peer::new(&url(replica.address), "distribution", Arc::clone(&self.gateway)).expect("an address")
    }

    /// A client of the newest replica.
    pub(crate) fn client(&self) -> Client {
        DistributionServiceClient::new(self.peer().channel())
    }

    /// The same for files of payees.
    pub(crate) fn ingests(&self) -> IngestServiceClient<Channel> {
        IngestServiceClient::new(self.peer().channel())
    }

    /// The same for redemptions.
    pub(crate) fn redemptions(&self) -> RedemptionServiceClient<Channel> {
        RedemptionServiceClient::new(self.peer().channel())
    }

    /// The same for schedules.
    pub(crate) fn schedules(&self) -> ScheduleServiceClient<Channel> {
        ScheduleServiceClient::new(self.peer().channel())
    }

    /// A read by somebody who may pay out.
    pub(crate) fn read<T>(&self, message: T) -> Request<T> {
        self.read_as(Role::Payout, message)
    }

    pub(crate) fn read_as<T>(&self, role: Role, message: T) -> Request<T> {
        self.peer().request(message, &Actor::user("alice", role.into(), "gateway"), DEADLINE)
    }

    /// A write by somebody who may pay out, under a key.
    pub(crate) fn write<T>(&self, key: &str, message: T) -> Request<T> {
        self.write_as(Role::Payout, key, message)
    }

    pub(crate) fn write_as<T>(&self, role: Role, key: &str, message: T) -> Request<T> {
        let key = IdempotencyKey::new(key).expect("a key");
        let actor = Actor::user("alice", role.into(), "gateway");
        self.peer().request_once(message, &actor, DEADLINE, &key)
    }

    /// A pool of 10 USDC units over eligible holders, as `docs/ENTITLEMENTS.md` splits it.
    pub(crate) fn request(&self) -> pb::CreateDistributionRequest {
        let amount = proto::r#type::v1::Amount {
            units: "10".to_owned(),
            asset: "hedera:sandbox/token:0.0.7000".to_owned(),
        };
        let pool = pb::Pool { amount: Some(amount), base: pb::PoolBase::EligibleHolders.into() };
        pb::CreateDistributionRequest {
            asset_id: self.world.equity.to_string(),
            label: "Dividend 2026".to_owned(),
            kind: pb::DistributionKind::Dividend.into(),
            amount_rule: Some(pb::AmountRule { rule: Some(pb::amount_rule::Rule::Pool(pool)) }),
            payment_token: "0.0.7000".to_owned(),
            funding_account_id: self.world.funding.to_string(),
            ..pb::CreateDistributionRequest::default()
        }
    }

    pub(crate) async fn create(
        &self,
        key: &str,
        request: pb::CreateDistributionRequest,
    ) -> Result<pb::Distribution, Status> {
        let answer = self.client().create_distribution(self.write(key, request)).await?;
        Ok(answer.into_inner().distribution.expect("a distribution"))
    }

    pub(crate) async fn execute(&self, key: &str, id: &str) -> Result<pb::Distribution, Status> {
        let message = pb::ExecuteDistributionRequest { distribution_id: id.to_owned() };
        let answer = self.client().execute_distribution(self.write(key, message)).await?;
        Ok(answer.into_inner().distribution.expect("a distribution"))
    }

    pub(crate) async fn cancel(&self, key: &str, id: &str) -> Result<pb::Distribution, Status> {
        let reason = "wrong rate".to_owned();
        let message = pb::CancelDistributionRequest { distribution_id: id.to_owned(), reason };
        let answer = self.client().cancel_distribution(self.write(key, message)).await?;
        Ok(answer.into_inner().distribution.expect("a distribution"))
    }

    pub(crate) async fn retry(&self, key: &str, id: &str) -> Result<pb::RetryDistributionResponse, Status> {
        let message = pb::RetryDistributionRequest { distribution_id: id.to_owned(), ..Default::default() };
        Ok(self.client().retry_distribution(self.write(key, message)).await?.into_inner())
    }

    pub(crate) async fn get(&self, id: &str) -> pb::Distribution {
        let message = pb::GetDistributionRequest { distribution_id: id.to_owned() };
        let answer = self.client().get_distribution(self.read(message)).await.expect("it is there");
        answer.into_inner().distribution.expect("a distribution")
    }

    /// The distribution once it is in this state.
    ///
    /// # Panics
    /// When it does not come to it within half a minute.
    pub(crate) async fn until(&self, id: &str, state: pb::DistributionState) -> pb::Distribution {
        self.when(id, |found| found.state() == state).await
    }

    /// Waits until `seen` holds of a distribution.
    pub(crate) async fn when(&self, id: &str, seen: impl Fn(&pb::Distribution) -> bool) -> pb::Distribution {
        for _ in 0..600 {
            let found = self.get(id).await;
            if seen(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not in time: {:?}", self.get(id).await);
    }
}

/// The stable reason of a refusal.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The bad fields of a refusal with their reasons.
pub(crate) fn fields(status: &Status) -> Vec<(String, String)> {
    let violations = status.get_details_bad_request().map(|request| request.field_violations);
    let violations = violations.unwrap_or_default().into_iter();
    violations.map(|violation| (violation.field, violation.reason)).collect()
}
