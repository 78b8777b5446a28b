//! The holder service: whose balances, when.

use auth::Actor;
use ids::{AssetId, SnapshotId};
use money::Units;
use proto::holder::v1 as pb;
use proto::holder::v1::holder_service_client::HolderServiceClient;
use service_kit::client::Peer;
use service_kit::idempotency::IdempotencyKey;
use tonic::transport::Channel;

use super::{PeerError, READ_DEADLINE, STREAM_DEADLINE, WRITE_DEADLINE};
use crate::domain::account::Account;
use crate::domain::calculation::Holder;
use crate::domain::distribution::SnapshotFacts;
use crate::domain::treatment::HolderKind;
use crate::time;

/// How far a snapshot came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SnapshotStatus {
    /// Being read.
    Running {
        /// Whose holders.
        asset: AssetId,
    },
    /// Frozen.
    Ready(SnapshotFacts),
    /// Given up.
    Failed {
        /// Whose holders.
        asset: AssetId,
        /// The holder service's stable reason.
        reason: String,
    },
}

impl SnapshotStatus {
    /// Whose holders.
    pub(crate) const fn asset(&self) -> AssetId {
        match self {
            Self::Running { asset } | Self::Failed { asset, .. } => *asset,
            Self::Ready(facts) => facts.asset,
        }
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

    /// Asks for a snapshot under our own id, which makes asking repeatable; a failed one is begun anew. So `key` has to
    /// be new each time, or the answer would be that of the first.
    pub(crate) async fn take(
        &self,
        actor: &Actor,
        asset: AssetId,
        record_time_ns: i64,
        id: SnapshotId,
        key: &IdempotencyKey,
    ) -> Result<SnapshotStatus, PeerError> {
        let message = pb::TakeSnapshotRequest {
            asset_id: asset.to_string(),
            record_time: Some(time::timestamp(record_time_ns)),
            snapshot_id: id.to_string(),
        };
        let request = self.peer.request_once(message, actor, WRITE_DEADLINE, key);
        let answer = self.client().take_snapshot(request).await;
        let answer = answer.map_err(PeerError::of(&self.peer, "TakeSnapshot"))?;
        self.status(answer.into_inner().snapshot.as_ref(), "TakeSnapshot")
    }

    /// One snapshot; none when there is no such snapshot.
    pub(crate) async fn snapshot(
        &self,
        actor: &Actor,
        id: SnapshotId,
    ) -> Result<Option<SnapshotStatus>, PeerError> {
        let call = "GetSnapshot";
        let answer = self
            .peer
            .retry_read(|| {
                let message = pb::GetSnapshotRequest { snapshot_id: id.to_string() };
                let request = self.peer.request(message, actor, READ_DEADLINE);
                let mut client = self.client();
                async move { client.get_snapshot(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, call));
        match answer {
            Err(error) if error.is_not_found() => Ok(None),
            answer => self.status(answer?.into_inner().snapshot.as_ref(), call).map(Some),
        }
    }

    /// Whether a sync of the asset's holders ever saw this account hold it, up to `now_ns`.
    pub(crate) async fn ever_held(
        &self,
        actor: &Actor,
        asset: AssetId,
        account: Account,
        now_ns: i64,
    ) -> Result<bool, PeerError> {
        let answer = self
            .peer
            .retry_read(|| {
                let message = pb::GetBalanceAtRequest {
                    asset_id: asset.to_string(),
                    account: account.to_string(),
                    time: Some(time::timestamp(now_ns)),
                };
                let request = self.peer.request(message, actor, READ_DEADLINE);
                let mut client = self.client();
                async move { client.get_balance_at(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, "GetBalanceAt"));
        match answer {
            // Before the first sync nothing is known of anybody.
            Err(error) if error.is("HOLDER_NOT_FOUND") || error.is("BALANCE_UNKNOWN") => Ok(false),
            answer => answer.map(|_| true),
        }
    }

    /// All holders of a snapshot that is ready, by account; exactly those the snapshot says it has.
    pub(crate) async fn holders(
        &self,
        actor: &Actor,
        facts: &SnapshotFacts,
    ) -> Result<Vec<Holder>, PeerError> {
        let call = "StreamSnapshot";
        let wrong = |what| PeerError::malformed(&self.peer, call, what);
        let message = pb::StreamSnapshotRequest { snapshot_id: facts.id.to_string() };
        let request = self.peer.request(message, actor, STREAM_DEADLINE);
        let answer = self.client().stream_snapshot(request).await;
        let mut chunks = answer.map_err(PeerError::of(&self.peer, call))?.into_inner();
        let expected = usize::try_from(facts.holder_count).map_err(|_| wrong("too many holders"))?;
        let mut holders = Vec::new();
        let mut total = 0_u128;
        while let Some(chunk) = chunks.message().await.map_err(PeerError::of(&self.peer, call))? {
            for message in &chunk.holders {
                let holder = holder(message).ok_or_else(|| wrong("a holder that cannot be read"))?;
                total = total.checked_add(holder.balance).ok_or_else(|| wrong("balances out of range"))?;
                holders.push(holder);
            }
            if holders.len() > expected {
                return Err(wrong("more holders than the snapshot has"));
            }
        }
        if holders.len() != expected || total != facts.total_balance {
            return Err(wrong("not the holders the snapshot has"));
        }
        Ok(holders)
    }

    fn status(
        &self,
        snapshot: Option<&pb::Snapshot>,
        call: &'static str,
    ) -> Result<SnapshotStatus, PeerError> {
        let status = snapshot.and_then(status);
        status.ok_or_else(|| PeerError::malformed(&self.peer, call, "a snapshot that cannot be read"))
    }
}

fn status(snapshot: &pb::Snapshot) -> Option<SnapshotStatus> {
    let asset: AssetId = snapshot.asset_id.parse().ok()?;
    match snapshot.state() {
        pb::SnapshotState::Unspecified => None,
        pb::SnapshotState::Running => Some(SnapshotStatus::Running { asset }),
        pb::SnapshotState::Failed => {
            Some(SnapshotStatus::Failed { asset, reason: snapshot.failure_reason.clone() })
        }
        pb::SnapshotState::Ready => Some(SnapshotStatus::Ready(SnapshotFacts {
            id: snapshot.id.parse().ok()?,
            asset,
            record_time_ns: time::nanos(snapshot.record_time.as_ref()?)?,
            consensus_ns: snapshot.consensus_ns,
            holder_count: snapshot.holder_count,
            total_balance: units(&snapshot.total_balance)?,
            total_supply: units(&snapshot.total_supply)?,
            decimals: u8::try_from(snapshot.decimals).ok()?,
        })),
    }
}

fn units(text: &str) -> Option<u128> {
    text.parse().ok().map(|Units(units)| units)
}

fn holder(message: &pb::SnapshotHolder) -> Option<Holder> {
    let kind = match message.kind() {
        pb::HolderKind::Unspecified => return None,
        pb::HolderKind::Account => HolderKind::Account,
        pb::HolderKind::Contract => HolderKind::Contract,
        pb::HolderKind::System => HolderKind::System,
        pb::HolderKind::Zero => HolderKind::Zero,
        pb::HolderKind::Deleted => HolderKind::Deleted,
        pb::HolderKind::Treasury => HolderKind::Treasury,
    };
    let (account, evm) = (message.account.parse().ok()?, message.evm_address.parse().ok()?);
    Some(Holder { account, evm, balance: units(&message.balance).filter(|units| *units > 0)?, kind })
}
