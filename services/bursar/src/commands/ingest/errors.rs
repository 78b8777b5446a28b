//! `bursar ingest errors`.

use super::show;
use crate::error::CommandError;
use crate::session::Session;

/// List what is wrong in a file, by line and column.
#[derive(Debug, clap::Args)]
pub struct Errors {
    /// The file ("ing_…").
    ingest_file_id: String,
    /// At most so much.
    #[arg(long, default_value_t = 10_000)]
    limit: usize,
}

impl Errors {
    /// Prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let found = show::errors(session, &self.ingest_file_id, self.limit).await?;
        Ok(session.screen.answer(|| show::errors_json(&found), || show::errors_text(&found))?)
    }
}
