//! Creates a distribution: decided and committed now, calculated by the job.

use auth::Actor;
use futures::FutureExt as _;
use ids::{DistributionId, RunId};
use pg::idempotency::{Answer, Once};

use super::{App, Draft};
use crate::domain::distribution::Distribution;
use crate::domain::state::State;
use crate::error::Error;
use crate::store::distributions;

/// Commits what the draft says, together with the ids of its one run and its snapshot: whatever is killed later, both
/// are asked for again under the same ids.
pub(crate) async fn create_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    draft: Draft,
    once: &Once<Distribution, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let terms = draft.check(app, actor).await?.terms;
    let created = Distribution {
        id: DistributionId::new(app.ids.as_ref()),
        run: RunId::new(app.ids.as_ref()),
        terms: terms.into(),
        created_by: actor.subject.clone(),
        created_ns: app.now_ns(),
        state: State::SnapshotWanted,
        version: 1,
        cancel_reason: String::new(),
        executed_ns: None,
        entitlements: None,
        report: None,
    };
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                distributions::insert(conn, &created).await?;
                Ok(created)
            }
            .boxed()
        })
        .await?;
    app.woken.notify_one();
    Ok(answer)
}
