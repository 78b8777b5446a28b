//! An asset service on a database of its own, a sandbox, the other ends of the holder service and of execution, and who calls.

mod execution;
mod holders;
mod network;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use asset::Config;
use auth::internal::ServiceKeys;
use auth::{Actor, Role, RoleSet};
use money::Network;
use pg::testing::TestDb;
use proto::asset::v1::asset_service_client::AssetServiceClient;
use proto::asset::v1::payment_token_service_client::PaymentTokenServiceClient;
use proto::asset::v1::{Asset, AssetType, GetAssetRequest, ImportAssetRequest, ListPaymentTokensRequest};
use service_kit::client::Peer;
use service_kit::idempotency::IdempotencyKey;
use service_kit::{Shutdown, StartError};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_types::StatusExt as _;

pub(crate) use execution::Execution;
pub(crate) use holders::Holders;
pub(crate) use network::Sandbox;

const DEADLINE: Duration = Duration::from_secs(20);
static KEYS: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Service {
    pub(crate) sandbox: Sandbox,
    pub(crate) holders: Holders,
    pub(crate) execution: Execution,
    config: Config,
    keys: TempDir,
    peer: Peer,
    shutdown: Shutdown,
    task: JoinHandle<Result<(), StartError>>,
}

impl Service {
    pub(crate) async fn start() -> Service {
        Self::start_telling_every(Duration::from_millis(50)).await
    }

    /// One whose jobs look so often for what another service was not told.
    pub(crate) async fn start_telling_every(interval: Duration) -> Service {
        let keys = tempfile::tempdir().expect("a folder for keys");
        let names = ["asset", "distribution", "execution", "gateway", "holder-sync"];
        auth::keys::generate(keys.path(), &names).expect("keys");
        let sandbox = Sandbox::start().await;
        let (holders, holder_url) = Holders::start(keys.path()).await;
        let (execution, execution_url) = Execution::start(keys.path()).await;
        let db = TestDb::create(asset::NAME, asset::MIGRATIONS).await;
        let (folder, mirror_url) = (keys.path(), sandbox.mirror_url());
        let mut config = Config::new(db, folder, Network::Sandbox, mirror_url, holder_url, execution_url);
        config.tell_interval = interval;
        config.mirror.attempts_max = 3;
        config.mirror.backoff_first = Duration::from_millis(5);
        let (peer, shutdown, task) = serve(&config, &keys).await;
        let service = Service { sandbox, holders, execution, config, keys, peer, shutdown, task };
        until("the service serves", async || {
            let request = service.read(ListPaymentTokensRequest::default());
            service.payment_tokens().list_payment_tokens(request).await.ok()
        })
        .await;
        service
    }

    /// Stops it, and starts it again with another network; says why it does not start.
    pub(crate) async fn restart_on(self, network: Network) -> String {
        self.shutdown.trigger();
        self.task.await.expect("it does not panic").expect("it ends well");
        let config = Config { network, ..self.config };
        let (_, _, task) = serve(&config, &self.keys).await;
        task.await.expect("it does not panic").expect_err("it must not start").to_string()
    }

    pub(crate) fn assets(&self) -> AssetServiceClient<Channel> {
        AssetServiceClient::new(self.peer.channel())
    }

    pub(crate) fn payment_tokens(&self) -> PaymentTokenServiceClient<Channel> {
        PaymentTokenServiceClient::new(self.peer.channel())
    }

    /// A read by somebody who may read.
    pub(crate) fn read<T>(&self, message: T) -> Request<T> {
        self.peer.request(message, &user(&[Role::Viewer]), DEADLINE)
    }

    /// A call with effects by somebody who may make any, under a key of its own.
    pub(crate) fn write<T>(&self, message: T) -> Request<T> {
        self.write_under(message, &fresh_key())
    }

    pub(crate) fn write_under<T>(&self, message: T, key: &IdempotencyKey) -> Request<T> {
        self.write_as(message, &user(&[Role::Payout, Role::Pauser, Role::PaymentTokenManager]), key)
    }

    pub(crate) fn write_as<T>(&self, message: T, actor: &Actor, key: &IdempotencyKey) -> Request<T> {
        self.peer.request_once(message, actor, DEADLINE, key)
    }

    pub(crate) fn write_without_key<T>(&self, message: T) -> Request<T> {
        self.peer.request(message, &user(&[Role::Payout]), DEADLINE)
    }

    /// Imports a token as shares.
    pub(crate) async fn import(&self, token_id: &str) -> Asset {
        let answer = self.assets().import_asset(self.write(equity(token_id))).await.expect("a good token");
        answer.into_inner().asset.expect("an asset")
    }

    pub(crate) async fn get(&self, asset_id: &str) -> Asset {
        let message = GetAssetRequest { asset_id: asset_id.to_owned() };
        let answer = self.assets().get_asset(self.read(message)).await.expect("a known asset");
        answer.into_inner().asset.expect("an asset")
    }
}

async fn serve(config: &Config, keys: &TempDir) -> (Peer, Shutdown, JoinHandle<Result<(), StartError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket"));
    let issuer = ServiceKeys::load(keys.path(), "gateway", &[]).expect("keys").issuer();
    let peer = Peer::new(&url, asset::NAME, issuer).expect("a URL");
    let shutdown = Shutdown::new();
    let task = tokio::spawn(asset::run(config.clone(), listener, shutdown.clone()));
    (peer, shutdown, task)
}

pub(crate) fn equity(token_id: &str) -> ImportAssetRequest {
    ImportAssetRequest { token_id: token_id.to_owned(), r#type: AssetType::Equity.into(), bond_terms: None }
}

pub(crate) fn user(roles: &[Role]) -> Actor {
    Actor::user("alice", roles.iter().copied().collect::<RoleSet>(), "gateway")
}

/// A key nobody used before.
pub(crate) fn fresh_key() -> IdempotencyKey {
    IdempotencyKey::new(&format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed))).expect("a good key")
}

/// Repeats `look` until it sees something.
pub(crate) async fn until<T, F, Fut>(what: &str, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let seen = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, seen).await.unwrap_or_else(|_| panic!("waited too long until {what}"))
}

/// The code and reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(result: Result<Response<T>, Status>) -> (tonic::Code, String) {
    let status = result.expect_err("it must be refused");
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}

/// The fields that do not fit.
pub(crate) fn fields<T: std::fmt::Debug>(result: Result<Response<T>, Status>) -> Vec<String> {
    let status = result.expect_err("it must be refused");
    let request = status.get_details_bad_request().expect("field violations");
    request.field_violations.into_iter().map(|violation| violation.field).collect()
}
