//! `bursar sandbox`: the simulated network of an installation that runs on one.

mod token;

use crate::error::CommandError;
use crate::output::Screen;
use crate::sandbox_control::SandboxControl;
use crate::session::{Globals, running_here};

/// The simulated network of an installation.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a token with holders.
    Token(token::Token),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let network = running_here(globals)?;
        let control = network.sandbox_control.ok_or_else(|| {
            CommandError::input(format!("this installation is on {}, not on the sandbox", network.network))
        })?;
        let control = SandboxControl::new(&control)?;
        let screen = Screen::of(globals);
        match self {
            Command::Token(command) => command.run(&control, screen).await,
        }
    }
}
