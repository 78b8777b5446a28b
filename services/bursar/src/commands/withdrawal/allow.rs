//! `bursar withdrawal allow`.

use proto::execution::v1::AddDestinationRequest;

use super::{DESTINATION_COLUMNS, destination_row};
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Allow a destination for a funding account.
#[derive(Debug, clap::Args)]
pub struct Allow {
    /// The account that may receive ("0.0.2002").
    account: String,
    /// Whose money ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: String,
    /// What people call it.
    #[arg(long)]
    label: String,
}

impl Allow {
    /// Allows it, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = AddDestinationRequest {
            funding_account_id: self.funding,
            account: self.account,
            label: self.label,
        };
        let answer = session.edge.withdrawals().add_destination(request).await?.into_inner();
        let destination = answer.destination.ok_or(CommandError::missing("destination"))?;
        let text = || table(&DESTINATION_COLUMNS, [destination_row(&destination)]);
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.Destination", &destination), text)?)
    }
}
