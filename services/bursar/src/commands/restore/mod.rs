//! `bursar restore`: what happens after the database of execution was restored or failed over.

mod acknowledge;
mod declare;
mod payments;
mod status;

use proto::execution::v1::{Sweep, SweepPayer};

use crate::error::CommandError;
use crate::output::table::table;
use crate::session::{Globals, Session};
use crate::time;

/// After the database was restored: the look for payments that it has forgotten.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say that it was restored from a copy of its files, which cannot be told from the original.
    Declare(declare::Declare),
    /// Show why nothing is paid, and how far the look through the network is.
    Status(status::Status),
    /// List the payments that were found and the database did not know.
    Payments(payments::Payments),
    /// Say that a forgotten run is accounted for, so that what is to be paid next is not halted for it.
    Acknowledge(acknowledge::Acknowledge),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Declare(command) => command.run(&session).await,
            Command::Status(command) => command.run(&session).await,
            Command::Payments(command) => command.run(&session).await,
            Command::Acknowledge(command) => command.run(&session).await,
        }
    }
}

/// A sweep for people: what it is and how far, then a line for each fee payer.
fn show(sweep: &Sweep) -> String {
    let facts = [
        ("reason", sweep.reason().as_str_name().trim_start_matches("SWEEP_REASON_").to_owned()),
        ("wanted", time::show(sweep.want_time.as_ref())),
        ("by", sweep.wanted_by.clone()),
        ("said", sweep.note.clone()),
        ("cluster", format!("{}, timeline {}", sweep.system_identifier, sweep.timeline)),
        ("looked for from", time::show_ns(sweep.since_ns)),
        ("to", time::show_ns(sweep.until_ns)),
        ("adopted", sweep.adopted.to_string()),
        ("waiting for their run", sweep.waiting.to_string()),
        ("breaks", sweep.breaks.to_string()),
        (
            "done",
            sweep.done_time.as_ref().map_or("no: nothing is paid".to_owned(), |at| time::show(Some(at))),
        ),
    ];
    let facts =
        table(&["sweep", &sweep.number.to_string()], facts.map(|(name, value)| [name.to_owned(), value]));
    let payers = table(&["fee payer", "seen to", "pages", "done"], sweep.payers.iter().map(row));
    format!("{facts}\n{payers}")
}

fn row(payer: &SweepPayer) -> [String; 4] {
    let done = if payer.done { "yes" } else { "no" };
    [payer.account.clone(), time::show_ns(payer.seen_ns), payer.pages.to_string(), done.to_owned()]
}
