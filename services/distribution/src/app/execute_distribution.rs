//! Starts paying: checked against what is there, committed, then handed over by the job.

use auth::Actor;
use futures::FutureExt as _;
use ids::{AssetId, DistributionId};
use pg::idempotency::{Answer, Once};

use super::{App, approval, duty, read};
use crate::domain::distribution::Distribution;
use crate::domain::kind::Duty;
use crate::domain::preview::{Obstacle, obstacles};
use crate::domain::state::{Action, Next};
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store::accepted;
use crate::store::states::{self, Besides};

/// Executes a distribution. One that is being paid or was paid stays as it is.
pub(crate) async fn execute_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    duty: Duty,
    id: DistributionId,
    once: &Once<Distribution, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let distribution = read::get_distribution(app, id).await?;
    duty::ensure(duty, &distribution)?;
    let now_ns = app.now_ns();
    let act = distribution.act(Action::Execute, now_ns);
    if let Next::Changes(_) = act.map_err(|source| Error::ActionNotAllowed { id, source })? {
        ensure_executable(app, actor, &distribution).await?;
    }
    let own = app.clone();
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                let locked = states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
                let now_ns = own.now_ns();
                let act = locked.state.act(Action::Execute, now_ns);
                if let Next::Changes(next) = act.map_err(|source| duty::refused(&distribution, source))? {
                    if locked.terms_version != distribution.terms_version {
                        // What was looked at above is not what would be executed.
                        return Err(Refusal::TermsChanged(id).into());
                    }
                    approval::ensure_approved(&read::in_transaction(conn, id).await?, now_ns)?;
                    let besides = Besides { executed_ns: Some(now_ns), ..Besides::default() };
                    states::set(conn, id, &next, &besides).await?;
                    accepted::release_held(conn, id).await?;
                }
                read::in_transaction(conn, id).await
            }
            .boxed()
        })
        .await?;
    app.woken.notify_one();
    Ok(answer)
}

/// Holds the asset that something is for, if it is for one, not to be paused.
pub(super) async fn ensure_not_paused(app: &App, actor: &Actor, asset: Option<AssetId>) -> Result<(), Error> {
    let Some(id) = asset else { return Ok(()) };
    let asset = app.assets.asset(actor, id).await?.ok_or(Error::AssetNotFound(id))?;
    if asset.paused { Err(Error::AssetPaused(id)) } else { Ok(()) }
}

/// Whether a calculated distribution can be paid now: asset not paused, payment token still accepted with the same
/// decimals and without a fee for payees, somebody to pay, and funds for both the payouts and the fees.
pub(super) async fn ensure_executable(
    app: &App,
    actor: &Actor,
    distribution: &Distribution,
) -> Result<(), Error> {
    let terms = &distribution.terms;
    ensure_not_paused(app, actor, terms.asset()).await?;
    let token = app.assets.payment_token(actor, &terms.payment_token).await?;
    if token.is_none_or(|token| token.decimals != terms.payment_decimals) {
        return Err(Error::PaymentTokenNotAccepted(terms.payment_token.to_string()));
    }
    let totals = match &distribution.entitlements {
        Some(result) if result.totals.payee_count > 0 => result.totals,
        // Nobody is paid by it now, and what it owes is carried forward.
        Some(result) if result.totals.carried_count > 0 => return Ok(()),
        _ => return Err(Error::Obstacle(Obstacle::NoPayees)),
    };
    let quote = app
        .execution
        .quote(actor, terms.funding_account, &terms.payment_token, totals.payee_count, totals.payable())
        .await?;
    obstacles(&totals, &quote).into_iter().next().map_or(Ok(()), |obstacle| Err(Error::Obstacle(obstacle)))
}
