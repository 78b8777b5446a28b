//! `bursar ingest`: files of payees that were sent, and what is wrong in them. Sending one is `bursar distribution ingest`.

mod errors;
mod list;
pub(super) mod show;

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// Files of payees that were sent.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List files, newest first.
    List(list::List),
    /// List what is wrong in a file.
    Errors(errors::Errors),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::List(command) => command.run(&session).await,
            Command::Errors(command) => command.run(&session).await,
        }
    }
}
