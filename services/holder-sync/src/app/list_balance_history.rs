//! Lists the changes of one holder's balance.

use ids::AssetId;

use super::App;
use crate::domain::BalanceChange;
use crate::error::Error;
use crate::store::history;

/// Up to `limit` changes, newest first, before the network's time `before_ns`.
pub(crate) async fn list_balance_history(
    app: &App,
    asset: AssetId,
    num: u64,
    before_ns: Option<i64>,
    limit: u32,
) -> Result<Vec<BalanceChange>, Error> {
    app.asset(asset).await?;
    let mut conn = app.conn().await?;
    let until_ns = before_ns.map_or(i64::MAX, |before| before.saturating_sub(1));
    let changes = history::list(&mut conn, asset, num, until_ns, limit).await?;
    if changes.is_empty() && !history::is_known(&mut conn, asset, num).await? {
        return Err(Error::HolderNotFound(num));
    }
    Ok(changes)
}
