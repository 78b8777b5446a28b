//! Limits on what is paid from a funding account in one asset.

use auth::Actor;
use futures::FutureExt as _;
use ids::FundingAccountId;
use money::AssetCode;
use pg::idempotency::{Answer, Once};

use crate::app::Context;
use crate::domain::limits::{Limits, SetLimits};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::{funding_accounts, limits, pauses};

/// Sets limits, which count from when this has returned; what was intended before stays.
pub async fn set<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    (funding, asset): (FundingAccountId, AssetCode),
    new: Limits,
    reason: String,
    once: &Once<SetLimits, R, Error>,
) -> Result<R, Error> {
    let by = actor.subject.clone();
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                // Nobody intends while what was taken of today is counted.
                pauses::lock(conn).await?;
                funding_accounts::find(conn, funding).await?.ok_or(Error::FundingAccountNotFound(funding))?;
                limits::set(conn, funding, &asset, &new, &by, &reason).await?;
                let set = limits::latest(conn, funding, &asset).await?.ok_or(Error::Overtaken)?;
                here!("set_limits.before_commit");
                Ok(set)
            }
            .boxed()
        })
        .await?;
    here!("set_limits.after_commit");
    Ok(answer)
}

/// What counts now; none where nobody has set anything.
pub async fn get(
    ctx: &Context,
    funding: FundingAccountId,
    asset: &AssetCode,
) -> Result<Option<SetLimits>, Error> {
    let conn = ctx.conn().await?;
    funding_accounts::find(&conn, funding).await?.ok_or(Error::FundingAccountNotFound(funding))?;
    Ok(limits::latest(&conn, funding, asset).await?)
}
