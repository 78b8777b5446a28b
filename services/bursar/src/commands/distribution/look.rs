//! `bursar distribution show`.

use super::{create, show};
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Show a distribution as it is now: what it comes to, who has to approve it, what can be done.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The distribution ("dst_…").
    distribution_id: String,
}

impl Show {
    /// Prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let found = create::get(&session.edge, &self.distribution_id).await?;
        let text = || show::distribution(&found);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Distribution", &found), text)?)
    }
}
