//! Executes by itself what was created to be, if nothing is in the way.

use super::{NOW, Step};
use crate::app::execute_distribution::ensure_executable;
use crate::app::{approval, read};
use crate::domain::approval::NotApproved;
use crate::domain::distribution::Distribution;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::state::State;
use crate::error::Error;
use crate::failpoints::here;
use crate::refusal::Refusal;
use crate::store::leases::Wake;
use crate::store::states::Besides;

/// Executes what can be and is approved, by what the transaction sees that makes it so.
async fn execute_now(step: &Step<'_>, distribution: &Distribution) -> Result<(), Error> {
    ensure_executable(step.app, &step.actor, distribution).await?;
    here!("execute.before_commit");
    let now_ns = step.app.now_ns();
    let mut conn = step.app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        step.lease.lock(conn).await?;
        approval::ensure_approved(&read::in_transaction(conn, distribution.id).await?, now_ns)?;
        let besides = Besides { executed_ns: Some(now_ns), ..Besides::default() };
        step.change_in(conn, State::fell_due, &besides).await.map(drop)
    })
    .await?;
    here!("execute.after_commit");
    Ok(())
}

/// Goes on to pay, or says what is in the way and waits for a person.
pub(super) async fn execute(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    let failure = match execute_now(step, distribution).await {
        Ok(()) => return Ok(NOW),
        Err(Error::Refused(Refusal::NotApproved { source: NotApproved::Expired, .. })) => {
            step.change(State::approval_expired, Besides::default()).await?;
            return Ok(Wake::Never);
        }
        Err(Error::Refused(Refusal::NotApproved { source, .. })) => {
            let hint = "It is not what was approved; modify it, or cancel it.";
            Failure::new(source.reason(), FailureClass::Bug, hint)
        }
        Err(Error::Obstacle(obstacle)) => {
            let hint = format!("Not executed: {}. {}", obstacle.message(), obstacle.advice());
            Failure::new(obstacle.reason(), FailureClass::Operator, hint)
        }
        Err(Error::AssetPaused(_)) => {
            Failure::new("ASSET_PAUSED", FailureClass::Operator, "Unpause the asset, then retry.")
        }
        Err(Error::AssetNotFound(_)) => {
            let hint = "The asset service lost the asset; restore its database, then execute it.";
            Failure::new("ASSET_NOT_FOUND", FailureClass::Operator, hint)
        }
        Err(Error::PaymentTokenNotAccepted(_)) => {
            let hint = "Accept the payment token again, then retry.";
            Failure::new("PAYMENT_TOKEN_NOT_ACCEPTED", FailureClass::Operator, hint)
        }
        Err(Error::Peer(error)) if error.is_refusal() => {
            let hint = "Another service refused; end its reason, then retry.";
            Failure::new(error.reason(), FailureClass::Operator, hint)
        }
        Err(error) => return Err(error),
    };
    step.change(|state| state.refused(failure), Besides::default()).await?;
    Ok(Wake::Never)
}
