//! `bursar holders sync`.

use std::time::{Duration, Instant};

use proto::holder::v1::{GetSyncStatusRequest, Sync as SyncRecord, SyncHoldersRequest, SyncState};

use crate::edge::{Edge, json};
use crate::error::CommandError;
use crate::session::Session;

const POLL: Duration = Duration::from_millis(200);

/// Read the holders of an asset from the network now, and wait until that is done.
#[derive(Debug, clap::Args)]
pub struct Sync {
    /// The asset ("ast_…").
    asset_id: String,
    /// Return when the sync has begun.
    #[arg(long)]
    no_wait: bool,
    /// Wait at most so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
}

impl Sync {
    /// Starts a sync, waits, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = SyncHoldersRequest { asset_id: self.asset_id.clone() };
        let begun = session.edge.holders().sync_holders(request).await?.into_inner().sync;
        let begun = begun.ok_or(CommandError::missing("sync"))?;
        let sync = if self.no_wait {
            begun
        } else {
            wait(&session.edge, &self.asset_id, &begun.id, Duration::from_secs(self.timeout)).await?
        };
        let text = || {
            let state = sync.state().as_str_name().trim_start_matches("SYNC_STATE_").to_lowercase();
            format!("{} {state}: {} holders, {} changed", sync.id, sync.holder_count, sync.changed_count)
        };
        session.screen.answer(|| json::of("bursar.holder.v1.Sync", &sync), text)?;
        match sync.state() {
            SyncState::Failed => {
                Err(CommandError::Unexpected(format!("the sync failed: {}", sync.failure_reason)))
            }
            SyncState::Unspecified | SyncState::Pending | SyncState::Running | SyncState::Succeeded => Ok(()),
        }
    }
}

/// Waits until the asset's sync `sync_id`, or a later one, has ended; any sync when `sync_id` is empty.
pub async fn wait(
    edge: &Edge,
    asset_id: &str,
    sync_id: &str,
    within: Duration,
) -> Result<SyncRecord, CommandError> {
    let began = Instant::now();
    while began.elapsed() < within {
        let request = GetSyncStatusRequest { asset_id: asset_id.to_owned() };
        let status = edge.holders().get_sync_status(request).await?.into_inner().status;
        let last = status.and_then(|status| status.last_sync);
        // Ids are made in the order of time.
        if let Some(last) = last.filter(|last| last.id.as_str() >= sync_id) {
            match last.state() {
                SyncState::Succeeded | SyncState::Failed => return Ok(last),
                SyncState::Unspecified | SyncState::Pending | SyncState::Running => {}
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Err(CommandError::Deadline { what: "the end of the sync".to_owned(), seconds: within.as_secs() })
}
