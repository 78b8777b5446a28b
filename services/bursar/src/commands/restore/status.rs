//! `bursar restore status`.

use proto::execution::v1::GetSweepRequest;

use super::show;
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Show the last look through the network, or the one that goes on.
#[derive(Debug, clap::Args)]
pub struct Status {}

impl Status {
    /// Prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let answer = session.edge.restores().get_sweep(GetSweepRequest {}).await?.into_inner();
        let sweep = answer.sweep.ok_or(CommandError::missing("sweep"))?;
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.Sweep", &sweep), || show(&sweep))?)
    }
}
