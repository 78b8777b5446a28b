//! The other end of the holder service's contract, as far as this service uses it: behind the real policy layer, and able to
//! be away. What the holder service itself does, its own tests and the end-to-end suites show.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::internal::ServiceKeys;
use auth::{AuthLayer, PolicyTable};
use futures::stream::BoxStream;
use proto::holder::v1 as pb;
use proto::holder::v1::holder_service_server::{HolderService, HolderServiceServer};
use service_kit::Shutdown;
use service_kit::idempotency;
use service_kit::serve::Server;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

/// What was asked of it.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Token ids by asset id.
    pub(crate) registered: BTreeMap<String, String>,
    /// Syncs by idempotency key.
    pub(crate) syncs: BTreeMap<String, String>,
}

#[derive(Clone, Default)]
pub(crate) struct Holders {
    asked: Arc<Mutex<Asked>>,
    away: Arc<AtomicBool>,
}

impl Holders {
    pub(crate) async fn start(keys: &std::path::Path) -> (Holders, String) {
        let holders = Holders::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket"));
        let verifier = ServiceKeys::load(keys, "holder-sync", &["asset"]).expect("keys").verifier();
        let policies = PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET).expect("policies");
        let server = Server::new("holder-sync", listener)
            .auth(AuthLayer::new(verifier, Arc::new(policies)))
            .add_service(HolderServiceServer::new(holders.clone()));
        tokio::spawn(server.run(Shutdown::new()));
        (holders, url)
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything, as after a restore of an older database.
    pub(crate) fn forget(&self) {
        *self.asked() = Asked::default();
    }

    fn here(&self) -> Result<(), Status> {
        if self.away.load(Ordering::SeqCst) { Err(Status::unavailable("away")) } else { Ok(()) }
    }
}

fn status(asset_id: &str) -> pb::SyncStatus {
    let state = pb::SyncState::Pending.into();
    let last_sync = Some(pb::Sync { asset_id: asset_id.to_owned(), state, ..pb::Sync::default() });
    pb::SyncStatus { asset_id: asset_id.to_owned(), last_sync, holder_count: 7, ..pb::SyncStatus::default() }
}

fn unused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not used by the asset service"))
}

#[tonic::async_trait]
impl HolderService for Holders {
    async fn register_asset(
        &self,
        request: Request<pb::RegisterAssetRequest>,
    ) -> Result<Response<pb::RegisterAssetResponse>, Status> {
        self.here()?;
        let message = request.into_inner();
        let status = status(&message.asset_id);
        self.asked().registered.insert(message.asset_id, message.token_id);
        Ok(Response::new(pb::RegisterAssetResponse { status: Some(status) }))
    }

    async fn batch_get_sync_status(
        &self,
        request: Request<pb::BatchGetSyncStatusRequest>,
    ) -> Result<Response<pb::BatchGetSyncStatusResponse>, Status> {
        self.here()?;
        let asked = self.asked();
        let known = request.get_ref().asset_ids.iter().filter(|id| asked.registered.contains_key(*id));
        let statuses = known.map(|id| status(id)).collect();
        Ok(Response::new(pb::BatchGetSyncStatusResponse { statuses }))
    }

    async fn sync_holders(
        &self,
        request: Request<pb::SyncHoldersRequest>,
    ) -> Result<Response<pb::SyncHoldersResponse>, Status> {
        self.here()?;
        let key = idempotency::key(request.metadata()).map_err(|problem| problem.to_status())?;
        let id = request.into_inner().asset_id;
        if !self.asked().registered.contains_key(&id) {
            return Err(Status::not_found("unknown"));
        }
        self.asked().syncs.insert(key.as_str().to_owned(), id.clone());
        Ok(Response::new(pb::SyncHoldersResponse { sync: status(&id).last_sync }))
    }

    async fn get_sync_status(
        &self,
        _: Request<pb::GetSyncStatusRequest>,
    ) -> Result<Response<pb::GetSyncStatusResponse>, Status> {
        unused()
    }

    async fn update_sync_settings(
        &self,
        _: Request<pb::UpdateSyncSettingsRequest>,
    ) -> Result<Response<pb::UpdateSyncSettingsResponse>, Status> {
        unused()
    }

    async fn list_holders(
        &self,
        _: Request<pb::ListHoldersRequest>,
    ) -> Result<Response<pb::ListHoldersResponse>, Status> {
        unused()
    }

    async fn list_balance_history(
        &self,
        _: Request<pb::ListBalanceHistoryRequest>,
    ) -> Result<Response<pb::ListBalanceHistoryResponse>, Status> {
        unused()
    }

    async fn get_balance_at(
        &self,
        _: Request<pb::GetBalanceAtRequest>,
    ) -> Result<Response<pb::GetBalanceAtResponse>, Status> {
        unused()
    }

    async fn take_snapshot(
        &self,
        _: Request<pb::TakeSnapshotRequest>,
    ) -> Result<Response<pb::TakeSnapshotResponse>, Status> {
        unused()
    }

    async fn get_snapshot(
        &self,
        _: Request<pb::GetSnapshotRequest>,
    ) -> Result<Response<pb::GetSnapshotResponse>, Status> {
        unused()
    }

    async fn list_snapshots(
        &self,
        _: Request<pb::ListSnapshotsRequest>,
    ) -> Result<Response<pb::ListSnapshotsResponse>, Status> {
        unused()
    }

    type StreamSnapshotStream = BoxStream<'static, Result<pb::StreamSnapshotResponse, Status>>;

    async fn stream_snapshot(
        &self,
        _: Request<pb::StreamSnapshotRequest>,
    ) -> Result<Response<Self::StreamSnapshotStream>, Status> {
        unused()
    }
}
