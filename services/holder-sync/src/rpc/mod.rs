//! The RPCs, one file each: read the request, call the use case, say the answer. No rules here.

mod batch_get_sync_status;
mod convert;
mod get_balance_at;
mod get_snapshot;
mod get_sync_status;
mod list_balance_history;
mod list_holders;
mod list_snapshots;
mod register_asset;
mod stream_snapshot;
mod sync_holders;
mod take_snapshot;
mod update_sync_settings;

use futures::stream::BoxStream;
use proto::holder::v1 as pb;
use proto::holder::v1::holder_service_server::HolderService;
use tonic::{Request, Response, Status};

use crate::app::App;

/// `bursar.holder.v1.HolderService`.
#[derive(Clone)]
pub(crate) struct Holders(pub App);

#[tonic::async_trait]
impl HolderService for Holders {
    async fn register_asset(
        &self,
        request: Request<pb::RegisterAssetRequest>,
    ) -> Result<Response<pb::RegisterAssetResponse>, Status> {
        register_asset::handle(&self.0, request).await.map(Response::new)
    }

    async fn batch_get_sync_status(
        &self,
        request: Request<pb::BatchGetSyncStatusRequest>,
    ) -> Result<Response<pb::BatchGetSyncStatusResponse>, Status> {
        batch_get_sync_status::handle(&self.0, request).await.map(Response::new)
    }

    async fn sync_holders(
        &self,
        request: Request<pb::SyncHoldersRequest>,
    ) -> Result<Response<pb::SyncHoldersResponse>, Status> {
        sync_holders::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_sync_status(
        &self,
        request: Request<pb::GetSyncStatusRequest>,
    ) -> Result<Response<pb::GetSyncStatusResponse>, Status> {
        get_sync_status::handle(&self.0, request).await.map(Response::new)
    }

    async fn update_sync_settings(
        &self,
        request: Request<pb::UpdateSyncSettingsRequest>,
    ) -> Result<Response<pb::UpdateSyncSettingsResponse>, Status> {
        update_sync_settings::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_holders(
        &self,
        request: Request<pb::ListHoldersRequest>,
    ) -> Result<Response<pb::ListHoldersResponse>, Status> {
        list_holders::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_balance_history(
        &self,
        request: Request<pb::ListBalanceHistoryRequest>,
    ) -> Result<Response<pb::ListBalanceHistoryResponse>, Status> {
        list_balance_history::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_balance_at(
        &self,
        request: Request<pb::GetBalanceAtRequest>,
    ) -> Result<Response<pb::GetBalanceAtResponse>, Status> {
        get_balance_at::handle(&self.0, request).await.map(Response::new)
    }

    async fn take_snapshot(
        &self,
        request: Request<pb::TakeSnapshotRequest>,
    ) -> Result<Response<pb::TakeSnapshotResponse>, Status> {
        take_snapshot::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Result<Response<pb::GetSnapshotResponse>, Status> {
        get_snapshot::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_snapshots(
        &self,
        request: Request<pb::ListSnapshotsRequest>,
    ) -> Result<Response<pb::ListSnapshotsResponse>, Status> {
        list_snapshots::handle(&self.0, request).await.map(Response::new)
    }

    type StreamSnapshotStream = BoxStream<'static, Result<pb::StreamSnapshotResponse, Status>>;

    async fn stream_snapshot(
        &self,
        request: Request<pb::StreamSnapshotRequest>,
    ) -> Result<Response<Self::StreamSnapshotStream>, Status> {
        stream_snapshot::handle(&self.0, request).await.map(Response::new)
    }
}
