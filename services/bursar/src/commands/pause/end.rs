//! `bursar pause end`.

use proto::execution::v1::ResumeRequest;
use proto::execution::v1::resume_request::Scope;

use super::{COLUMNS, What, row};
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Let it go on, unless another pause holds it.
#[derive(Debug, clap::Args)]
pub struct End {
    #[command(flatten)]
    what: What,
}

impl End {
    /// Ends the pause, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let scope = self.what.run_id(session).await?.map_or(Scope::Everything(()), Scope::RunId);
        let request = ResumeRequest { scope: Some(scope), reason: self.what.reason };
        let pauses = Vec::from_iter(session.edge.pauses().resume(request).await?.into_inner().pause);
        let all = || json::list("bursar.execution.v1.Pause", &pauses);
        Ok(session.screen.answer(all, || table(&COLUMNS, pauses.iter().map(row)))?)
    }
}
