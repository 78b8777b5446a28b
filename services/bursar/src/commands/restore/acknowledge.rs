//! `bursar restore acknowledge`.

use proto::execution::v1::AcknowledgeForgottenRunRequest;

use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Say that the payments which wait for a forgotten run are accounted for; what is halted stays so until it is retried or
/// cancelled.
#[derive(Debug, clap::Args)]
pub struct Acknowledge {
    /// The run that payments wait for ("run_…").
    run: String,
    /// What was compared; kept.
    #[arg(long)]
    reason: String,
}

impl Acknowledge {
    /// Says it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let run = self.run.clone();
        let request = AcknowledgeForgottenRunRequest { run_id: self.run, reason: self.reason };
        let answer = session.edge.restores().acknowledge_forgotten_run(request).await?.into_inner();
        let text = || format!("{} payments of {run} are accounted for", answer.payments);
        Ok(session
            .screen
            .answer(|| json::of("bursar.execution.v1.AcknowledgeForgottenRunResponse", &answer), text)?)
    }
}
