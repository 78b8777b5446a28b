//! `bursar alerts`: what an operator has to end.

mod list;

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// What an operator has to end before a halted run goes on.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List alerts, newest first.
    List(list::List),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::List(command) => command.run(&session).await,
        }
    }
}
