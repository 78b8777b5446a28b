//! One step of one distribution, by the holder of its lease: freeze, calculate, execute by itself, hand over, follow.
//!
//! Every step can be cut off anywhere and taken again by another replica: what is asked of other services is asked under
//! ids that were committed before, and every write holds the lease's epoch and starts from the state that is locked.

mod count;
mod execute_due;
mod list;
mod pay;
mod snapshot;

use std::time::Duration;

use auth::Actor;
use diesel_async::AsyncPgConnection;
use tokio_util::sync::CancellationToken;

use super::{App, read};
use crate::domain::distribution::Source;
use crate::domain::state::State;
use crate::error::Error;
use crate::store::StoreError;
use crate::store::leases::{self, Lease, Wake};
use crate::store::states::{self, Besides};

/// Look again at once.
const NOW: Wake = Wake::After(Duration::ZERO);

/// A step under way: whose lease, on whose behalf, and whether to go on.
pub(crate) struct Step<'a> {
    /// What the use cases work with.
    pub app: &'a App,
    /// The right to work on the distribution.
    pub lease: &'a Lease,
    /// This service acting by itself.
    pub actor: Actor,
    /// Cancelled when the lease is lost or the service stops.
    pub stop: CancellationToken,
}

/// Takes a distribution that is due; none when there is none.
pub(crate) async fn claim(app: &App, ttl: Duration) -> Result<Option<Lease>, Error> {
    Ok(leases::claim(&mut *app.conn().await?, ttl).await?)
}

/// Holds a lease for longer.
pub(crate) async fn renew(app: &App, lease: &Lease, ttl: Duration) -> Result<(), Error> {
    Ok(leases::renew(&mut *app.conn().await?, lease, ttl).await?)
}

/// Gives a lease back.
pub(crate) async fn release(app: &App, lease: &Lease, wake: Wake, misses: u32) -> Result<(), Error> {
    Ok(leases::release(&mut *app.conn().await?, lease, wake, misses).await?)
}

/// Does what is due and says when to look again.
pub(crate) async fn advance(step: &Step<'_>) -> Result<Wake, Error> {
    let distribution = read::get_distribution(step.app, step.lease.id).await?;
    step.lease.saw(distribution.version);
    match &distribution.state {
        State::SnapshotWanted => snapshot::ask(step, &distribution).await,
        State::Snapshotting => match &distribution.terms.source {
            Source::Holders(holders) => snapshot::calculate(step, &distribution, holders).await,
            Source::List(_) => list::calculate(step, &distribution).await,
        },
        State::Due => execute_due::execute(step, &distribution).await,
        State::Refused(failure) => execute_due::look_again(step, &distribution, failure).await,
        State::Retrying => pay::tell_retry(step, &distribution).await,
        State::Ongoing | State::Paused(_) => pay::pay(step, &distribution).await,
        State::Cancelling => pay::tell_cancel(step, &distribution).await,
        State::Halted(_) => pay::look(step, &distribution).await,
        // Woken because payouts of it were retried or superseded, or may have been.
        State::RunFailed { .. } | State::Cancelled { .. } => pay::look_back(step, &distribution).await,
        State::PendingApproval
        | State::Unapproved(_)
        | State::Upcoming
        | State::Completed { .. }
        | State::CalculationFailed { .. } => Ok(Wake::Never),
    }
}

impl Step<'_> {
    /// Whether to go on.
    ///
    /// # Errors
    /// When the lease was lost or the service stops; whoever takes the lease next goes on.
    fn go_on(&self) -> Result<(), Error> {
        if self.stop.is_cancelled() { Err(StoreError::LeaseLost.into()) } else { Ok(()) }
    }

    /// `work` that only asks and reads, cut off when the lease is lost or the service stops.
    async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        tokio::select! {
            outcome = work => outcome,
            () = self.stop.cancelled() => Err(StoreError::LeaseLost.into()),
        }
    }

    /// Changes the state by `next`, from the state that is locked, when that still applies.
    async fn change(
        &self,
        next: impl FnOnce(&State) -> Option<State> + Send,
        besides: Besides,
    ) -> Result<(), Error> {
        let mut conn = self.app.conn().await?;
        pg::transaction(&mut conn, async |conn| self.change_in(conn, next, &besides).await.map(|_| ())).await
    }

    /// The same in a transaction that writes more. Says whether it applied.
    async fn change_in(
        &self,
        conn: &mut AsyncPgConnection,
        next: impl FnOnce(&State) -> Option<State> + Send,
        besides: &Besides,
    ) -> Result<bool, Error> {
        let locked = self.lease.lock(conn).await?;
        let Some(next) = next(&locked.state).filter(|next| *next != locked.state) else { return Ok(false) };
        self.lease.saw(states::set(conn, self.lease.id, &next, besides).await?);
        Ok(true)
    }
}
