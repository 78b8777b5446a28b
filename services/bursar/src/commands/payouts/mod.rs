//! `bursar payouts`: what was paid to whom.

mod export;
mod list;

use proto::execution::v1::GetRunRequest;

use crate::commands::distribution::get_distribution;
use crate::error::CommandError;
use crate::session::{Globals, Session};

/// What was paid to whom.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List a run's payouts by ordinal.
    List(list::List),
    /// Write all of a run's payouts as CSV.
    Export(export::Export),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::List(command) => command.run(&session).await,
            Command::Export(command) => command.run(&session).await,
        }
    }
}

/// A distribution and its run.
pub(super) struct Found {
    distribution_id: String,
    pub(super) run_id: String,
}

/// A distribution and its run, found by the id of either.
pub(in crate::commands) async fn find(session: &Session, id: &str) -> Result<Found, CommandError> {
    if id.starts_with("run_") {
        let request = GetRunRequest { run_id: id.to_owned() };
        let run = session.edge.execution().get_run(request).await?.into_inner().run;
        let run = run.ok_or(CommandError::missing("run"))?;
        return Ok(Found { distribution_id: run.distribution_id, run_id: run.id });
    }
    let distribution = get_distribution(&session.edge, id).await?;
    Ok(Found { distribution_id: distribution.id, run_id: distribution.run_id })
}
