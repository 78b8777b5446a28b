//! `bursar holders list`.

use proto::holder::v1::{Holder, HolderOrder, ListHoldersRequest};

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::names;
use crate::output::table::table;
use crate::session::Session;

const COLUMNS: [&str; 6] = ["account", "address", "balance", "share", "kind", "since"];

/// List the holders as of the last sync.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The asset ("ast_…").
    asset_id: String,
    /// Only the holder with this account ("0.0.5005") or address (0x…).
    #[arg(long, default_value = "")]
    search: String,
    /// In which order.
    #[arg(long, value_enum, default_value = "largest")]
    order: Order,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Order {
    Largest,
    Smallest,
    Account,
}

impl List {
    /// Prints the holders.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let order = match self.order {
            Order::Largest => HolderOrder::BalanceDesc,
            Order::Smallest => HolderOrder::BalanceAsc,
            Order::Account => HolderOrder::Account,
        };
        let holders = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let (asset_id, search) = (self.asset_id.clone(), self.search.clone());
            let request = ListHoldersRequest { asset_id, page_size, page_token, search, order: order.into() };
            let page = session.edge.holders().list_holders(request).await?.into_inner();
            Ok((page.holders, page.next_page_token))
        });
        let holders = holders.await?;
        if session.screen.json() {
            let all = || json::list("bursar.holder.v1.Holder", &holders);
            return Ok(session.screen.answer(all, String::new)?);
        }
        let decimals = super::decimals(session, &self.asset_id).await?;
        Ok(session.screen.say(table(&COLUMNS, holders.iter().map(|holder| row(holder, decimals))))?)
    }
}

fn row(holder: &Holder, decimals: u8) -> [String; 6] {
    [
        holder.account.clone(),
        holder.evm_address.clone(),
        super::amount(&holder.balance, decimals),
        percent(holder.share_ppb),
        names::short(Some(holder.kind().as_str_name()), "HOLDER_KIND_").to_lowercase(),
        crate::time::show_ns(holder.since_ns),
    ]
}

/// Parts per billion as a percentage with all its digits.
fn percent(ppb: u32) -> String {
    format!("{} %", money::format_units(u128::from(ppb), 7))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_shown_exactly() {
        assert_eq!(percent(1_000_000_000), "100.0000000 %");
        assert_eq!(percent(1), "0.0000001 %");
    }
}
