//! `bursar withdrawal destinations`.

use proto::execution::v1::ListDestinationsRequest;

use super::{DESTINATION_COLUMNS, destination_row};
use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List where a funding account's money may go, by account.
#[derive(Debug, clap::Args)]
pub struct Destinations {
    /// Whose money ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: String,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl Destinations {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let destinations = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let funding_account_id = self.funding.clone();
            let request = ListDestinationsRequest { funding_account_id, page_size, page_token };
            let page = session.edge.withdrawals().list_destinations(request).await?.into_inner();
            Ok((page.destinations, page.next_page_token))
        });
        let destinations = destinations.await?;
        let all = || json::list("bursar.execution.v1.Destination", &destinations);
        let text = || table(&DESTINATION_COLUMNS, destinations.iter().map(destination_row));
        Ok(session.screen.answer(all, text)?)
    }
}
