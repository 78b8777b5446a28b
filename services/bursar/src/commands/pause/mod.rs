//! `bursar pause`: stopping payments, and letting them go on.

mod begin;
mod end;
mod list;

use proto::execution::v1::Pause;
use proto::execution::v1::pause::Scope;

use crate::error::CommandError;
use crate::session::{Globals, Session};
use crate::time;

/// Stop payments, and let them go on.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Stop one run, or everything.
    Begin(begin::Begin),
    /// Let it go on.
    End(end::End),
    /// List what is paused.
    List(list::List),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Begin(command) => command.run(&session).await,
            Command::End(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
        }
    }
}

/// What is paused, and why.
#[derive(Debug, clap::Args)]
struct What {
    /// The distribution or its run ("dst_…", "run_…").
    #[arg(required_unless_present = "everything", conflicts_with = "everything")]
    id: Option<String>,
    /// Every run there is and will be.
    #[arg(long)]
    everything: bool,
    /// Why; kept and shown.
    #[arg(long)]
    reason: String,
}

impl What {
    /// The run; none for everything.
    async fn run_id(&self, session: &Session) -> Result<Option<String>, CommandError> {
        match &self.id {
            Some(id) => Ok(Some(super::payouts::find(session, id).await?.run_id)),
            None => Ok(None),
        }
    }
}

const COLUMNS: [&str; 6] = ["what", "why", "who", "since", "ended by", "ended"];

fn row(pause: &Pause) -> [String; 6] {
    let what = match &pause.scope {
        Some(Scope::RunId(id) | Scope::AssetId(id)) => id.clone(),
        Some(Scope::Everything(())) => "everything".to_owned(),
        None => String::new(),
    };
    [
        what,
        pause.reason.clone(),
        pause.paused_by.clone(),
        time::show(pause.pause_time.as_ref()),
        pause.resumed_by.clone(),
        time::show(pause.resume_time.as_ref()),
    ]
}
