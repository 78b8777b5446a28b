//! Looks at everything that paying depends on. Each look has its own deadline, and none hides another: what cannot be found
//! out is a problem by itself.

mod funding;
mod network;
mod ourselves;
mod run;

use std::time::Duration;

use auth::Actor;
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use ids::RunId;
use tokio::time::timeout as within;

use crate::app::{Context, read};
use crate::domain::diagnosis::{Check, Diagnosis};
use crate::error::Error;

/// Longest time for one look.
const LOOK_DEADLINE: Duration = Duration::from_secs(12);
/// Longest time for the looks at all recipients of a run.
const RECIPIENTS_DEADLINE: Duration = Duration::from_secs(30);

/// A look under way: what it finds, or why it could not find out.
type Look<'a> = BoxFuture<'a, Result<Vec<Diagnosis>, Error>>;

/// All looks, in the order of what paying depends on; with a run also where that stands.
pub async fn diagnose(ctx: &Context, actor: &Actor, id: Option<RunId>) -> Result<Vec<Diagnosis>, Error> {
    // That there is no such run is the caller's to know; that it cannot be read now is a finding.
    let run = match id {
        None => None,
        Some(id) => match within(LOOK_DEADLINE, read::run(ctx, id)).await {
            Ok(Err(Error::RunNotFound(id))) => return Err(Error::RunNotFound(id)),
            read => Some(read),
        },
    };
    let (run, unread) = match run {
        None => (None, None),
        Some(Ok(Ok(run))) => (Some(run), None),
        Some(Ok(Err(error))) => (None, Some(unknown(Check::Run, &error))),
        Some(Err(_late)) => (None, Some(late(Check::Run, LOOK_DEADLINE))),
    };
    let mut looks: Vec<(Check, Duration, Look<'_>)> = vec![
        (Check::Database, LOOK_DEADLINE, ourselves::database(ctx).boxed()),
        (Check::Clock, LOOK_DEADLINE, ourselves::clocks(ctx).boxed()),
        (Check::Mirror, LOOK_DEADLINE, network::mirror(ctx).boxed()),
        (Check::Node, LOOK_DEADLINE, network::nodes(ctx).map(Ok).boxed()),
        (Check::Key, LOOK_DEADLINE, funding::keys(ctx, run.as_ref()).boxed()),
        (Check::Funding, LOOK_DEADLINE, funding::balances(ctx, run.as_ref()).boxed()),
        (Check::Pause, LOOK_DEADLINE, ourselves::pauses(ctx).boxed()),
    ];
    if let Some(run) = &run {
        looks.push((Check::Run, LOOK_DEADLINE, async { Ok(run::standing(run)) }.boxed()));
        looks.push((Check::Doubt, LOOK_DEADLINE, run::doubts(ctx, run).boxed()));
        looks.push((Check::Recipient, RECIPIENTS_DEADLINE, run::recipients(ctx, run).boxed()));
    }
    let looks = looks.into_iter().map(async |(check, deadline, look)| match within(deadline, look).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => vec![unknown(check, &error)],
        Err(_late) => vec![late(check, deadline)],
    });
    let mut found: Vec<Diagnosis> = join_all(looks).await.into_iter().flatten().collect();
    found.extend(unread);
    found.push(ourselves::permissions(actor));
    Ok(found)
}

/// A look that took too long.
fn late(check: Check, deadline: Duration) -> Diagnosis {
    let seen = format!("could not be found out within {} s", deadline.as_secs());
    Diagnosis::problem(check, "", seen, advice(check))
}

/// A look that failed. Causes stay in the log: they may name what is none of the caller's business.
fn unknown(check: Check, error: &Error) -> Diagnosis {
    use service_kit::error::Failure as _;
    tracing::warn!(%error, check = check.as_str(), "a look came to nothing");
    let seen = format!("could not be found out: {}", error.problem().message);
    Diagnosis::problem(check, "", seen, advice(check))
}

fn advice(check: Check) -> &'static str {
    match check {
        Check::Mirror | Check::Recipient | Check::Clock => {
            "Check that the mirror node (BURSAR_MIRROR_URL) can be reached from here, then look again."
        }
        Check::Funding | Check::FeePayer => {
            "Check that the mirror node and the database can be reached from here, then look again."
        }
        Check::Node => "Check that the nodes (BURSAR_HEDERA_NODES) can be reached from here.",
        Check::Database | Check::Key | Check::Pause | Check::Permissions | Check::Run | Check::Doubt => {
            "Check that the database (BURSAR_DATABASE_URL) runs and takes connections, then look again."
        }
    }
}
