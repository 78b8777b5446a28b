//! `bursar pause begin`.

use proto::execution::v1::PauseRequest;
use proto::execution::v1::pause_request::Scope;

use super::{COLUMNS, What, row};
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Intend nothing more and send nothing again; what was sent is only looked up.
#[derive(Debug, clap::Args)]
pub struct Begin {
    #[command(flatten)]
    what: What,
}

impl Begin {
    /// Pauses, and prints the pause.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let scope = self.what.run_id(session).await?.map_or(Scope::Everything(()), Scope::RunId);
        let request = PauseRequest { scope: Some(scope), reason: self.what.reason };
        let answer = session.edge.pauses().pause(request).await?.into_inner();
        let pause = answer.pause.ok_or(CommandError::missing("pause"))?;
        let text = || table(&COLUMNS, std::iter::once(row(&pause)));
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.Pause", &pause), text)?)
    }
}
