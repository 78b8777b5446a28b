//! Taking a lease, and committing intents with it: before this transaction has ended nothing is sent.

use diesel_async::AsyncPgConnection;
use ids::{AttemptId, RunId};

use crate::app::Context;
use crate::app::work::Work;
use crate::clients::hedera_rail::Order;
use crate::domain::attempt::Attempt;
use crate::domain::plan::{Due, Group, plan};
use crate::domain::run::Run;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::claims::{self, DueBatch, Planned};
use crate::store::funding_accounts::{self, FundingAccount};
use crate::store::instructions::{self, Instruction};
use crate::store::{StoreError, attempts, runs};

/// Leases the batch of `run` that is due; where the run may send, its payouts without a live attempt get one.
pub(super) async fn claim(ctx: &Context, run: RunId, slot: u32) -> Result<Option<Work>, Error> {
    let mut conn = ctx.conn().await?;
    let work =
        pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| claim_in(ctx, conn, run, slot).await)
            .await?;
    here!("intend.after_commit");
    Ok(work)
}

async fn claim_in(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    run: RunId,
    slot: u32,
) -> Result<Option<Work>, Error> {
    // Shared with other workers, exclusive with pause, cancel and halt: none of them is under way while we intend.
    let Some(stored) = runs::find_for_share(conn, run).await? else { return Ok(None) };
    let run = stored.run;
    if run.state.has_ended() || !claims::try_slot(conn, run.header.run, slot).await? {
        return Ok(None);
    }
    let Some(batch) = claims::lock_due(conn, run.header.run, slot).await? else { return Ok(None) };
    let funding = funding_accounts::find(conn, run.header.funding_account)
        .await?
        .ok_or_else(|| StoreError::inconsistent("run", run.header.run, "funding_account_id"))?;
    let open = if batch.attempts == 0 { Vec::new() } else { attempts::undecided(conn, &batch).await? };
    let (fresh, splits, planned) = if run.state.may_send() {
        intend(ctx, conn, &run, &funding, &batch).await?
    } else {
        Default::default()
    };
    if open.is_empty() && fresh.is_empty() {
        // Nothing to do after all: the run has halted or been cancelled since the batch became due.
        batches::recount(conn, run.header.run, Recount::One(batch.number)).await?;
        return Ok(None);
    }
    claims::take(conn, &batch, slot, ctx.tuning.lease(), planned).await?;
    here!("intend.before_commit");
    Ok(Some(Work { run, funding, batch, fresh, splits, open }))
}

type Intended = (Vec<Attempt>, Vec<Vec<usize>>, Planned);

/// Plans and stores attempts for the payouts of the batch that have none, or whose last one is dead and due again.
async fn intend(
    ctx: &Context,
    conn: &mut AsyncPgConnection,
    run: &Run,
    funding: &FundingAccount,
    batch: &DueBatch,
) -> Result<Intended, Error> {
    let header = &run.header;
    let first_time = batch.attempts == 0;
    let due = if first_time { Vec::new() } else { attempts::due(conn, batch).await? };
    if !first_time && due.is_empty() {
        return Ok(Intended::default());
    }
    let payouts = instructions::range(conn, header.run, run.load_id, batch.first_ordinal, batch.size).await?;
    let ordinals: Vec<u32> =
        if first_time { payouts.iter().map(|payout| payout.ordinal).collect() } else { Vec::new() };
    let groups = plan(&ordinals, &due);
    let fresh = prepare(ctx, run, funding, batch, &payouts, &groups)?;
    attempts::insert(conn, batch, &fresh).await?;
    let planned = Planned {
        payouts: small(fresh.iter().map(|attempt| attempt.ordinals.len()).sum()),
        units: fresh.iter().map(|attempt| attempt.units).sum(),
        attempts: small(fresh.len()),
        retries: small(due.iter().map(|due| due.ordinals.len()).sum()),
    };
    let splits = make_live(conn, header.run, &fresh, &groups, &due).await?;
    Ok((fresh, splits, planned))
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
async fn make_live(
    conn: &mut AsyncPgConnection,
    run: RunId,
    fresh: &[Attempt],
    groups: &[Group],
    due: &[Due],
) -> Result<Vec<Vec<usize>>, Error> {
    let of = |replaced: Option<AttemptId>| -> Vec<usize> {
        (0..groups.len()).filter(|index| groups[*index].replaces == replaced).collect()
    };
    let first: Vec<&Attempt> = of(None).into_iter().map(|index| &fresh[index]).collect();
    if !first.is_empty() {
        attempts::insert_live(conn, run, &first).await?;
    }
    let mut splits = Vec::new();
    for dead in due {
        let indexes = of(Some(dead.attempt));
        let successors: Vec<&Attempt> = indexes.iter().map(|index| &fresh[*index]).collect();
        if !attempts::replace(conn, run, dead.attempt, &successors).await? {
            return Err(Error::Overtaken);
        }
        if dead.split {
            splits.push(indexes);
        }
    }
    Ok(splits)
}

/// Commits that sending begins once more, for those attempts that may be sent: the lease is ours, the attempt is
/// undecided, the run is neither halted nor cancelled. Returns these, and the others.
pub(super) async fn begin_again(
    ctx: &Context,
    run: RunId,
    batch: &DueBatch,
    unsent: Vec<Attempt>,
) -> Result<(Vec<Attempt>, Vec<Attempt>), Error> {
    let ids: Vec<AttemptId> = unsent.iter().map(|attempt| attempt.id).collect();
    let mut conn = ctx.conn().await?;
    let begun = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        let stored = runs::find_for_share(conn, run).await?.ok_or(Error::RunNotFound(run))?;
        if !stored.run.state.may_send() {
            return Ok(Vec::new());
        }
        if !claims::lock_held(conn, batch).await? {
            return Err(Error::Overtaken);
        }
        Ok(attempts::begin_send(conn, run, &ids).await?)
    })
    .await?;
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
