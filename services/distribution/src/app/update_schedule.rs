//! Changes what comes next of a schedule; what has fired stays as it is.

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::ScheduleId;
use pg::idempotency::{Answer, Once};
use service_kit::error::Problem;

use super::schedule_draft::{CheckedSchedule, PAST, end_of};
use super::{App, ScheduleDraft, fire_schedules, read_schedules};
use crate::domain::round::{missed, past, settled_before};
use crate::domain::schedule::{Fate, Plan, Schedule, Skip, Standing, Steer, instant};
use crate::error::{Error, Overtaken};
use crate::store::occurrences;
use crate::store::schedules::{self, Change};

/// Commits a new version of the schedule whose version is `version` now. Of a new timing only what falls due after this
/// call fires, and of that nothing whose nominal day fired or was passed over by an old one: another time of day, zone or
/// business day would otherwise make the same day fall due again.
pub(crate) async fn update_schedule<R: Answer>(
    app: &App,
    actor: &Actor,
    id: ScheduleId,
    version: u32,
    mut draft: ScheduleDraft,
    once: &Once<Schedule, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let found = read_schedules::get_schedule(app, id).await?;
    ensure(&found, version)?;
    let now_ns = draft.now_ns;
    draft.timing = draft.timing.filter(|timing| *timing != found.plan.timing);
    let changed = draft.check(app, actor, past(instant(now_ns))).await?;
    if changed.template.as_ref().is_some_and(|template| template.terms().source.asset != found.asset()) {
        let words = "a schedule stays with its asset; create another one";
        return Err(Problem::field("terms.asset_id", "IMMUTABLE", words).into());
    }
    let by = actor.subject.clone();
    once.run(&app.pool, move |conn| {
        async move {
            let found = read_schedules::locked(conn, id).await?;
            ensure(&found, version)?;
            change(conn, found, changed, by, now_ns).await?;
            read_schedules::in_transaction(conn, id).await
        }
        .boxed()
    })
    .await
}

/// It can be changed, and is as the caller saw it.
fn ensure(found: &Schedule, version: u32) -> Result<(), Error> {
    let id = found.id;
    found.standing.ensure(Steer::Update).map_err(|source| Error::NotSteered { id, source })?;
    if found.plan.version == version { Ok(()) } else { Err(Error::Overtaken(id, Overtaken::Version)) }
}

async fn change(
    conn: &mut AsyncPgConnection,
    found: Schedule,
    changed: CheckedSchedule,
    by: String,
    now_ns: i64,
) -> Result<(), Error> {
    let (id, mut settled, mut series) = (found.id, found.settled, found.plan.series);
    let mut timing = found.plan.timing.clone();
    if let Some((new, rule)) = changed.timing {
        leave_series(conn, &found, now_ns).await?;
        let before = settled_before(&rule, past(instant(now_ns)));
        let before = before.map_err(|source| Error::Rule { id, source })?;
        // What was just recorded as passed over is decided too.
        let decided = occurrences::latest_nominal(conn, id, now_ns).await?;
        settled = decided.map_or(0, |nominal| rule.number_up_to(nominal)).max(before);
        if rule.occurrences_above(settled).next().is_none() {
            let words = "no occurrence is left whose day is not decided already";
            return Err(Problem::field(end_of(&new), PAST, words).into());
        }
        (timing, series) = (new, series + 1);
    }
    let plan = Plan {
        version: found.plan.version + 1,
        series,
        template: changed.template.unwrap_or(found.plan.template),
        timing,
        catch_up: changed.catch_up.unwrap_or(found.plan.catch_up),
        decided_by: by,
        decided_ns: now_ns,
    };
    schedules::insert_plan(conn, id, &plan).await?;
    let change = Change { version: plan.version, standing: &found.standing, settled, wake_ns: now_ns };
    Ok(schedules::set(conn, id, &change).await?)
}

/// Nothing of the old series may be lost in silence: what is due is fired first, and what a pause held back is on record.
async fn leave_series(conn: &mut AsyncPgConnection, found: &Schedule, now_ns: i64) -> Result<(), Error> {
    let id = found.id;
    let open = found.rule().and_then(|rule| missed(&rule, found.settled, &found.skipped, instant(now_ns)));
    // A rule that gives no answer, as its calendar ends or its zone is gone, has to be changed; what it missed cannot be told.
    let Ok(Some(range)) = open else { return Ok(()) };
    if found.standing == Standing::Active {
        return Err(Error::Overtaken(id, Overtaken::BeingFired));
    }
    let (series, fate) = (found.plan.series, Fate::Skipped(Skip::TimingChanged));
    let passed = fire_schedules::recorded(series, range.first.number, &range.last, fate, now_ns);
    Ok(occurrences::insert(conn, id, &[passed]).await?)
}
