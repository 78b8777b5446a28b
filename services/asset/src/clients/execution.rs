//! Execution, as this service tells it.

use std::time::Duration;

use auth::Actor;
use proto::execution::v1::SetAssetPauseRequest;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use service_kit::client::Peer;
use tonic::{Code, Status};

use crate::domain::PauseState;

/// A pause waits there for everybody who is about to send.
const TELL_DEADLINE: Duration = Duration::from_secs(5);

/// Execution did not say that it has a word.
#[derive(Debug, thiserror::Error)]
#[error("SetAssetPause: {}: {}", .0.code(), .0.message())]
pub struct ExecutionError(Box<Status>);

impl ExecutionError {
    /// Whether it cannot be reached now, for whatever is said.
    pub fn is_away(&self) -> bool {
        matches!(self.0.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled)
    }
}

/// Calls to execution. The words carry who spoke them, so the calls are in this service's own name.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    peer: Peer,
}

impl Execution {
    /// The execution service behind `peer`.
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    /// Tells where an asset's pause stands. Once this has returned, execution goes by that or by a later state; telling it
    /// again, or an older one after it, changes nothing.
    pub(crate) async fn set_asset_pause(&self, state: &PauseState) -> Result<(), ExecutionError> {
        let message = SetAssetPauseRequest {
            asset_id: state.asset.to_string(),
            version: state.version,
            paused: state.paused,
            by: state.last.by.clone(),
            reason: state.last.reason.clone(),
        };
        let request = self.peer.request(message, &Actor::service(crate::NAME), TELL_DEADLINE);
        let mut client = PauseServiceClient::new(self.peer.channel());
        client.set_asset_pause(request).await.map_err(|status| ExecutionError(Box::new(status)))?;
        Ok(())
    }
}
