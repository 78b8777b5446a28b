//! `bursar distribution`: who is owed what, and when.

mod cancel;
pub(super) mod create;
mod execute;
mod list;
mod preview;
mod rerun;
mod retry;
pub mod show;
pub(super) mod terms;
pub(super) mod watch;

pub use create::{get as get_distribution, wait_until_calculated};

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// Who is owed what, and when.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say what a distribution would come to, without creating it.
    Preview(preview::Preview),
    /// Create a distribution: balances are frozen and entitlements calculated; nothing is paid yet.
    Create(create::Create),
    /// Start paying.
    Execute(execute::Execute),
    /// Follow a distribution until it ends or waits for a person.
    Watch(watch::Watch),
    /// List distributions, newest first.
    List(list::List),
    /// Try again everything that failed, or chosen payouts.
    Retry(retry::Retry),
    /// Make a new distribution of the payees who are proven unpaid.
    Rerun(rerun::Rerun),
    /// Send nothing new; what is paid stays paid.
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
            Command::Watch(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
            Command::Retry(command) => command.run(&session).await,
            Command::Rerun(command) => command.run(&session).await,
            Command::Cancel(command) => command.run(&session).await,
        }
    }
}
