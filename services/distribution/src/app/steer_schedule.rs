//! Pauses, resumes and ends: once this has returned the job fires accordingly.

use auth::Actor;
use futures::FutureExt as _;
use ids::ScheduleId;
use pg::idempotency::{Answer, Once};

use super::{App, read_schedules};
use crate::domain::schedule::{Decision, Schedule, Steer};
use crate::error::Error;
use crate::store::schedules::{self, Change};

/// Commits where the schedule stands from now on. The job holds the same lock while it fires, so that it fires before
/// this has returned, or not.
pub(crate) async fn steer_schedule<R: Answer>(
    app: &App,
    actor: &Actor,
    id: ScheduleId,
    steer: Steer,
    reason: String,
    once: &Once<Schedule, R, Error>,
) -> Result<R, Error> {
    let now_ns = app.now_ns();
    let decision = Decision { by: actor.subject.clone(), reason, at_ns: now_ns };
    once.run(&app.pool, move |conn| {
        async move {
            let found = read_schedules::locked(conn, id).await?;
            let next = found.standing.steered(steer, decision);
            let Some(standing) = next.map_err(|source| Error::NotSteered { id, source })? else {
                return Ok(found);
            };
            let change = Change {
                version: found.plan.version,
                standing: &standing,
                settled: found.settled,
                // What was missed is looked at at once.
                wake_ns: now_ns,
            };
            schedules::set(conn, id, &change).await?;
            read_schedules::in_transaction(conn, id).await
        }
        .boxed()
    })
    .await
}
