//! `bursar holders history`.

use proto::holder::v1::ListBalanceHistoryRequest;

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

/// List the changes of one holder's balance that syncs saw, newest first.
#[derive(Debug, clap::Args)]
pub struct History {
    /// The asset ("ast_…").
    asset_id: String,
    /// The holder ("0.0.5005").
    account: String,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl History {
    /// Prints the changes.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let changes = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let (asset_id, account) = (self.asset_id.clone(), self.account.clone());
            let request = ListBalanceHistoryRequest { asset_id, account, page_size, page_token };
            let page = session.edge.holders().list_balance_history(request).await?.into_inner();
            Ok((page.changes, page.next_page_token))
        });
        let changes = changes.await?;
        if session.screen.json() {
            let all = || json::list("bursar.holder.v1.BalanceChange", &changes);
            return Ok(session.screen.answer(all, String::new)?);
        }
        let decimals = super::decimals(session, &self.asset_id).await?;
        let rows = changes.iter().map(|change| {
            [
                time::show_ns(change.consensus_ns),
                super::amount(&change.balance, decimals),
                change.sync_id.clone(),
            ]
        });
        Ok(session.screen.say(table(&["from", "balance", "seen by"], rows))?)
    }
}
