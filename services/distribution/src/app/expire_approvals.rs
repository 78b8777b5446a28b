//! Ends what was not approved, or not executed, in time.

use ids::DistributionId;

use super::{App, read};
use crate::error::Error;
use crate::store::states::{self, Besides};

/// Distributions looked at in one round.
const EXPIRED_MAX: i64 = 64;

/// Takes the approval from whatever has it no longer, each in a transaction of its own. Returns how many; a replica that was
/// faster, and people, leave less.
pub(crate) async fn expire_approvals(app: &App) -> Result<usize, Error> {
    let now_ns = app.now_ns();
    let found = states::approval_expired(&mut *app.conn().await?, now_ns, EXPIRED_MAX).await?;
    let mut expired = 0;
    for id in found {
        if expire(app, id, now_ns).await? {
            expired += 1;
        }
    }
    Ok(expired)
}

async fn expire(app: &App, id: DistributionId, now_ns: i64) -> Result<bool, Error> {
    let mut conn = app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        let locked = states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
        let found = read::in_transaction(conn, id).await?;
        // Somebody may have approved or asked again just now.
        let over = found.request().is_some_and(|request| request.expires_ns() <= now_ns);
        let Some(next) = locked.state.approval_expired().filter(|_| over) else { return Ok(false) };
        states::set(conn, id, &next, &Besides::default()).await?;
        tracing::info!(distribution = %id, "approval expired");
        Ok(true)
    })
    .await
}
