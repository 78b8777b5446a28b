//! `bursar redemption execute`.

use proto::distribution::v1::ExecuteRedemptionRequest;

use crate::commands::distribution::{show, watch};
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Start paying.
#[derive(Debug, clap::Args)]
pub struct Execute {
    /// The redemption ("dst_…").
    distribution_id: String,
    /// Follow it until it ends or waits for a person.
    #[arg(long)]
    watch: bool,
}

impl Execute {
    /// Executes, and prints or follows it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = ExecuteRedemptionRequest { distribution_id: self.distribution_id.clone() };
        let answer = session.edge.redemptions().execute_redemption(request).await?.into_inner();
        if self.watch {
            return watch::follow(session, &self.distribution_id).await;
        }
        let distribution = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        let text = || show::distribution(&distribution);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Distribution", &distribution), text)?)
    }
}
