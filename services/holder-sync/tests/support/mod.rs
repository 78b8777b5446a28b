//! A holder service on a database of its own, a sandbox, and who calls.

mod network;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth::internal::{Issuer, ServiceKeys};
use auth::{Actor, Role, RoleSet};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use holder_sync::Config;
use ids::{AssetId, SystemIds};
use money::Network;
use pg::DbConfig;
use pg::testing::TestDb;
use proto::holder::v1::holder_service_client::HolderServiceClient;
use proto::holder::v1::{
    BatchGetSyncStatusRequest, GetSnapshotRequest, GetSyncStatusRequest, Holder, HolderKind,
    ListHoldersRequest, RegisterAssetRequest, Snapshot, SnapshotState, StreamSnapshotRequest,
    StreamSnapshotResponse, Sync, SyncHoldersRequest, SyncState, SyncStatus, TakeSnapshotRequest,
};
use service_kit::client::Peer;
use service_kit::idempotency::IdempotencyKey;
use service_kit::{Shutdown, StartError};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_types::StatusExt as _;

pub(crate) use network::Sandbox;

const DEADLINE: Duration = Duration::from_secs(20);
static KEYS: AtomicU32 = AtomicU32::new(0);

/// One replica of the service.
pub(crate) struct Replica {
    peer: Peer,
    internal: Peer,
    shutdown: Shutdown,
    task: JoinHandle<Result<(), StartError>>,
}

/// What replicas share.
pub(crate) struct Ground {
    pub(crate) sandbox: Sandbox,
    pub(crate) db: DbConfig,
    keys: TempDir,
}

impl Ground {
    pub(crate) async fn new() -> Ground {
        let keys = tempfile::tempdir().expect("a folder for keys");
        auth::keys::generate(keys.path(), &["asset", "distribution", "gateway", "holder-sync"])
            .expect("keys");
        Ground {
            sandbox: Sandbox::start().await,
            db: TestDb::create(holder_sync::NAME, holder_sync::MIGRATIONS).await,
            keys,
        }
    }

    pub(crate) fn config(&self, mirror_url: &str) -> Config {
        let mut config = Config::new(self.db.clone(), self.keys.path(), Network::Sandbox, mirror_url);
        config.retry_first = Duration::from_millis(50);
        config.poll = Duration::from_millis(50);
        config.mirror.backoff_first = Duration::from_millis(5);
        config.mirror.backoff_max = Duration::from_millis(50);
        config
    }

    pub(crate) async fn replica(&self) -> Replica {
        self.replica_with(|_| ()).await
    }

    pub(crate) async fn replica_with(&self, adjust: impl FnOnce(&mut Config)) -> Replica {
        let mut config = self.config(self.sandbox.mirror_url());
        adjust(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket"));
        let shutdown = Shutdown::new();
        let task = tokio::spawn(holder_sync::run(config, listener, shutdown.clone()));
        let peer = Peer::new(&url, holder_sync::NAME, self.issuer("gateway")).expect("a URL");
        let internal = Peer::new(&url, holder_sync::NAME, self.issuer("asset")).expect("a URL");
        Replica { peer, internal, shutdown, task }
    }

    fn issuer(&self, caller: &str) -> Arc<Issuer> {
        ServiceKeys::load(self.keys.path(), caller, &[]).expect("keys").issuer()
    }

    /// Runs statements as the tables' owner.
    pub(crate) async fn sql(&self, statements: &str) {
        let mut conn = AsyncPgConnection::establish(&self.db.owner_url).await.expect("the owner may connect");
        conn.batch_execute(statements).await.expect("good statements");
    }

    /// The whole of one row with one number.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let (client, connection) = tokio_postgres::connect(&self.db.owner_url, tokio_postgres::NoTls)
            .await
            .expect("the owner may connect");
        tokio::spawn(connection);
        client.query_one(query, &[]).await.expect("one row").get(0)
    }
}

/// Holders `0.0.6000` and up, with 1, 2, 3, … units.
pub(crate) fn numbered(count: u64) -> String {
    let lines: Vec<String> = (0..count).map(|n| format!("0.0.{},{}", 6000 + n, n + 1)).collect();
    lines.join("\n")
}

pub(crate) fn user(roles: &[Role]) -> Actor {
    Actor::user("alice", roles.iter().copied().collect::<RoleSet>(), "gateway")
}

/// A key nobody used before.
pub(crate) fn fresh_key() -> IdempotencyKey {
    IdempotencyKey::new(&format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed))).expect("a good key")
}

impl Replica {
    pub(crate) async fn stop(self) {
        self.shutdown.trigger();
        self.task.await.expect("it does not panic").expect("it ends well");
    }

    /// As SIGKILL would: nothing is released.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.expect_err("it was aborted").is_cancelled());
    }

    /// Why it did not start.
    pub(crate) async fn refused(self) -> String {
        self.task.await.expect("it does not panic").expect_err("it must not start").to_string()
    }

    /// Waits until it serves.
    pub(crate) async fn ready(&self) {
        until("the service serves", async || {
            let message = BatchGetSyncStatusRequest::default();
            self.client().batch_get_sync_status(self.internal(message)).await.ok()
        })
        .await;
    }

    /// Calls as the gateway makes them.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(crate) fn client(&self) -> HolderServiceClient<Channel> {
        HolderServiceClient::new(self.peer.channel())
    }

    /// A read by somebody who may read.
    pub(crate) fn read<T>(&self, message: T) -> Request<T> {
        self.peer.request(message, &user(&[Role::Viewer]), DEADLINE)
    }

    /// A call with effects by somebody who may make it, under a key of its own.
    pub(crate) fn write<T>(&self, message: T) -> Request<T> {
        self.write_under(message, &fresh_key())
    }

    pub(crate) fn write_under<T>(&self, message: T, key: &IdempotencyKey) -> Request<T> {
        self.peer.request_once(message, &user(&[Role::Payout]), DEADLINE, key)
    }

    pub(crate) fn write_without_key<T>(&self, message: T) -> Request<T> {
        self.peer.request(message, &user(&[Role::Payout]), DEADLINE)
    }

    /// A call of the asset service on its own behalf.
    pub(crate) fn internal<T>(&self, message: T) -> Request<T> {
        self.internal.request(message, &Actor::service("asset"), DEADLINE)
    }

    /// Makes a token's asset known.
    pub(crate) async fn register(&self, token_id: &str) -> AssetId {
        let id = AssetId::new(&SystemIds);
        // The service may still be starting.
        let registered = until("the service serves", async || {
            let message = RegisterAssetRequest { asset_id: id.to_string(), token_id: token_id.to_owned() };
            self.client().register_asset(self.internal(message)).await.ok()
        });
        let status = registered.await.into_inner().status.expect("a status");
        assert_eq!(status.asset_id, id.to_string());
        id
    }

    pub(crate) async fn status(&self, asset: AssetId) -> SyncStatus {
        let message = GetSyncStatusRequest { asset_id: asset.to_string() };
        let answer = self.client().get_sync_status(self.read(message)).await.expect("a known asset");
        answer.into_inner().status.expect("a status")
    }

    /// Waits for the asset's last sync to end.
    pub(crate) async fn ended_sync(&self, asset: AssetId) -> Sync {
        until("the sync ends", async || {
            let last = self.status(asset).await.last_sync.expect("it has one");
            [SyncState::Succeeded, SyncState::Failed].contains(&last.state()).then_some(last)
        })
        .await
    }

    /// Starts a sync and waits for its end.
    pub(crate) async fn sync(&self, asset: AssetId) -> Sync {
        self.begin_sync(asset).await;
        self.ended_sync(asset).await
    }

    pub(crate) async fn begin_sync(&self, asset: AssetId) {
        let message = SyncHoldersRequest { asset_id: asset.to_string() };
        self.client().sync_holders(self.write(message)).await.expect("a known asset");
    }

    /// `account=balance` of all holders by account.
    pub(crate) async fn holders(&self, asset: AssetId) -> Vec<String> {
        let holders = self.listed(asset).await;
        holders.iter().map(|holder| format!("{}={}", holder.account, holder.balance)).collect()
    }

    /// What an account is among the holders; none when it is no holder.
    pub(crate) async fn kind(&self, asset: AssetId, account: &str) -> Option<HolderKind> {
        self.listed(asset).await.iter().find(|holder| holder.account == account).map(Holder::kind)
    }

    async fn listed(&self, asset: AssetId) -> Vec<Holder> {
        let message = ListHoldersRequest {
            asset_id: asset.to_string(),
            page_size: 1000,
            order: proto::holder::v1::HolderOrder::Account.into(),
            ..ListHoldersRequest::default()
        };
        self.client().list_holders(self.read(message)).await.expect("a known asset").into_inner().holders
    }

    pub(crate) async fn take(&self, message: TakeSnapshotRequest) -> Result<Snapshot, Status> {
        let answer = self.client().take_snapshot(self.write(message)).await?;
        Ok(answer.into_inner().snapshot.expect("a snapshot"))
    }

    /// Waits for a snapshot to end, one way or the other.
    pub(crate) async fn ended_snapshot(&self, id: &str) -> Snapshot {
        until("the snapshot ends", async || {
            let message = GetSnapshotRequest { snapshot_id: id.to_owned() };
            let answer = self.client().get_snapshot(self.read(message)).await.expect("a known snapshot");
            let snapshot = answer.into_inner().snapshot.expect("a snapshot");
            (snapshot.state() != SnapshotState::Running).then_some(snapshot)
        })
        .await
    }

    /// All chunks of a snapshot.
    pub(crate) async fn stream(&self, id: &str) -> Result<Vec<StreamSnapshotResponse>, Status> {
        let message = StreamSnapshotRequest { snapshot_id: id.to_owned() };
        let mut stream = self.client().stream_snapshot(self.read(message)).await?.into_inner();
        let mut chunks = Vec::new();
        while let Some(chunk) = stream.message().await? {
            chunks.push(chunk);
        }
        Ok(chunks)
    }
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

/// The reason of a refusal.
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
