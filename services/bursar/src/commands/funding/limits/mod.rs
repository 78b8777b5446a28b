//! `bursar funding limits`: how much may be paid from a funding account in one asset.

mod set;
mod show;

use proto::execution::v1::Limits;

use crate::error::CommandError;
use crate::session::Session;

/// How much may be paid, per payout, per distribution and per day.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Set limits.
    Set(set::Set),
    /// Show the limits that count.
    Show(show::Show),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        match self {
            Command::Set(command) => command.run(session).await,
            Command::Show(command) => command.run(session).await,
        }
    }
}

const COLUMNS: [&str; 7] =
    ["version", "per payout", "per distribution", "per day", "taken today", "set by", "why"];

fn row(limits: &Limits) -> [String; 7] {
    [
        limits.version.to_string(),
        limits.per_payout.clone(),
        limits.per_run.clone(),
        limits.per_day.clone(),
        limits.reserved_today.clone(),
        limits.set_by.clone(),
        limits.reason.clone(),
    ]
}
