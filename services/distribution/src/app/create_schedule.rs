//! Creates a schedule, or says when it would fall due.

use auth::Actor;
use futures::FutureExt as _;
use ids::ScheduleId;
use pg::idempotency::{Answer, Once};
use schedule::Occurrence;

use super::schedule_draft::CheckedSchedule;
use super::{App, ScheduleDraft};
use crate::domain::round;
use crate::domain::schedule::{Plan, Schedule, Standing, instant};
use crate::error::Error;
use crate::store::schedules;

/// A new schedule, and when it falls due next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scheduled {
    /// The schedule.
    pub schedule: Schedule,
    /// Its next occurrences.
    pub next: Vec<Occurrence>,
}

/// The series of a new schedule, and its version.
const FIRST: u32 = 1;
const NOTED: &str = "what is missing was noted as a violation";

/// Checks the draft and says its next occurrences, at most `count`; nothing is stored.
pub(crate) async fn preview_schedule(
    app: &App,
    actor: &Actor,
    draft: ScheduleDraft,
    count: usize,
) -> Result<Vec<Occurrence>, Error> {
    let now_ns = draft.now_ns;
    Ok(next(&draft.check(app, actor, instant(now_ns)).await?, now_ns, count))
}

/// Commits what the draft says. What fell due before is settled: a schedule pays nothing for the past.
pub(crate) async fn create_schedule<R: Answer>(
    app: &App,
    actor: &Actor,
    draft: ScheduleDraft,
    count: usize,
    once: &Once<Scheduled, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let now_ns = draft.now_ns;
    let checked = draft.check(app, actor, instant(now_ns)).await?;
    let next = next(&checked, now_ns, count);
    let id = ScheduleId::new(app.ids.as_ref());
    let (timing, rule) = checked.timing.expect(NOTED);
    let settled = round::settled_before(&rule, instant(now_ns));
    let settled = settled.map_err(|source| Error::Rule { id, source })?;
    let plan = Plan {
        version: FIRST,
        series: FIRST,
        template: checked.template.expect(NOTED),
        timing,
        catch_up: checked.catch_up.expect(NOTED),
        decided_by: actor.subject.clone(),
        decided_ns: now_ns,
    };
    let schedule = Schedule {
        id,
        created_by: actor.subject.clone(),
        created_ns: now_ns,
        plan,
        standing: Standing::Active,
        settled,
        skipped: [].into(),
        last_fired: None,
    };
    let created = Scheduled { schedule, next };
    once.run(&app.pool, move |conn| {
        async move {
            // The job looks at once, and sees when to look again.
            schedules::insert(conn, &created.schedule, now_ns).await?;
            Ok(created)
        }
        .boxed()
    })
    .await
}

/// What falls due next, as far as the calendar goes.
fn next(checked: &CheckedSchedule, now_ns: i64, count: usize) -> Vec<Occurrence> {
    let coming = checked.timing.iter().flat_map(|(_, rule)| rule.occurrences_from(instant(now_ns)));
    coming.map_while(Result::ok).take(count).collect()
}
