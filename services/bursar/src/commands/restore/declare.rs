//! `bursar restore declare`.

use proto::execution::v1::DeclareRestoreRequest;

use super::show;
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;
use crate::time;

/// Say that execution's database was restored; nothing is paid until the network has been looked through.
#[derive(Debug, clap::Args)]
pub struct Declare {
    /// Of when the restored state is, or earlier, as in 2026-11-20T12:00:00Z.
    #[arg(long, value_parser = time::parse)]
    since: prost_types::Timestamp,
    /// Why; kept and shown.
    #[arg(long)]
    reason: String,
}

impl Declare {
    /// Declares it, and prints the sweep that is wanted now.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = DeclareRestoreRequest { since_time: Some(self.since), reason: self.reason };
        let answer = session.edge.restores().declare_restore(request).await?.into_inner();
        let sweep = answer.sweep.ok_or(CommandError::missing("sweep"))?;
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.Sweep", &sweep), || show(&sweep))?)
    }
}
