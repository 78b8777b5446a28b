//! The holder service.

use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use proto::holder::v1 as pb;
use proto::holder::v1::holder_service_server::HolderService;
use tonic::{Code, Request, Response, Status};

use super::{World, never_called, refusal};

pub(crate) struct HolderNeighbour(pub(crate) World);

impl HolderNeighbour {
    /// The snapshot of that id, new unless it is there and did not fail.
    fn take(&self, asked: pb::TakeSnapshotRequest) -> pb::Snapshot {
        let mut facts = self.0.facts();
        let total: u128 = facts.holders.iter().filter_map(|holder| holder.balance.parse::<u128>().ok()).sum();
        let state = facts.snapshot_state;
        let failed = state == pb::SnapshotState::Failed;
        let fresh = pb::Snapshot {
            id: asked.snapshot_id.clone(),
            asset_id: asked.asset_id,
            state: state.into(),
            consensus_ns: asked.record_time.map_or(0, |time| {
                (time.seconds - facts.snapshot_age_s) * 1_000_000_000 + i64::from(time.nanos)
            }),
            record_time: asked.record_time,
            holder_count: facts.holders.len() as u64,
            total_balance: total.to_string(),
            total_supply: facts.total_supply.to_string(),
            decimals: 2,
            failure_reason: if failed { "MIRROR_UNAVAILABLE".to_owned() } else { String::new() },
            create_time: None,
        };
        facts.snapshots_taken += 1;
        let known = facts.snapshots.get(&asked.snapshot_id);
        let stays = known.filter(|known| known.state() != pb::SnapshotState::Failed).cloned();
        let snapshot = stays.unwrap_or(fresh);
        facts.snapshots.insert(asked.snapshot_id, snapshot.clone());
        snapshot
    }
}

#[tonic::async_trait]
impl HolderService for HolderNeighbour {
    type StreamSnapshotStream = BoxStream<'static, Result<pb::StreamSnapshotResponse, Status>>;

    async fn take_snapshot(
        &self,
        request: Request<pb::TakeSnapshotRequest>,
    ) -> Result<Response<pb::TakeSnapshotResponse>, Status> {
        service_kit::idempotency::key(request.metadata()).map_err(|problem| problem.to_status())?;
        let snapshot = self.take(request.into_inner());
        let answer = Arc::clone(&self.0.before_snapshot_answer);
        answer.acquire().await.map_err(|_| Status::internal("closed"))?.forget();
        Ok(Response::new(pb::TakeSnapshotResponse { snapshot: Some(snapshot) }))
    }

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Result<Response<pb::GetSnapshotResponse>, Status> {
        let snapshot = self.0.facts().snapshots.get(&request.get_ref().snapshot_id).cloned();
        let snapshot = snapshot.ok_or_else(|| refusal(Code::NotFound, "SNAPSHOT_NOT_FOUND"))?;
        Ok(Response::new(pb::GetSnapshotResponse { snapshot: Some(snapshot) }))
    }

    async fn stream_snapshot(
        &self,
        _: Request<pb::StreamSnapshotRequest>,
    ) -> Result<Response<Self::StreamSnapshotStream>, Status> {
        let holders = self.0.facts().holders.clone();
        let chunks: Vec<_> = holders.chunks(3).map(<[_]>::to_vec).collect();
        let chunks = chunks.into_iter().map(|holders| Ok(pb::StreamSnapshotResponse { holders }));
        Ok(Response::new(stream::iter(chunks.collect::<Vec<_>>()).boxed()))
    }

    async fn get_balance_at(
        &self,
        request: Request<pb::GetBalanceAtRequest>,
    ) -> Result<Response<pb::GetBalanceAtResponse>, Status> {
        let account = request.into_inner().account;
        let facts = self.0.facts();
        let holds = facts.holders.iter().any(|holder| holder.account == account);
        if !holds && !facts.former_holders.contains(&account) {
            return Err(refusal(Code::NotFound, "HOLDER_NOT_FOUND"));
        }
        Ok(Response::new(pb::GetBalanceAtResponse { balance: Some(pb::BalanceChange::default()) }))
    }

    never_called! {
        register_asset: pb::RegisterAssetRequest => pb::RegisterAssetResponse;
        batch_get_sync_status: pb::BatchGetSyncStatusRequest => pb::BatchGetSyncStatusResponse;
        sync_holders: pb::SyncHoldersRequest => pb::SyncHoldersResponse;
        get_sync_status: pb::GetSyncStatusRequest => pb::GetSyncStatusResponse;
        update_sync_settings: pb::UpdateSyncSettingsRequest => pb::UpdateSyncSettingsResponse;
        list_holders: pb::ListHoldersRequest => pb::ListHoldersResponse;
        list_balance_history: pb::ListBalanceHistoryRequest => pb::ListBalanceHistoryResponse;
        list_snapshots: pb::ListSnapshotsRequest => pb::ListSnapshotsResponse;
    }
}
