//! Executes by itself what was created to be, if nothing is in the way.

use std::time::Duration;

use super::{NOW, Step};
use crate::app::execute_distribution::ensure_executable;
use crate::app::{approval, read};
use crate::domain::approval::NotApproved;
use crate::domain::distribution::Distribution;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::preview::Obstacle;
use crate::domain::state::State;
use crate::error::Error;
use crate::failpoints::here;
use crate::refusal::Refusal;
use crate::store::leases::Wake;
use crate::store::states::Besides;

/// Between looks at what is in the way.
const AGAIN: Duration = Duration::from_secs(10);

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

/// Goes on to pay, or says what is in the way.
pub(super) async fn execute(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    match execute_now(step, distribution).await {
        Ok(()) => Ok(NOW),
        Err(Error::Refused(Refusal::NotApproved { source: NotApproved::Expired, .. })) => {
            step.change(State::approval_expired, Besides::default()).await?;
            Ok(Wake::Never)
        }
        Err(error) => wait(step, in_the_way(error)?).await,
    }
}

/// Looks whether what was in the way still is, and goes on once it is not.
pub(super) async fn look_again(
    step: &Step<'_>,
    distribution: &Distribution,
    known: &Failure,
) -> Result<Wake, Error> {
    if known.class != FailureClass::Operator {
        return Ok(Wake::Never);
    }
    match ensure_executable(step.app, &step.actor, distribution).await {
        Ok(()) => {
            step.change(State::way_is_clear, Besides::default()).await?;
            Ok(NOW)
        }
        Err(error) => match in_the_way(error)? {
            (failure, wake) if failure == *known => Ok(wake),
            another => wait(step, another).await,
        },
    }
}

async fn wait(step: &Step<'_>, (failure, wake): (Failure, Wake)) -> Result<Wake, Error> {
    step.change(|state| state.refused(failure), Besides::default()).await?;
    Ok(wake)
}

/// What keeps a distribution from being executed, and when to look again: never where only a change of it helps.
fn in_the_way(error: Error) -> Result<(Failure, Wake), Error> {
    let again = Wake::After(AGAIN);
    match error {
        Error::Refused(Refusal::NotApproved { source, .. }) => {
            let hint = "It is not what was approved; modify it, or cancel it.";
            Ok((Failure::new(source.reason(), FailureClass::Bug, hint), Wake::Never))
        }
        Error::Obstacle(obstacle) => {
            let (wake, then) = match obstacle {
                Obstacle::NoPayees => (Wake::Never, ""),
                Obstacle::FundingShort { .. } | Obstacle::FeeBalanceShort { .. } | Obstacle::FeeOnReceipt => {
                    (again, " It goes on by itself then.")
                }
            };
            let hint = format!("Not executed: {}. {}{then}", obstacle.message(), obstacle.advice());
            Ok((Failure::new(obstacle.reason(), FailureClass::Operator, hint), wake))
        }
        Error::AssetPaused(_) => {
            let hint = "It goes on by itself once the asset is unpaused.";
            Ok((Failure::new("ASSET_PAUSED", FailureClass::Operator, hint), again))
        }
        Error::AssetNotFound(_) => {
            let hint = "The asset service lost the asset; restore its database, and it goes on by itself.";
            Ok((Failure::new("ASSET_NOT_FOUND", FailureClass::Operator, hint), again))
        }
        Error::PaymentTokenNotAccepted(_) => {
            let hint = "Accept the payment token again, and it goes on by itself.";
            Ok((Failure::new("PAYMENT_TOKEN_NOT_ACCEPTED", FailureClass::Operator, hint), again))
        }
        Error::Peer(error) if error.is_refusal() => {
            let hint = "Another service refused; end its reason, and it goes on by itself.";
            Ok((Failure::new(error.reason(), FailureClass::Operator, hint), again))
        }
        error => Err(error),
    }
}
