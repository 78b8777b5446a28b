//! Taking a run over: instructions first, under a load nobody reads; then one transaction makes them payable.

use std::collections::VecDeque;

use diesel_async::AsyncPgConnection;
use entitlements::{Leaf, RootBuilder};
use ids::{PayoutId, RunId};
use service_kit::error::{Detail, Problem};
use tonic::Code;
use uuid::Uuid;

use crate::app::{Context, forget_loads, sweep};
use crate::domain::limits::Limits;
use crate::domain::run::{Header, Run, RunState};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::instructions::{Instruction, Load};
use crate::store::runs::{StoredRun, same_header};
use crate::store::supersessions::{self, Successor};
use crate::store::{funding_accounts, limits, loads, pauses, runs, sweeps};

/// How many of the payouts that cannot be replaced are named.
const NAMED_MAX: u32 = 10;

/// Instructions as they arrive, chunk by chunk; none when the stream has ended as it should.
pub trait Instructions: Send {
    /// The next chunk.
    fn next(&mut self) -> impl Future<Output = Result<Option<VecDeque<Instruction>>, Error>> + Send;
}

/// Makes a run payable when run id, count, total and root are all as declared. A run that is there is returned.
pub async fn start_run(
    ctx: &Context,
    header: &Header,
    header_hash: &[u8; 32],
    instructions: impl Instructions,
) -> Result<(), Error> {
    let mut conn = ctx.conn().await?;
    if let Some(stored) = runs::find(&mut conn, header.run).await? {
        return is_same(&stored, header_hash);
    }
    let limits = check_header(ctx, &mut conn, header).await?;
    refuse_buried(&mut conn, header).await?;
    if let Some(old) = header.supersedes {
        refuse_while_swept(&mut conn).await?;
        runs::find(&mut conn, old).await?.ok_or(Error::RunNotFound(old))?;
    }
    drop(conn);
    here!("start_run.before_copy");
    let load = ctx.ids.uuid();
    let inserted = take_over(ctx, (header, header_hash), limits, load, instructions).await;
    if !matches!(inserted, Ok(true)) {
        forget_loads::forget(ctx, load).await;
    }
    if !inserted? {
        let stored = runs::find(&mut *ctx.conn().await?, header.run).await?;
        return is_same(&stored.ok_or(Error::RunNotFound(header.run))?, header_hash);
    }
    ctx.wake.notify_waiters();
    Ok(())
}

/// Stores the instructions and makes the run payable; false where it is there already.
async fn take_over(
    ctx: &Context,
    (header, header_hash): (&Header, &[u8; 32]),
    limits: Limits,
    load_id: Uuid,
    instructions: impl Instructions,
) -> Result<bool, Error> {
    let largest = load(ctx, header, limits, load_id, instructions).await?;
    let mut conn = ctx.conn().await?;
    let inserted = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
        // Limits that were set, and what a sweep has found, before this transaction count in it.
        pauses::lock_shared(conn).await?;
        runs::lock_id(conn, header.run).await?;
        refuse_buried(conn, header).await?;
        let old = predecessor(conn, header).await?;
        let inserted = runs::insert(conn, header, header_hash, load_id).await?;
        if inserted {
            if !loads::end(conn, load_id).await? {
                return Err(Error::Overtaken);
            }
            let limits = limits_of(conn, header).await?;
            refuse_run_beyond(&limits, header)?;
            refuse_payout_beyond(&limits, largest.ordinal, largest.units)?;
            batches::insert_all(conn, header, load_id).await?;
            if let Some(old) = &old {
                supersede(conn, header, load_id, &old.run).await?;
                here!("supersede.before_commit");
            }
            // A restored database may have forgotten this very run, and what it paid; or another that this one repeats.
            if !sweep::adopt_waiting(conn, header.run).await? {
                sweep::halt_new(conn, &*ctx.ids, header).await?;
            }
        }
        here!("start_run.before_commit");
        Ok::<_, Error>(inserted)
    })
    .await?;
    if header.supersedes.is_some() {
        here!("supersede.after_commit");
    }
    here!("start_run.after_commit");
    Ok(inserted)
}

/// The run whose payouts are replaced, alone: until this transaction ends nobody retries them or intends anything of it.
async fn predecessor(conn: &mut AsyncPgConnection, header: &Header) -> Result<Option<StoredRun>, Error> {
    let Some(old) = header.supersedes else { return Ok(None) };
    refuse_while_swept(conn).await?;
    runs::find_for_update(conn, old).await?.ok_or(Error::RunNotFound(old)).map(Some)
}

/// What a restored database calls unpaid may have been paid.
async fn refuse_while_swept(conn: &mut AsyncPgConnection) -> Result<(), Error> {
    if sweeps::holds(conn).await? {
        let message = "the database was restored or failed over; what was paid is looked for";
        return Err(Problem::unavailable("SWEEPING", message).into());
    }
    Ok(())
}

/// Makes every instruction the one successor of the payout that it names, or none of them.
async fn supersede(
    conn: &mut AsyncPgConnection,
    header: &Header,
    load: Uuid,
    old: &Run,
) -> Result<(), Error> {
    let (id, new) = (old.header.run, Successor { run: header.run, load });
    batches::lock_all(conn, id).await?;
    let moved = supersessions::supersede(conn, old, new).await?;
    if moved != u64::from(header.count) {
        let first = supersessions::not_replaced(conn, id, new, NAMED_MAX).await?;
        return Err(not_replaceable(id, u64::from(header.count) - moved, &first));
    }
    batches::recount(conn, id, Recount::All).await?;
    if old.state == RunState::Failed && !batches::any_failed(conn, id).await? {
        runs::set_state(conn, id, RunState::Completed, None).await?;
    }
    tracing::info!(run = %header.run, superseded = %id, payouts = moved, "payouts were superseded");
    Ok(())
}

fn not_replaceable(old: RunId, count: u64, first: &[u32]) -> Error {
    let first: Vec<String> =
        first.iter().map(|ordinal| PayoutId { run: old, ordinal: *ordinal }.to_string()).collect();
    let first = first.join(",");
    let message = format!(
        "{count} of the payouts to replace are not proven unpaid for good, or are replaced already; the first: {first}"
    );
    Problem::user(Code::FailedPrecondition, "PREDECESSOR_NOT_REPLACEABLE", message)
        .with(Detail::Meta("count", count.to_string()))
        .with(Detail::Meta("first", first))
        .into()
}

/// A run that was cancelled before it came is never started.
async fn refuse_buried(conn: &mut AsyncPgConnection, header: &Header) -> Result<(), Error> {
    if runs::is_buried(conn, header.run).await? {
        return Err(Error::refused("RUN_CANCELLED", format!("{} was cancelled before it came", header.run)));
    }
    Ok(())
}

fn is_same(stored: &StoredRun, header_hash: &[u8; 32]) -> Result<(), Error> {
    if same_header(stored, header_hash) {
        return Ok(());
    }
    Err(Error::exists("RUN_ID_TAKEN", format!("{} is another run", stored.run.header.run)))
}

async fn check_header(ctx: &Context, conn: &mut AsyncPgConnection, header: &Header) -> Result<Limits, Error> {
    if header.asset.network() != Some(ctx.network) {
        let message = format!("{} is not on the network {}", header.asset.as_str(), ctx.network);
        return Err(Error::refused("NETWORK_MISMATCH", message));
    }
    let funding = header.funding_account;
    funding_accounts::find(conn, funding).await?.ok_or(Error::FundingAccountNotFound(funding))?;
    let limits = limits_of(conn, header).await?;
    refuse_run_beyond(&limits, header)?;
    Ok(limits)
}

async fn limits_of(conn: &mut AsyncPgConnection, header: &Header) -> Result<Limits, Error> {
    let set = limits::latest(conn, header.funding_account, &header.asset).await?;
    Ok(set.map(|set| set.limits).unwrap_or_default())
}

fn refuse_run_beyond(limits: &Limits, header: &Header) -> Result<(), Error> {
    if limits.per_run.is_some_and(|limit| header.total_units > limit) {
        let (total, funding) = (header.total_units, header.funding_account);
        let message = format!("{total} is more than one distribution may pay from {funding}");
        return Err(Error::refused("LIMIT_PER_RUN_EXCEEDED", message));
    }
    Ok(())
}

fn refuse_payout_beyond(limits: &Limits, ordinal: u32, units: u128) -> Result<(), Error> {
    if limits.per_payout.is_some_and(|limit| units > limit) {
        let message = format!("instructions[{ordinal}] is more than one payout may be");
        return Err(Error::refused("LIMIT_PER_PAYOUT_EXCEEDED", message));
    }
    Ok(())
}

/// Checks and writes the instructions; nothing is stored unless all of them are as declared. Returns the largest.
async fn load(
    ctx: &Context,
    header: &Header,
    limits: Limits,
    load_id: Uuid,
    mut chunks: impl Instructions,
) -> Result<Largest, Error> {
    loads::begin(&mut *ctx.conn().await?, header.run, load_id).await?;
    let mut check = Check::new(header, limits);
    let mut load = Load::begin(&ctx.db_url, header.run, load_id).await?;
    while let Some(chunk) = chunks.next().await? {
        for instruction in chunk {
            check.push(&instruction)?;
            load.push(instruction).await?;
        }
    }
    let largest = check.finish()?;
    load.finish().await?;
    Ok(largest)
}

/// The instruction that pays the most, or the first of those that do.
#[derive(Clone, Copy, Default)]
struct Largest {
    ordinal: u32,
    units: u128,
}

/// Compares what arrives with what was declared.
struct Check<'a> {
    header: &'a Header,
    limits: Limits,
    root: RootBuilder,
    total: u128,
    largest: Largest,
    last_account: u64,
}

impl<'a> Check<'a> {
    fn new(header: &'a Header, limits: Limits) -> Self {
        Self {
            header,
            limits,
            root: RootBuilder::new(),
            total: 0,
            largest: Largest::default(),
            last_account: 0,
        }
    }

    fn push(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let at = |field: &str| format!("instructions[{}].{field}", instruction.ordinal);
        if self.root.len() >= u64::from(self.header.count) {
            return Err(mismatch("COUNT_MISMATCH", "more instructions than declared"));
        }
        if u64::from(instruction.ordinal) != self.root.len() {
            let expected = format!("the next ordinal is {}", self.root.len());
            return Err(Problem::field(at("ordinal"), "OUT_OF_ORDER", expected).into());
        }
        if instruction.account <= self.last_account {
            let rule = "payees ascend by account number, each once";
            return Err(Problem::field(at("recipient"), "PAYEES_NOT_ASCENDING", rule).into());
        }
        if instruction.supersedes.is_some() != self.header.supersedes.is_some() {
            let rule =
                "every instruction of a run that supersedes another names a payout of it, and no other does";
            return Err(Problem::field(at("supersedes"), "PREDECESSOR_MISMATCH", rule).into());
        }
        self.last_account = instruction.account;
        refuse_payout_beyond(&self.limits, instruction.ordinal, instruction.units)?;
        if instruction.units > self.largest.units {
            self.largest = Largest { ordinal: instruction.ordinal, units: instruction.units };
        }
        self.total = self
            .total
            .checked_add(instruction.units)
            .ok_or_else(|| mismatch("TOTAL_MISMATCH", "the instructions' sum is out of range"))?;
        let leaf = Leaf {
            run: *self.header.run.as_uuid().as_bytes(),
            ordinal: instruction.ordinal,
            payee_key: &instruction.account.to_be_bytes(),
            units: instruction.units,
            asset: self.header.asset.as_str(),
        };
        self.root.push(&leaf).map_err(|_| mismatch("ROOT_MISMATCH", "an instruction cannot be hashed"))
    }

    fn finish(self) -> Result<Largest, Error> {
        if self.root.len() != u64::from(self.header.count) {
            return Err(mismatch("COUNT_MISMATCH", "fewer instructions than declared"));
        }
        if self.total != self.header.total_units {
            return Err(mismatch("TOTAL_MISMATCH", "the instructions' sum is not the declared total"));
        }
        if self.root.finish() != self.header.entitlement_root {
            return Err(mismatch("ROOT_MISMATCH", "the instructions' root is not the declared one"));
        }
        Ok(self.largest)
    }
}

fn mismatch(reason: &'static str, message: &str) -> Error {
    Problem::user(Code::InvalidArgument, reason, message).into()
}
