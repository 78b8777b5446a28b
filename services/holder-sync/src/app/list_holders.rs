//! Lists holders as of the last successful sync.

use ids::AssetId;

use super::App;
use crate::domain::{Holder, HolderOrder, HolderPosition, LastSuccess};
use crate::error::Error;
use crate::store::{accounts, holders};

/// Which holders are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// All of them.
    All,
    /// The one with this account number.
    Num(u64),
    /// The one with this alias.
    Alias([u8; 20]),
}

/// A page of holders and what it is a page of.
#[derive(Clone, Debug)]
pub(crate) struct HolderPage {
    /// The holders, one more than asked for when there is a next page.
    pub holders: Vec<Holder>,
    /// What the last successful sync said; none before the first, when there are no holders.
    pub last_success: Option<LastSuccess>,
    /// Holders that fit the search in all.
    pub total_count: u64,
}

/// Up to `limit` holders after `after`.
pub(crate) async fn list_holders(
    app: &App,
    asset: AssetId,
    search: Search,
    order: HolderOrder,
    after: Option<HolderPosition>,
    limit: u32,
) -> Result<HolderPage, Error> {
    let last_success = app.asset(asset).await?.last_success;
    let mut conn = app.conn().await?;
    let num = match search {
        Search::All => {
            let holders = holders::list(&mut conn, asset, order, after, limit).await?;
            let total_count = last_success.as_ref().map_or(0, |success| success.holder_count);
            return Ok(HolderPage { holders, last_success, total_count });
        }
        Search::Num(num) => Some(num),
        Search::Alias(alias) => accounts::find_by_alias(&mut conn, &alias).await?.map(|account| account.num),
    };
    let found = match num {
        Some(num) => holders::find(&mut conn, asset, num).await?,
        None => None,
    };
    let total_count = u64::from(found.is_some());
    Ok(HolderPage { holders: found.into_iter().collect(), last_success, total_count })
}
