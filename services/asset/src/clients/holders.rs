//! The holder service, as this one asks it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use auth::Actor;
use ids::AssetId;
use proto::holder::v1::holder_service_client::HolderServiceClient;
use proto::holder::v1::{BatchGetSyncStatusRequest, RegisterAssetRequest, SyncHoldersRequest, SyncStatus};
use proto::holder::v1::{Sync, SyncState as ProtoState};
use service_kit::client::Peer;
use service_kit::idempotency::IdempotencyKey;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::domain::{SyncState, SyncSummary};

const REGISTER_DEADLINE: Duration = Duration::from_secs(5);
const SYNC_DEADLINE: Duration = Duration::from_secs(5);
/// Reads wait no longer than this for what only decorates them.
const STATUS_DEADLINE: Duration = Duration::from_secs(2);

/// The holder service gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {}: {}", .status.code(), .status.message())]
pub struct HolderError {
    call: &'static str,
    status: Box<Status>,
}

impl HolderError {
    fn of(call: &'static str) -> impl FnOnce(Status) -> Self {
        move |status| Self { call, status: Box::new(status) }
    }

    /// Whether it does not know the asset.
    pub fn is_not_found(&self) -> bool {
        self.status.code() == Code::NotFound
    }
}

/// Calls to the holder service, on behalf of whoever acts.
#[derive(Clone, Debug)]
pub(crate) struct Holders {
    peer: Peer,
}

impl Holders {
    /// The holder service behind `peer`.
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    fn client(&self) -> HolderServiceClient<Channel> {
        HolderServiceClient::new(self.peer.channel())
    }

    /// Makes an asset known, which starts its first sync. Repeating it changes nothing.
    pub(crate) async fn register(
        &self,
        actor: &Actor,
        id: AssetId,
        token_id: &str,
    ) -> Result<(), HolderError> {
        let message = RegisterAssetRequest { asset_id: id.to_string(), token_id: token_id.to_owned() };
        let request = self.peer.request(message, actor, REGISTER_DEADLINE);
        self.client().register_asset(request).await.map_err(HolderError::of("RegisterAsset"))?;
        Ok(())
    }

    /// Starts a sync of an asset's holders. Repeating it under the same key changes nothing.
    pub(crate) async fn sync(
        &self,
        actor: &Actor,
        id: AssetId,
        key: &IdempotencyKey,
    ) -> Result<(), HolderError> {
        let message = SyncHoldersRequest { asset_id: id.to_string() };
        let request = self.peer.request_once(message, actor, SYNC_DEADLINE, key);
        self.client().sync_holders(request).await.map_err(HolderError::of("SyncHolders"))?;
        Ok(())
    }

    /// The last syncs of up to 1000 assets, within two seconds or not at all. Unknown ones are left out.
    pub(crate) async fn summaries(
        &self,
        actor: &Actor,
        ids: &[AssetId],
    ) -> Result<HashMap<AssetId, SyncSummary>, HolderError> {
        let asset_ids: Vec<String> = ids.iter().map(AssetId::to_string).collect();
        let read = self.peer.retry_read(|| {
            let message = BatchGetSyncStatusRequest { asset_ids: asset_ids.clone() };
            let request = self.peer.request(message, actor, STATUS_DEADLINE);
            let mut client = self.client();
            async move { client.batch_get_sync_status(request).await }
        });
        let answer = tokio::time::timeout(STATUS_DEADLINE, read)
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer within two seconds")))
            .map_err(HolderError::of("BatchGetSyncStatus"))?;
        let statuses = answer.into_inner().statuses;
        Ok(statuses
            .into_iter()
            .filter_map(|status| Some((status.asset_id.parse().ok()?, summary(status)?)))
            .collect())
    }
}

/// None before the first sync.
fn summary(status: SyncStatus) -> Option<SyncSummary> {
    let last = status.last_sync?;
    Some(SyncSummary {
        state: state(&last)?,
        synced_at: status.synced_time.and_then(|time| SystemTime::try_from(time).ok()),
        holder_count: status.holder_count,
        failure_reason: last.failure_reason,
    })
}

fn state(sync: &Sync) -> Option<SyncState> {
    match sync.state() {
        ProtoState::Unspecified => None,
        ProtoState::Pending => Some(SyncState::Pending),
        ProtoState::Running => Some(SyncState::Running),
        ProtoState::Succeeded => Some(SyncState::Succeeded),
        ProtoState::Failed => Some(SyncState::Failed),
    }
}
