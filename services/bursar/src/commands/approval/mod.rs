//! `bursar approval`: who else has to agree. What waits is listed and approved by `bursar distribution`.

mod policy;

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// Who else has to agree before something is paid. `distribution list --state pending-approval` shows what waits.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// How many people have to approve what.
    #[command(subcommand)]
    Policy(policy::Command),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Policy(command) => command.run(&session).await,
        }
    }
}
