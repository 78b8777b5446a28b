//! Leaves one occurrence out.

use auth::Actor;
use futures::FutureExt as _;
use ids::ScheduleId;
use pg::idempotency::{Answer, Once};

use super::{App, fire_schedules, read_schedules};
use crate::domain::schedule::{Fate, Schedule, Skip, Steer};
use crate::error::{Error, Overtaken};
use crate::store::occurrences;

/// Which occurrence is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skipping {
    /// Of which schedule.
    pub id: ScheduleId,
    /// Of which timing.
    pub series: u32,
    /// Its number.
    pub number: u64,
    /// Why; may be empty.
    pub reason: String,
}

/// Commits that the occurrence never fires. Its row has the key that firing would need.
pub(crate) async fn skip_occurrence<R: Answer>(
    app: &App,
    actor: &Actor,
    skipping: Skipping,
    once: &Once<Schedule, R, Error>,
) -> Result<R, Error> {
    let now_ns = app.now_ns();
    let by = actor.subject.clone();
    once.run(&app.pool, move |conn| {
        async move {
            let Skipping { id, series, number, reason } = skipping;
            let found = read_schedules::locked(conn, id).await?;
            found.standing.ensure(Steer::Skip).map_err(|source| Error::NotSteered { id, source })?;
            if found.plan.series != series {
                return Err(Error::Overtaken(id, Overtaken::Series));
            }
            if let Some(decided) = occurrences::find(conn, id, series, number).await? {
                return match decided.fate {
                    Fate::Skipped(Skip::Person { .. }) => Ok(found),
                    Fate::Fired(_) | Fate::Skipped(_) => Err(Error::Overtaken(id, Overtaken::Occurrence)),
                };
            }
            if number <= found.settled {
                return Err(Error::Overtaken(id, Overtaken::Occurrence));
            }
            let rule = found.rule().map_err(|source| Error::Rule { id, source })?;
            let there = rule.occurrences_above(number - 1).next().and_then(Result::ok);
            let there = there.filter(|there| there.number == number);
            let occurrence = there.ok_or(Error::OccurrenceNotFound(id, number))?;
            let fate = Fate::Skipped(Skip::Person { by, reason });
            let decided = fire_schedules::recorded(series, number, &occurrence, fate, now_ns);
            occurrences::insert(conn, id, &[decided]).await?;
            read_schedules::in_transaction(conn, id).await
        }
        .boxed()
    })
    .await
}
