//! `bursar withdrawal list`.

use proto::execution::v1::ListWithdrawalsRequest;

use super::{COLUMNS, row};
use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List withdrawals, newest first.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only from this funding account ("fnd_…").
    #[arg(long, value_name = "ID", default_value = "")]
    funding: String,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let withdrawals = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let funding_account_id = self.funding.clone();
            let request = ListWithdrawalsRequest { page_size, page_token, funding_account_id };
            let page = session.edge.withdrawals().list_withdrawals(request).await?.into_inner();
            Ok((page.withdrawals, page.next_page_token))
        });
        let withdrawals = withdrawals.await?;
        let all = || json::list("bursar.execution.v1.Withdrawal", &withdrawals);
        Ok(session.screen.answer(all, || table(&COLUMNS, withdrawals.iter().map(row)))?)
    }
}
