//! `bursar redemption`: a bond's principal. What was created is listed and followed by `bursar distribution`.

mod cancel;
mod create;
mod execute;
mod preview;
mod retry;
mod terms;

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// A bond's principal, at or after its maturity; needs the role CASHOUT. `distribution list` and `watch` show them too.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say what a redemption would come to, without creating it.
    Preview(preview::Preview),
    /// Create a redemption: what is owed is calculated and reserved; nothing is paid yet.
    Create(create::Create),
    /// Start paying.
    Execute(execute::Execute),
    /// Try again everything that failed.
    Retry(retry::Retry),
    /// Send nothing new; what is paid stays paid and redeemed.
    Cancel(cancel::Cancel),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Preview(command) => command.run(&session).await,
            Command::Create(command) => command.run(&session).await,
            Command::Execute(command) => command.run(&session).await,
            Command::Retry(command) => command.run(&session).await,
            Command::Cancel(command) => command.run(&session).await,
        }
    }
}
