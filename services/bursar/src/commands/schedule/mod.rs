//! `bursar schedule`: when a distribution falls due.

mod preview;

use crate::error::CommandError;
use crate::session::Globals;

/// When a distribution falls due.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say when a schedule would fall due, without saving it; needs no running installation.
    Preview(preview::Preview),
}

impl Command {
    /// Does what was asked.
    pub fn run(self, globals: &Globals) -> Result<(), CommandError> {
        match self {
            Command::Preview(command) => command.run(globals),
        }
    }
}
