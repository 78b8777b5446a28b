//! `bursar funding`: where money comes from.

mod create;
mod limits;
mod list;

use proto::execution::v1::FundingAccount;

use crate::error::CommandError;
use crate::session::{Globals, Session};

/// Where money comes from.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a funding account.
    Create(create::Create),
    /// List the funding accounts by label.
    List(list::List),
    /// How much may be paid, per payout, per distribution and per day.
    #[command(subcommand)]
    Limits(limits::Command),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Create(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
            Command::Limits(command) => command.run(&session).await,
        }
    }
}

const COLUMNS: [&str; 5] = ["id", "label", "account", "fee payer", "key"];

fn row(account: &FundingAccount) -> [String; 5] {
    [
        account.id.clone(),
        account.label.clone(),
        account.account.clone(),
        account.fee_payer_account.clone(),
        account.key_reference.clone(),
    ]
}
