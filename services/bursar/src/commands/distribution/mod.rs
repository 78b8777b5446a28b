//! `bursar distribution`: who is owed what, and when.

pub(super) mod amounts;
mod approve;
mod cancel;
mod carried;
pub(super) mod create;
mod entitlements;
mod execute;
mod ingest;
mod list;
mod look;
mod modify;
mod preview;
mod reject;
mod rerun;
mod retry;
pub mod show;
pub(super) mod show_amounts;
mod show_outlook;
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
    /// Show a distribution as it is now.
    Show(look::Show),
    /// Change what is not executed yet; it is calculated and approved anew.
    Modify(modify::Modify),
    /// Agree that it is paid; needs the role APPROVER.
    Approve(approve::Approve),
    /// Send it back to whoever created it; needs the role APPROVER.
    Reject(reject::Reject),
    /// Make a distribution of a CSV file of payees; nothing is paid yet.
    Ingest(ingest::Ingest),
    /// Start paying.
    Execute(execute::Execute),
    /// Follow a distribution until it ends or waits for a person.
    Watch(watch::Watch),
    /// List distributions, newest first.
    List(list::List),
    /// List what a distribution owes to whom, and what came off.
    Entitlements(entitlements::Entitlements),
    /// List what was carried forward because it was below the minimum.
    Carried(carried::Carried),
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
            Command::Show(command) => command.run(&session).await,
            Command::Modify(command) => command.run(&session).await,
            Command::Approve(command) => command.run(&session).await,
            Command::Reject(command) => command.run(&session).await,
            Command::Ingest(command) => command.run(&session).await,
            Command::Execute(command) => command.run(&session).await,
            Command::Watch(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
            Command::Entitlements(command) => command.run(&session).await,
            Command::Carried(command) => command.run(&session).await,
            Command::Retry(command) => command.run(&session).await,
            Command::Rerun(command) => command.run(&session).await,
            Command::Cancel(command) => command.run(&session).await,
        }
    }
}
