//! Sets who has to approve what.

use auth::Actor;
use futures::FutureExt as _;
use pg::idempotency::{Answer, Once};

use super::App;
use crate::domain::approval::{Policy, Scope, Tier};
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store::policies;

/// A policy as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyDraft {
    /// For which distributions.
    pub scope: Scope,
    /// Smallest amount first.
    pub tiers: Vec<Tier>,
    /// How long there is to approve, and then to execute, in nanoseconds.
    pub validity_ns: i64,
    /// The version it replaces; zero for the first.
    pub version: u32,
}

/// Puts a new version of a policy in force for whatever is calculated from now on.
pub(crate) async fn set_approval_policy<R: Answer>(
    app: &App,
    actor: &Actor,
    draft: PolicyDraft,
    once: &Once<Policy, R, Error>,
) -> Result<R, Error> {
    let PolicyDraft { scope, tiers, validity_ns, version } = draft;
    let (set_by, set_ns) = (actor.subject.clone(), app.now_ns());
    once.run(&app.pool, move |conn| {
        async move {
            let policy = Policy { scope, version: version + 1, tiers, validity_ns, set_by, set_ns };
            let seen = policies::version(conn, &policy.scope).await? == version;
            // Somebody may be setting the same version just now.
            if !seen || !policies::insert(conn, &policy).await? {
                return Err(Refusal::PolicyChanged.into());
            }
            Ok(policy)
        }
        .boxed()
    })
    .await
}
