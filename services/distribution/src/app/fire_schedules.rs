//! Fires what is due: each occurrence becomes one distribution, with one snapshot and one run.
//!
//! A schedule is fired in one transaction: its row is locked, the rule is asked what is due, and the occurrences, their
//! distributions with the ids of their snapshots and runs, and where the schedule stands are committed together. Whatever
//! is killed at whatever moment, an occurrence has its distribution or is still due; and whoever comes second, in another
//! replica or after a restart, finds its row.

use std::time::Duration;

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::{FutureExt as _, StreamExt as _, stream};
use ids::{DistributionId, RunId, ScheduleId, SnapshotId};
use jiff::SignedDuration;
use schedule::Occurrence;

use super::{App, read_schedules};
use crate::NAME;
use crate::domain::distribution::Distribution;
use crate::domain::round::{self, Round};
use crate::domain::schedule::{Decision, Fate, Plan, Recorded, Schedule, Skip, Standing, instant, nanos};
use crate::domain::state::State;
use crate::domain::treatment::Parties;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::schedules::{self, Change};
use crate::store::{distributions, occurrences};

/// Schedules looked at in one round.
const SCHEDULES_MAX: i64 = 64;
/// Of these at the same time.
const SCHEDULES_AHEAD: usize = 4;
/// Occurrences of a schedule fired in one transaction; where more are due, the next round goes on.
const OCCURRENCES_MAX: usize = 16;
/// A schedule is looked at at least so often: another release may know a holiday or a clock change that this one does not,
/// by which something falls due earlier.
const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How long a schedule is left alone whose round failed: doubled with each failure in a row.
const POSTPONED_FIRST: Duration = Duration::from_millis(500);
const POSTPONED_MAX: Duration = Duration::from_mins(1);
/// How long to wait for what the asset and the funding account are now.
const REFRESH_WITHIN: Duration = Duration::from_secs(3);

/// Looks at the schedules that are due, each by itself: one that fails keeps no other from firing. Returns how many were
/// settled; another replica may have been faster.
pub(crate) async fn fire_schedules(app: &App) -> Result<usize, Error> {
    let due = schedules::due(&mut *app.conn().await?, app.now_ns(), SCHEDULES_MAX).await?;
    let rounds = due.into_iter().map(|id| fire_one(app, id).boxed());
    let settled: Vec<bool> = stream::iter(rounds).buffer_unordered(SCHEDULES_AHEAD).collect().await;
    Ok(settled.into_iter().filter(|settled| *settled).count())
}

async fn fire_one(app: &App, id: ScheduleId) -> bool {
    let error = match fire(app, id).await {
        Ok(settled) => return settled,
        Err(error) => error,
    };
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    tracing::error!(schedule = %id, %error, cause, "schedule not fired; it is tried again");
    if let Err(error) = postpone(app, id).await {
        tracing::warn!(schedule = %id, %error, "schedule not postponed");
    }
    false
}

async fn postpone(app: &App, id: ScheduleId) -> Result<(), Error> {
    Ok(schedules::postpone(&mut *app.conn().await?, id, POSTPONED_FIRST, POSTPONED_MAX).await?)
}

/// Fires what is due of one schedule. Not when another replica is at it, or somebody changed it just now.
async fn fire(app: &App, id: ScheduleId) -> Result<bool, Error> {
    let seen = read_schedules::get_schedule(app, id).await?;
    // Asked before, so that no lock waits for another service; what is written holds for the version that was asked for.
    let parties = parties(app, &seen.plan).await;
    let now_ns = app.now_ns();
    let mut conn = app.conn().await?;
    let settled = pg::transaction(&mut conn, async |conn| {
        let Some(locked) = schedules::try_lock(conn, id).await? else { return Ok(None) };
        if locked.plan.version != seen.plan.version || locked.standing != Standing::Active {
            return Ok(None);
        }
        let fired = settle(app, conn, &locked, parties, now_ns).await?;
        if fired > 0 {
            here!("fire.before_commit");
        }
        Ok::<_, Error>(Some(fired))
    })
    .await?;
    if settled.is_some_and(|fired| fired > 0) {
        here!("fire.after_commit");
        app.woken.notify_one();
    }
    Ok(settled.is_some())
}

/// The accounts with a part in it, as they are now; as they were when the schedule was saved, where nobody answers.
/// Nothing else that was looked up then can change but to be refused before anything is paid.
async fn parties(app: &App, plan: &Plan) -> Parties {
    let (terms, actor) = (plan.template.terms(), Actor::service(NAME));
    let asked = async {
        let asset = app.assets.asset(&actor, terms.source.asset);
        let funding = app.execution.funding(&actor, terms.funding_account);
        futures::try_join!(asset, funding)
    };
    let (asset, funding) = match tokio::time::timeout(REFRESH_WITHIN, asked).await {
        Ok(Ok(answers)) => answers,
        Ok(Err(error)) => {
            tracing::info!(%error, "fired with the accounts of when the schedule was saved");
            return terms.parties;
        }
        Err(_) => return terms.parties,
    };
    Parties {
        treasury: asset.map_or(terms.parties.treasury, |asset| asset.treasury),
        funding: funding.map_or(terms.parties.funding, |funding| funding.account),
        fee_payer: funding.map_or(terms.parties.fee_payer, |funding| funding.fee_payer),
    }
}

/// Writes what is due, and where the schedule stands then. Returns how many fired.
async fn settle(
    app: &App,
    conn: &mut AsyncPgConnection,
    locked: &Schedule,
    parties: Parties,
    now_ns: i64,
) -> Result<usize, Error> {
    let (id, plan, now) = (locked.id, &locked.plan, instant(now_ns));
    let rule = locked.rule().map_err(|source| Error::Rule { id, source })?;
    let round = round::round(&rule, locked.settled, &locked.skipped, now, plan.catch_up, OCCURRENCES_MAX);
    let Round { fire, passed, settled, next } = round.map_err(|source| Error::Rule { id, source })?;
    let mut decided = Vec::with_capacity(fire.len() + 1);
    if let Some(range) = passed {
        let fate = Fate::Skipped(Skip::CatchUp);
        decided.push(recorded(plan.series, range.first.number, &range.last, fate, now_ns));
    }
    for occurrence in &fire {
        let distribution = distribution(app, plan, occurrence, parties, now_ns);
        distributions::insert(conn, &distribution).await?;
        let fate = Fate::Fired(distribution.id);
        decided.push(recorded(plan.series, occurrence.number, occurrence, fate, now_ns));
        tracing::info!(schedule = %id, number = occurrence.number, distribution = %distribution.id, "fired");
    }
    occurrences::insert(conn, id, &decided).await?;
    let look = now.saturating_add(LOOK_EVERY).expect("no calendar units");
    let (standing, wake) = match next {
        Ok(None) => (Standing::Ended(by_itself(now_ns)), look),
        Ok(Some(next)) => (Standing::Active, look.min(next.time.timestamp())),
        Err(error) => {
            tracing::warn!(schedule = %id, %error, "the next occurrence cannot be told");
            (Standing::Active, look)
        }
    };
    let change = Change { version: plan.version, standing: &standing, settled, wake_ns: nanos(wake) };
    schedules::set(conn, id, &change).await?;
    Ok(fire.len())
}

fn by_itself(now_ns: i64) -> Decision {
    Decision { by: String::new(), reason: String::new(), at_ns: now_ns }
}

/// The distribution of an occurrence: what a person would have created at that time, in the name of whoever decided the
/// schedule's terms. Its record time is the time of the occurrence, however late it is fired.
fn distribution(
    app: &App,
    plan: &Plan,
    occurrence: &Occurrence,
    parties: Parties,
    now_ns: i64,
) -> Distribution {
    let record_time_ns = nanos(occurrence.time.timestamp());
    Distribution {
        id: DistributionId::new(app.ids.as_ref()),
        run: RunId::new(app.ids.as_ref()),
        terms: plan.template.fill(record_time_ns, SnapshotId::new(app.ids.as_ref()), parties),
        created_by: plan.decided_by.clone(),
        created_ns: now_ns,
        state: State::SnapshotWanted,
        version: 1,
        cancel_reason: String::new(),
        executed_ns: None,
        entitlements: None,
        report: None,
    }
}

/// What became of an occurrence, or of all from a number up to it.
pub(super) fn recorded(
    series: u32,
    first_number: u64,
    occurrence: &Occurrence,
    fate: Fate,
    decided_ns: i64,
) -> Recorded {
    Recorded {
        series,
        number: occurrence.number,
        first_number,
        due_ns: nanos(occurrence.time.timestamp()),
        nominal: occurrence.nominal.to_string(),
        fate,
        decided_ns,
    }
}
