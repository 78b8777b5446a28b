//! Taking a lease, and committing intents with it: before this transaction has ended nothing is sent.

use diesel_async::AsyncPgConnection;
use futures::future::try_join_all;
use futures::try_join;
use ids::{AttemptId, RunId};

use crate::app::Context;
use crate::app::work::{Leased, Work, record};
use crate::clients::hedera_rail::Order;
use crate::domain::attempt::{Attempt, Cause};
use crate::domain::plan::{Due, Group, plan};
use crate::domain::run::Run;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::claims::{self, DueBatch, Planned};
use crate::store::funding_accounts::{self, FundingAccount};
use crate::store::instructions::{self, Instruction};
use crate::store::{attempts, limits, pauses, runs};

/// Leases batches of `run` that are due, one on each of these slots that is free; where the run may send, their payouts
/// without a live attempt get one.
pub(super) async fn claim(ctx: &Context, run: RunId, slots: &[u32]) -> Result<Option<Work>, Error> {
    let mut conn = ctx.conn().await?;
    let mut claimed = pg::transaction(&mut conn, async |conn| claim_in(ctx, conn, run, slots).await).await;
    if slots.len() > 1 && claimed.as_ref().is_err_and(|error| stopping(error).is_some()) {
        // What stops several together may leave room for one.
        for slot in slots.chunks(1) {
            claimed = pg::transaction(&mut conn, async |conn| claim_in(ctx, conn, run, slot).await).await;
            if !matches!(claimed, Ok(None)) {
                break;
            }
        }
    }
    let work = match claimed {
        Ok(work) => work,
        Err(error) => {
            let Some(cause) = stopping(&error) else { return Err(error) };
            tracing::warn!(%run, error = &error as &dyn std::error::Error, "nothing can be intended");
            // Not in the same transaction: it shares the run's row with others, and so cannot change it. Once the run is halted
            // its batches are taken all the same, for what is in flight.
            pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
                record::halt_run(ctx, conn, run, &cause).await?;
                here!("halt.before_commit");
                Ok::<_, Error>(())
            })
            .await?;
            here!("halt.after_commit");
            return Ok(None);
        }
    };
    here!("intend.after_commit");
    Ok(work)
}

/// Why a run whose intents cannot be made is halted: trying again changes nothing, and holds up other runs.
fn stopping(error: &Error) -> Option<Cause> {
    match error {
        Error::DayLimitReached => Some(Cause::day_limit()),
        Error::DayLimitTooLow => Some(Cause::day_limit_too_low()),
        Error::Keyring(_) => Some(Cause::key_unreadable()),
        Error::Prepare(_) => Some(Cause::cannot_be_prepared()),
        _ => None,
    }
}

async fn claim_in(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    run: RunId,
    slots: &[u32],
) -> Result<Option<Work>, Error> {
    // Shared with other workers, exclusive with pause, cancel and halt: none of them returns while we intend.
    let Some((stored, slots)) = runs::find_to_send_on_slots(conn, run, slots).await? else { return Ok(None) };
    let run = stored.run;
    if run.state.has_ended() {
        return Ok(None);
    }
    let header = &run.header;
    let (mut due, funding, limits) = try_join!(
        claims::lock_due(conn, header.run, &slots),
        funding_accounts::of_run(conn, header),
        limits::latest(conn, header.funding_account, &header.asset)
    )?;
    // To look up what is in flight can take long: a batch that was begun has the visit for itself. Such come first.
    if due.first().is_some_and(|first| first.attempts > 0) {
        due.truncate(1);
    }
    let mut claimed = Vec::new();
    for batch in due {
        let open = if batch.attempts == 0 { Vec::new() } else { attempts::undecided(conn, &batch).await? };
        let intent = if run.state.may_send() && !batch.paused {
            intend(ctx, conn, &run, &funding, &batch).await?
        } else {
            Intent::default()
        };
        if open.is_empty() && intent.fresh.is_empty() {
            // Nothing to do after all: the run has halted or been cancelled since the batch became due.
            batches::recount(conn, run.header.run, Recount::One(batch.number)).await?;
        } else {
            claimed.push(Claimed { batch, open, intent });
        }
    }
    if claimed.is_empty() {
        return Ok(None);
    }
    store(ctx, conn, run.header.run, &claimed).await?;
    if let Some(limit) = limits.and_then(|set| set.limits.per_day) {
        reserve(conn, &run, &claimed, limit).await?;
    }
    here!("intend.before_commit");
    Ok(Some(Work { run, funding, batches: claimed.into_iter().map(Claimed::leased).collect() }))
}

/// A batch that this transaction has locked, and what is to be done about it.
struct Claimed {
    batch: DueBatch,
    /// Undecided attempts of earlier visits.
    open: Vec<Attempt>,
    intent: Intent,
}

impl Claimed {
    fn leased(self) -> Leased {
        let Self { batch, open, intent } = self;
        Leased { batch, splits: intent.splits(), fresh: intent.fresh, open }
    }
}

/// Takes what the batches intend from the day's limit.
async fn reserve(
    conn: &mut AsyncPgConnection,
    run: &Run,
    claimed: &[Claimed],
    limit: u128,
) -> Result<(), Error> {
    let ids: Vec<AttemptId> =
        claimed.iter().flat_map(|one| &one.intent.fresh).map(|attempt| attempt.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let from = (run.header.funding_account, &run.header.asset);
    let units = claimed.iter().map(|one| one.intent.planned().units).sum();
    if limits::reserve(conn, from, &ids, units, limit).await? {
        return Ok(());
    }
    Err(if units > limit { Error::DayLimitTooLow } else { Error::DayLimitReached })
}

/// Attempts to be stored: one for each group, those of a dead attempt in place of it.
#[derive(Default)]
struct Intent {
    fresh: Vec<Attempt>,
    groups: Vec<Group>,
    due: Vec<Due>,
}

impl Intent {
    fn planned(&self) -> Planned {
        Planned {
            payouts: small(self.fresh.iter().map(|attempt| attempt.ordinals.len()).sum()),
            units: self.fresh.iter().map(|attempt| attempt.units).sum(),
            attempts: small(self.fresh.len()),
            retries: small(self.due.iter().map(|due| due.ordinals.len()).sum()),
        }
    }

    /// The places of the attempts that replace the dead one at this place, or of those that replace none.
    fn replacing(&self, dead: Option<usize>) -> Vec<usize> {
        (0..self.groups.len()).filter(|index| self.groups[*index].replaces == dead).collect()
    }

    /// The places of the singles of each attempt that is split.
    fn splits(&self) -> Vec<Vec<usize>> {
        let split = |(place, dead): (usize, &Due)| dead.split.then(|| self.replacing(Some(place)));
        self.due.iter().enumerate().filter_map(split).collect()
    }

    fn at(&self, places: &[usize]) -> Vec<&Attempt> {
        places.iter().map(|place| &self.fresh[*place]).collect()
    }
}

/// Plans attempts for the payouts of the batch that have none, or whose last one is dead and due again.
async fn intend(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    run: &Run,
    funding: &FundingAccount,
    batch: &DueBatch,
) -> Result<Intent, Error> {
    let first_time = batch.attempts == 0;
    let due = if first_time { Vec::new() } else { attempts::due(conn, batch).await? };
    let ordinals: Vec<u32> = if first_time {
        (batch.first_ordinal..batch.first_ordinal + batch.size).collect()
    } else if batch.adopted {
        attempts::never_intended(conn, batch).await?
    } else {
        Vec::new()
    };
    if ordinals.is_empty() && due.is_empty() {
        return Ok(Intent::default());
    }
    let payouts = instructions::range(conn, batch.run, run.load_id, batch.first_ordinal, batch.size).await?;
    let groups = plan(&ordinals, &due);
    let fresh = prepare(ctx, run, funding, batch, &payouts, &groups)?;
    Ok(Intent { fresh, groups, due })
}

/// Stores the attempts, makes them the live ones of their payouts and takes the leases. The statements do not depend on
/// each other and go to the database together.
async fn store(
    ctx: &Context,
    conn: &AsyncPgConnection,
    run: RunId,
    claimed: &[Claimed],
) -> Result<(), Error> {
    let fresh: Vec<(&DueBatch, &Attempt)> =
        claimed.iter().flat_map(|one| one.intent.fresh.iter().map(|attempt| (&one.batch, attempt))).collect();
    let take =
        async |one: &Claimed| claims::take(conn, &one.batch, ctx.tuning.lease(), one.intent.planned()).await;
    let inserted = async { Ok::<_, Error>(attempts::insert(conn, run, &fresh).await?) };
    let taken = async { Ok(try_join_all(claimed.iter().map(take)).await?) };
    try_join!(inserted, make_live(conn, run, claimed), taken)?;
    Ok(())
}

fn prepare(
    ctx: &Context,
    run: &Run,
    funding: &FundingAccount,
    batch: &DueBatch,
    payouts: &[Instruction],
    groups: &[Group],
) -> Result<Vec<Attempt>, Error> {
    let now = ctx.clock.now();
    let place = |ordinal: u32| usize::try_from(ordinal - batch.first_ordinal).unwrap_or(usize::MAX);
    let order = |group: &Group| {
        let instructions: Vec<Instruction> =
            group.ordinals.iter().map(|ordinal| payouts[place(*ordinal)]).collect();
        ctx.rail.prepare(Order {
            attempt: AttemptId::new(&*ctx.ids),
            run: batch.run,
            funding,
            asset: &run.header.asset,
            decimals: run.header.decimals,
            instructions: &instructions,
            group: group.clone(),
            now,
        })
    };
    groups.iter().map(order).collect()
}

/// First attempts are inserted as live ones; later ones take over from the dead one they replace, by compare-and-set.
async fn make_live(conn: &AsyncPgConnection, run: RunId, claimed: &[Claimed]) -> Result<(), Error> {
    let first: Vec<&Attempt> =
        claimed.iter().flat_map(|one| one.intent.at(&one.intent.replacing(None))).collect();
    if !first.is_empty() {
        attempts::insert_live(conn, run, &first).await?;
    }
    for Claimed { batch, intent, .. } in claimed {
        for (place, dead) in intent.due.iter().enumerate() {
            let successors = intent.at(&intent.replacing(Some(place)));
            if !attempts::replace(conn, batch, dead, &successors).await? {
                return Err(Error::Overtaken);
            }
        }
    }
    Ok(())
}

/// Commits that sending begins once more, for those attempts that may be sent: the lease is ours, the attempt is
/// undecided, the run is neither halted, cancelled nor paused. Returns these, and the others.
pub(super) async fn begin_again(
    ctx: &Context,
    run: RunId,
    batch: &DueBatch,
    unsent: Vec<Attempt>,
) -> Result<(Vec<Attempt>, Vec<Attempt>), Error> {
    let ids: Vec<AttemptId> = unsent.iter().map(|attempt| attempt.id).collect();
    let mut conn = ctx.conn().await?;
    let begun = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        let stored = runs::find_to_send(conn, run).await?.ok_or(Error::RunNotFound(run))?;
        if !stored.run.state.may_send() || pauses::holds(conn, run).await? {
            return Ok(Vec::new());
        }
        if !claims::lock_held(conn, batch).await? {
            return Err(Error::Overtaken);
        }
        let begun = attempts::begin_send(conn, batch, &ids).await?;
        here!("resend.before_commit");
        Ok(begun)
    })
    .await?;
    here!("resend.after_commit");
    let (mut again, held): (Vec<Attempt>, Vec<Attempt>) =
        unsent.into_iter().partition(|attempt| begun.contains(&attempt.id));
    // As stored now: it chooses the next node, which may know more than the one that did not answer.
    for attempt in &mut again {
        attempt.send_begins += 1;
    }
    Ok((again, held))
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("a batch has at most 1000 payouts")
}
