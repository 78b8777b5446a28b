//! `bursar funding list`.

use proto::execution::v1::ListFundingAccountsRequest;

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List the funding accounts by label.
#[derive(Debug, clap::Args)]
pub struct List {
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let accounts = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListFundingAccountsRequest { page_size, page_token };
            let page = session.edge.funding_accounts().list_funding_accounts(request).await?.into_inner();
            Ok((page.funding_accounts, page.next_page_token))
        });
        let accounts = accounts.await?;
        let all = || json::list("bursar.execution.v1.FundingAccount", &accounts);
        Ok(session.screen.answer(all, || table(&super::COLUMNS, accounts.iter().map(super::row)))?)
    }
}
