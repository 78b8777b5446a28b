//! Cancelling a withdrawal: its run is cancelled.

use auth::Actor;
use futures::FutureExt as _;
use ids::{RunId, WithdrawalId};
use pg::idempotency::{Answer, Once};

use crate::app::read::{self, WithdrawalView};
use crate::app::{Context, cancel_run};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::withdrawals;

/// Cancels a withdrawal's run. Cancelling again changes nothing.
pub async fn cancel_withdrawal<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    (id, reason): (WithdrawalId, String),
    once: &Once<WithdrawalView, R, Error>,
) -> Result<R, Error> {
    let by = actor.subject.clone();
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                let found = withdrawals::find(conn, id).await?.ok_or(Error::WithdrawalNotFound(id))?;
                cancel_run::cancel_in(conn, found.run, &by, &reason).await?;
                read::withdrawal_view(conn, found).await
            }
            .boxed()
        })
        .await?;
    here!("cancel.after_commit");
    cancel_run::follow(ctx, RunId::from_uuid(id.as_uuid())).await?;
    Ok(answer)
}
