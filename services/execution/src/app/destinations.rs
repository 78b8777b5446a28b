//! Saying where a funding account's money may be withdrawn to.

use auth::Actor;
use futures::FutureExt as _;
use hedera::AccountId;
use hedera::mirror::AccountRef;
use ids::FundingAccountId;
use pg::idempotency::{Answer, Once};
use service_kit::error::Problem;

use crate::app::Context;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::destinations::{self, Destination};
use crate::store::funding_accounts;

/// Allows a destination that is on the network. One that is allowed already stays as it is.
pub async fn add<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    (funding, account, label): (FundingAccountId, AccountId, String),
    once: &Once<Destination, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&ctx.pool).await? {
        return Ok(answer);
    }
    let found = funding_accounts::find(&*ctx.conn().await?, funding).await?;
    let found = found.ok_or(Error::FundingAccountNotFound(funding))?;
    if found.account == account {
        let rule = "another account than the funding account's own";
        return Err(Problem::field("account", "IS_THE_FUNDING_ACCOUNT", rule).into());
    }
    ctx.rail.mirror().account(AccountRef::Id(account)).await?.ok_or(Error::AccountNotFound(account))?;
    let by = actor.subject.clone();
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                let destination = destinations::add(conn, funding, account, &label, &by).await?;
                here!("add_destination.before_commit");
                Ok(destination)
            }
            .boxed()
        })
        .await?;
    here!("add_destination.after_commit");
    Ok(answer)
}

/// Allows a destination no more.
pub async fn remove<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    (funding, account): (FundingAccountId, AccountId),
    once: &Once<(), R, Error>,
) -> Result<R, Error> {
    let by = actor.subject.clone();
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                if !destinations::remove(conn, funding, account, &by).await? {
                    return Err(Error::DestinationNotFound(account));
                }
                here!("remove_destination.before_commit");
                Ok(())
            }
            .boxed()
        })
        .await?;
    here!("remove_destination.after_commit");
    Ok(answer)
}
