//! Tries chosen payouts again, which failed, whatever becomes of the others.

use std::time::Duration;

use auth::Actor;
use futures::FutureExt as _;
use ids::{DistributionId, PayoutId};
use pg::idempotency::{Answer, IdempotencyError, Once};
use service_kit::error::{FieldViolations, Problem};
use service_kit::idempotency::IdempotencyKey;
use tonic::Code;

use super::{App, Retried, duty, read, run_report};
use crate::clients::PeerError;
use crate::domain::distribution::Distribution;
use crate::domain::kind::Duty;
use crate::domain::state::{Action, Next, State};
use crate::error::Error;
use crate::store::states::{self, Besides};

/// When the job looks at the run, should this call end between telling execution and writing that it did.
const LOOK_AFTER: Duration = Duration::from_secs(10);

/// Tells execution, which knows where each payout stands and refuses by name; then the distribution goes on. Execution
/// knows this call by its key: when it is repeated after it was cut off, it is the same call there too.
pub(crate) async fn retry_payouts<R: Answer>(
    app: &App,
    actor: &Actor,
    duty: Duty,
    id: DistributionId,
    payouts: &[PayoutId],
    key: &IdempotencyKey,
    once: &Once<Retried, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let distribution = read::get_distribution(app, id).await?;
    duty::ensure(duty, &distribution)?;
    ensure_own(&distribution, payouts)?;
    let act = distribution.act(Action::RetryPayouts, app.now_ns());
    let next = act.map_err(|source| Error::ActionNotAllowed { id, source })?;
    if let Some(asset) = distribution.terms.asset()
        && app.assets.asset(actor, asset).await?.ok_or(Error::AssetNotFound(asset))?.paused
    {
        return Err(Error::AssetPaused(asset));
    }
    if let Next::Changes(_) = next {
        states::wake(&mut *app.conn().await?, id, LOOK_AFTER).await?;
    }
    let told = app.execution.retry_payouts(actor, distribution.run, payouts, key).await;
    let (view, payouts) = told.map_err(refusal)?;
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                let locked = states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
                run_report::write(conn, &distribution, &locked, &view.report).await?;
                if let State::RunFailed { .. } = locked.state {
                    states::set(conn, id, &State::Ongoing, &Besides::default()).await?;
                }
                let distribution = read::in_transaction(conn, id).await?;
                Ok(Retried { distribution, payouts })
            }
            .boxed()
        })
        .await?;
    app.woken.notify_one();
    Ok(answer)
}

fn ensure_own(distribution: &Distribution, payouts: &[PayoutId]) -> Result<(), Problem> {
    let mut violations = FieldViolations::new();
    for (place, payout) in payouts.iter().enumerate() {
        if payout.run != distribution.run {
            violations.add(format!("payout_ids[{place}]"), "OTHER_RUN", "a payout of this distribution");
        }
    }
    violations.into_result()
}

/// What execution refuses is the caller's mistake, in its words.
fn refusal(error: PeerError) -> Error {
    // The caller's key is one for both services of ours that retry.
    if error.is("IDEMPOTENCY_KEY_REUSED") {
        return IdempotencyError::Reused.into();
    }
    if error.is_not_found() {
        return Problem::user(Code::NotFound, "PAYOUT_NOT_FOUND", error.message()).into();
    }
    for reason in ["PAYOUT_NOT_FAILED", "RUN_NOT_RETRYABLE"] {
        if error.is(reason) {
            return Problem::user(Code::FailedPrecondition, reason, error.message()).into();
        }
    }
    error.into()
}
