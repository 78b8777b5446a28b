//! Approves: with the last approval that is needed the distribution can be executed.

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::DistributionId;
use pg::idempotency::{Answer, Once};

use super::{App, duty, read};
use crate::domain::approval::{Endorsement, NotApproved, Request};
use crate::domain::distribution::Distribution;
use crate::domain::state::{Action, State};
use crate::error::Error;
use crate::failpoints::here;
use crate::refusal::Refusal;
use crate::store::states::{self, Besides};
use crate::store::{StoreError, approvals, inconsistent_request};

/// Records one person's approval of what hashes so. Whoever changes, approves, rejects or executes the distribution holds
/// the same lock, so that an approval is of what is there when it is committed.
pub(crate) async fn approve_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    id: DistributionId,
    hash: [u8; 32],
    once: &Once<Distribution, R, Error>,
) -> Result<R, Error> {
    let person = person(actor)?;
    let own = app.clone();
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                let locked = states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
                let found = read::in_transaction(conn, id).await?;
                if has_approved(&found, &person, &hash) {
                    return Ok(found);
                }
                let now_ns = own.now_ns();
                let request = named(&found, &locked.state, Action::Approve, &hash, now_ns)?;
                if approvals::makers(conn, id).await?.contains(&person) {
                    return Err(Refusal::ApproverIsCreator(id).into());
                }
                if request.expires_ns() <= now_ns {
                    return Err(Refusal::NotApproved { id, source: NotApproved::Expired }.into());
                }
                let endorsement = Endorsement { by: person, at_ns: now_ns };
                approve(conn, &found, request, &locked.state, endorsement).await?;
                here!("approve.before_commit");
                read::in_transaction(conn, id).await
            }
            .boxed()
        })
        .await?;
    here!("approve.after_commit");
    app.woken.notify_one();
    Ok(answer)
}

/// Who decides: people do, and no service by itself.
pub(super) fn person(actor: &Actor) -> Result<String, Error> {
    if actor.is_service() { Err(Refusal::NotAPerson.into()) } else { Ok(actor.subject.clone()) }
}

fn has_approved(found: &Distribution, person: &str, hash: &[u8; 32]) -> bool {
    let open = found.request().filter(|request| request.rejection.is_none());
    open.is_some_and(|request| request.hash == *hash && request.has(person))
}

/// What is asked for, when that is what the caller names.
pub(super) fn named(
    found: &Distribution,
    state: &State,
    action: Action,
    hash: &[u8; 32],
    now_ns: i64,
) -> Result<Request, Error> {
    let id = found.id;
    state.act(action, now_ns).map_err(|source| duty::refused(found, source))?;
    let request = found.request().ok_or_else(|| StoreError::from(inconsistent_request(id)))?;
    if request.hash == *hash {
        Ok(request.clone())
    } else {
        Err(Refusal::NotApproved { id, source: NotApproved::HashDiffers }.into())
    }
}

async fn approve(
    conn: &mut AsyncPgConnection,
    found: &Distribution,
    mut request: Request,
    state: &State,
    endorsement: Endorsement,
) -> Result<(), Error> {
    approvals::approve(conn, found.id, request.number, &endorsement).await?;
    request.endorsements.push(endorsement);
    let granted = request.granted_ns().and_then(|_| state.approved(found.terms.execute_now()));
    // Also when it still waits: whoever watches sees that somebody approved.
    let next = granted.as_ref().unwrap_or(state);
    let besides = Besides { approval_expires_ns: Some(Some(request.expires_ns())), ..Besides::default() };
    states::set(conn, found.id, next, &besides).await?;
    Ok(())
}
