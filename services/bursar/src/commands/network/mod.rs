//! `bursar network`: which network an installation works on.

mod set;
mod show;

pub use set::NetworkArgs;

use crate::error::CommandError;
use crate::session::Globals;

/// The network of an installation.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say once which network the installation works on.
    Set(set::Set),
    /// Show it.
    Show(show::Show),
}

impl Command {
    /// Does what was asked.
    pub fn run(self, globals: &Globals) -> Result<(), CommandError> {
        match self {
            Command::Set(command) => command.run(globals),
            Command::Show(command) => command.run(globals),
        }
    }
}
