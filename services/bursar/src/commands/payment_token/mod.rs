//! `bursar payment-token`: in what may be paid.

mod add;
mod list;

use proto::asset::v1::PaymentToken;

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// In what may be paid.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Accept a payment token.
    Add(add::Add),
    /// List the accepted payment tokens.
    List(list::List),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Add(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
        }
    }
}

const COLUMNS: [&str; 5] = ["code", "symbol", "name", "decimals", "accepted by"];

fn row(token: &PaymentToken) -> [String; 5] {
    [
        token.code.clone(),
        token.symbol.clone(),
        token.name.clone(),
        token.decimals.to_string(),
        token.added_by.clone(),
    ]
}
