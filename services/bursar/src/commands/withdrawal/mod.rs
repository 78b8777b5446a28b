//! `bursar withdrawal`: taking money out of a funding account, to destinations that somebody allowed.

mod allow;
mod cancel;
mod create;
mod destinations;
mod disallow;
mod list;

use proto::execution::v1::{Destination, Withdrawal};
use proto::r#type::v1::recipient;

use crate::error::CommandError;
use crate::names;
use crate::session::{Globals, Session};
use crate::time;

/// Take money out of a funding account.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Allow a destination for a funding account.
    Allow(allow::Allow),
    /// Allow it no more.
    Disallow(disallow::Disallow),
    /// List where a funding account's money may go.
    Destinations(destinations::Destinations),
    /// Pay an amount to an allowed destination; never what is reserved for payouts.
    Create(create::Create),
    /// Send nothing new of a withdrawal.
    Cancel(cancel::Cancel),
    /// List withdrawals, newest first.
    List(list::List),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Allow(command) => command.run(&session).await,
            Command::Disallow(command) => command.run(&session).await,
            Command::Destinations(command) => command.run(&session).await,
            Command::Create(command) => command.run(&session).await,
            Command::Cancel(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
        }
    }
}

const DESTINATION_COLUMNS: [&str; 4] = ["account", "label", "who", "since"];

fn destination_row(destination: &Destination) -> [String; 4] {
    [
        destination.account.clone(),
        destination.label.clone(),
        destination.added_by.clone(),
        time::show(destination.add_time.as_ref()),
    ]
}

const COLUMNS: [&str; 8] = ["id", "to", "units", "asset", "status", "why not", "who", "when"];

fn row(withdrawal: &Withdrawal) -> [String; 8] {
    let payout = withdrawal.payout.clone().unwrap_or_default();
    let to = match payout.recipient.as_ref().and_then(|recipient| recipient.kind.as_ref()) {
        Some(recipient::Kind::HederaAccount(account)) => account.clone(),
        None => String::new(),
    };
    let status = names::short(Some(payout.status().as_str_name()), "PAYOUT_STATUS_");
    let amount = payout.amount.unwrap_or_default();
    let halt = withdrawal.run.as_ref().and_then(|run| run.halt.as_ref());
    let failure = payout.failure.as_ref().or(halt);
    [
        withdrawal.id.clone(),
        to,
        amount.units,
        amount.asset,
        status,
        failure.map(|failure| failure.reason.clone()).unwrap_or_default(),
        withdrawal.created_by.clone(),
        time::show(withdrawal.create_time.as_ref()),
    ]
}
