//! Tries everything again that failed.

use auth::Actor;
use futures::FutureExt as _;
use ids::DistributionId;
use pg::idempotency::{Answer, Once};

use super::execute_distribution::ensure_not_paused;
use super::{App, approval, duty, read};
use crate::domain::distribution::Distribution;
use crate::domain::kind::Duty;
use crate::domain::state::{Action, Next, State};
use crate::error::Error;
use crate::store::states::{self, Besides};

/// A distribution going again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Retried {
    /// The distribution.
    pub distribution: Distribution,
    /// Payouts proven unpaid that are tried again.
    pub payouts: u64,
}

/// Commits the wish; the job calculates again, or tells execution.
pub(crate) async fn retry_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    duty: Duty,
    id: DistributionId,
    once: &Once<Retried, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let distribution = read::get_distribution(app, id).await?;
    duty::ensure(duty, &distribution)?;
    let now_ns = app.now_ns();
    let act = distribution.act(Action::Retry, now_ns);
    act.map_err(|source| Error::ActionNotAllowed { id, source })?;
    ensure_not_paused(app, actor, distribution.terms.asset()).await?;
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                let locked = states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
                let act = locked.state.act(Action::Retry, now_ns);
                if let Next::Changes(next) = act.map_err(|source| duty::refused(&distribution, source))? {
                    let besides = if next == State::PendingApproval {
                        let found = read::in_transaction(conn, id).await?;
                        approval::ask_again(conn, &found, now_ns).await?
                    } else {
                        Besides::default()
                    };
                    states::set(conn, id, &next, &besides).await?;
                }
                let distribution = read::in_transaction(conn, id).await?;
                let of_a_run = matches!(locked.state, State::Halted(_) | State::RunFailed { .. });
                let report = distribution.report.as_ref().filter(|_| of_a_run);
                let payouts = report.map_or(0, |report| report.failed_payouts);
                Ok(Retried { distribution, payouts })
            }
            .boxed()
        })
        .await?;
    app.woken.notify_one();
    Ok(answer)
}
