//! Sends a distribution back to whoever created it.

use auth::Actor;
use futures::FutureExt as _;
use ids::DistributionId;
use pg::idempotency::{Answer, Once};

use super::approve_distribution::{named, person};
use super::{App, read};
use crate::domain::approval::Rejection;
use crate::domain::distribution::Distribution;
use crate::domain::state::Action;
use crate::error::Error;
use crate::store::approvals;
use crate::store::states::{self, Besides};

/// Records who rejects what hashes so, and why. It is executed only after other people approved it anew.
pub(crate) async fn reject_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    id: DistributionId,
    hash: [u8; 32],
    reason: String,
    once: &Once<Distribution, R, Error>,
) -> Result<R, Error> {
    let rejection = Rejection { by: person(actor)?, reason, at_ns: app.now_ns() };
    once.run(&app.pool, move |conn| {
        async move {
            let locked = states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
            let found = read::in_transaction(conn, id).await?;
            let request = named(&found, &locked.state, Action::Reject, &hash, rejection.at_ns)?;
            approvals::reject(conn, id, request.number, &rejection).await?;
            if let Some(next) = locked.state.rejected() {
                states::set(conn, id, &next, &Besides::default()).await?;
            }
            read::in_transaction(conn, id).await
        }
        .boxed()
    })
    .await
}
