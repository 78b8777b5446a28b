//! `bursar schedule`: distributions that fall due by themselves.

mod create;
mod end;
mod list;
mod occurrences;
mod pause;
mod preview;
mod resume;
mod show;
mod skip;
mod timing;
mod update;
mod view;

pub use create::terms_of;

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// Distributions that fall due by themselves.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say when a schedule would fall due, without saving it; needs no running installation.
    Preview(preview::Preview),
    /// Create a schedule; with --validate-only say when it would fall due.
    Create(create::Create),
    /// List schedules, newest first.
    List(list::List),
    /// Show a schedule with its last and its next execution.
    Show(show::Show),
    /// Change what comes next; what has fired stays.
    Update(update::Update),
    /// Fire nothing until it is resumed; needs the role PAUSER.
    Pause(pause::Pause),
    /// Fire again; the catch-up policy says what happens to what was missed. Needs the role PAUSER.
    Resume(resume::Resume),
    /// Fire nothing any more.
    End(end::End),
    /// Leave one occurrence out.
    Skip(skip::Skip),
    /// List what fired and what was skipped, or what comes.
    Occurrences(occurrences::Occurrences),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        if let Command::Preview(command) = self {
            return command.run(globals);
        }
        let session = Session::open(globals).await?;
        match self {
            Command::Preview(_) => Ok(()),
            Command::Create(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
            Command::Show(command) => command.run(&session).await,
            Command::Update(command) => command.run(&session).await,
            Command::Pause(command) => command.run(&session).await,
            Command::Resume(command) => command.run(&session).await,
            Command::End(command) => command.run(&session).await,
            Command::Skip(command) => command.run(&session).await,
            Command::Occurrences(command) => command.run(&session).await,
        }
    }
}
