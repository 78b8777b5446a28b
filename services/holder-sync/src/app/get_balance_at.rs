//! One holder's balance at a time, as syncs saw it.

use ids::AssetId;

use super::App;
use crate::domain::BalanceChange;
use crate::error::Error;
use crate::store::history;

/// The newest change at or before `at_ns`. Who came later held nothing from the first sync on; before that nothing is known.
pub(crate) async fn get_balance_at(
    app: &App,
    asset: AssetId,
    num: u64,
    at_ns: i64,
) -> Result<BalanceChange, Error> {
    app.asset(asset).await?;
    let mut conn = app.conn().await?;
    if let Some(change) = history::list(&mut conn, asset, num, at_ns, 1).await?.pop() {
        return Ok(change);
    }
    let (sync_id, consensus_ns) =
        history::known_since(&mut conn, asset, at_ns).await?.ok_or(Error::BalanceUnknown)?;
    if !history::is_known(&mut conn, asset, num).await? {
        return Err(Error::HolderNotFound(num));
    }
    Ok(BalanceChange { consensus_ns, balance: 0, sync_id })
}
