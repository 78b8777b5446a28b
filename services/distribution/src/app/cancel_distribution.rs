//! Cancels: once this has returned nothing new is sent.

use auth::Actor;
use futures::FutureExt as _;
use ids::DistributionId;
use pg::idempotency::{Answer, Once};

use super::settle::{self, Settlement};
use super::{App, duty, read};
use crate::domain::distribution::Distribution;
use crate::domain::kind::Duty;
use crate::domain::state::{Action, Next, State};
use crate::error::Error;
use crate::store::states::{self, Besides};

/// Commits the wish, so that no run is begun any more, and then tells execution. Execution refuses for ever a run that
/// it does not have when it is told (its tombstone), so a handover that is on its way can do no harm.
///
/// A repetition under the same key tells execution again: the first call may have died between the two steps.
pub(crate) async fn cancel_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    duty: Duty,
    id: DistributionId,
    reason: &str,
    once: &Once<Distribution, R, Error>,
) -> Result<R, Error> {
    let now_ns = app.now_ns();
    let because = reason.to_owned();
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
                let before = read::in_transaction(conn, id).await?;
                duty::ensure(duty, &before)?;
                let act = before.act(Action::Cancel, now_ns);
                if let Next::Changes(next) = act.map_err(|source| Error::ActionNotAllowed { id, source })? {
                    let besides = Besides { cancel_reason: Some(because), ..Besides::default() };
                    states::set(conn, id, &next, &besides).await?;
                    if matches!(next, State::Cancelled { .. }) {
                        // It was never handed over.
                        settle::settle(conn, &before, &Settlement::NothingSent, now_ns).await?;
                    }
                }
                read::in_transaction(conn, id).await
            }
            .boxed()
        })
        .await?;
    let current = read::get_distribution(app, id).await?;
    if current.state == State::Cancelling {
        stop_run(app, actor, &current).await?;
    }
    app.woken.notify_one();
    Ok(answer)
}

/// Returns once nothing new of the run is sent: cancelled, never there, or ended by itself.
async fn stop_run(app: &App, actor: &Actor, distribution: &Distribution) -> Result<(), Error> {
    let (run, reason, key) = (distribution.run, &distribution.cancel_reason, app.fresh_key());
    match app.execution.cancel(actor, run, reason, &key).await {
        Err(error) if !error.is_not_found() && !error.is("RUN_ENDED") => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}
