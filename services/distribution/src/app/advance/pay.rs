//! Hands the run over until execution has it, and follows it to its end.
//!
//! The run's id is the key: whether a handover was lost, repeated or sent by two replicas, execution has one run. This
//! job alone starts runs, and only in state ONGOING; a cancelled one is refused by execution's tombstone.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{NOW, Step};
use crate::app::settle::{self, Settlement};
use crate::app::{read, run_report};
use crate::clients::{Handover, PeerError, RunHeader, RunView};
use crate::domain::distribution::{Distribution, Entitlements};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::run_news::RunNews;
use crate::domain::state::State;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::entitlements::{self, Payee};
use crate::store::leases::Wake;
use crate::store::listed_payees;
use crate::store::states::{self, Besides};
use crate::store::{Inconsistent, StoreError};

/// Payees read and sent at a time.
const CHUNK: u32 = 2_000;
/// Chunks that may wait to be sent: memory stays flat however long the list.
const CHUNKS_AHEAD: usize = 2;
/// How long one look follows a run before others get their turn.
const FOLLOW: Duration = Duration::from_secs(30);
/// Pause after following, so that a stream that ends at once does not spin.
const PAUSE: Duration = Duration::from_millis(250);
/// How often a halted run is looked at: what was in flight still changes its numbers.
const LOOK: Duration = Duration::from_secs(5);

/// Starts the run unless execution has it, and follows it.
pub(super) async fn pay(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    if distribution.entitlements.is_some_and(|result| result.totals.payee_count == 0) {
        // Everything it owes is carried forward: there is no run to hand over.
        let now_ns = step.app.now_ns();
        step.change(|state| state.run_reported(RunNews::Completed, now_ns), Besides::default()).await?;
        return Ok(NOW);
    }
    let view = if let Some(view) = step.app.execution.run(&step.actor, distribution.run).await? {
        view
    } else {
        here!("start.before");
        let started = Box::pin(start(step, distribution)).await;
        here!("start.after");
        match started {
            Err(Error::Peer(error)) if error.is_refusal() => return refused(step, &error).await,
            started => started?,
        }
    };
    let state = record(step, distribution, &view).await?;
    follow(step, distribution, state).await
}

/// Tells execution to try again, and goes on following.
pub(super) async fn tell_retry(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    let key = step.app.fresh_key();
    match step.app.execution.retry(&step.actor, distribution.run, &key).await {
        // It was never handed over, or has nothing to try again: following finds out which.
        Err(error) if error.is_not_found() || error.is("RUN_NOT_RETRYABLE") => {}
        answer => {
            answer?;
        }
    }
    step.change(State::retried, Besides::default()).await?;
    Ok(NOW)
}

/// Tells execution to cancel, and follows what is in flight.
pub(super) async fn tell_cancel(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    let (run, reason, key) = (distribution.run, &distribution.cancel_reason, step.app.fresh_key());
    let view = match step.app.execution.cancel(&step.actor, run, reason, &key).await {
        Err(error) if error.is_not_found() => {
            return never_started(step, distribution).await;
        }
        Err(error) if error.is("RUN_ENDED") => {
            let ended = step.app.execution.run(&step.actor, run).await?;
            ended.ok_or(error)?
        }
        answer => answer?,
    };
    let state = record(step, distribution, &view).await?;
    follow(step, distribution, state).await
}

/// Execution has no such run and refuses it for ever: what a redemption has reserved is given back.
async fn never_started(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    let now_ns = step.app.now_ns();
    let mut conn = step.app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        let ended = step.change_in(conn, |state| state.never_started(now_ns), &Besides::default()).await?;
        if ended {
            settle::settle(conn, distribution, &Settlement::NothingSent, now_ns).await?;
        }
        Ok::<_, Error>(())
    })
    .await?;
    Ok(Wake::Never)
}

/// Looks at a run that waits for an operator.
pub(super) async fn look(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    if let Some(view) = step.app.execution.run(&step.actor, distribution.run).await? {
        record(step, distribution, &view).await?;
    }
    Ok(Wake::After(LOOK))
}

/// Looks at a run that has ended: what is shown of it changes when others supersede payouts of it, and it goes on when
/// payouts of it are retried.
pub(super) async fn look_back(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    // Nothing of a redemption is superseded, so that one which is cancelled stays as it is.
    let over = distribution.state.ended_for_good() && distribution.terms.redeems().is_some();
    if distribution.report.is_some()
        && !over
        && let Some(view) = step.app.execution.run(&step.actor, distribution.run).await?
        && !matches!(
            record(step, distribution, &view).await?,
            State::RunFailed { .. } | State::Cancelled { .. }
        )
    {
        return Ok(NOW);
    }
    Ok(Wake::Never)
}

/// Records what execution says, from the state that is locked; returns the state as it is now.
async fn record(step: &Step<'_>, distribution: &Distribution, view: &RunView) -> Result<State, Error> {
    // Asked before anything is locked. A run that has ended this way never changes any more.
    let settlement = settlement(step, distribution, &view.news).await?;
    let now_ns = step.app.now_ns();
    let mut conn = step.app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        let locked = step.lease.lock(conn).await?;
        if let Some(version) = run_report::write(conn, distribution, &locked, &view.report).await? {
            step.lease.saw(version);
        }
        match locked.state.run_reported(view.news.clone(), now_ns) {
            Some(next) if next != locked.state => {
                step.lease.saw(states::set(conn, step.lease.id, &next, &Besides::default()).await?);
                if let Some(settlement) = &settlement {
                    settle::settle(conn, distribution, settlement, now_ns).await?;
                }
                Ok(next)
            }
            Some(_) | None => Ok(locked.state),
        }
    })
    .await
}

/// How the payouts ended of what has something reserved, when the run has ended for good. One that failed can be retried, so that everything
/// stays reserved.
async fn settlement(
    step: &Step<'_>,
    distribution: &Distribution,
    news: &RunNews,
) -> Result<Option<Settlement>, Error> {
    let Some(result) = distribution.entitlements.filter(|_| distribution.reserves()) else {
        return Ok(None);
    };
    match news {
        RunNews::Completed => Ok(Some(Settlement::AllPaid)),
        RunNews::Cancelled => {
            let count = result.totals.payee_count;
            let fates = step.app.execution.fates(&step.actor, distribution.run, count);
            Ok(Some(Settlement::Each(fates.await?)))
        }
        RunNews::Running
        | RunNews::Paused(_)
        | RunNews::Halted(_)
        | RunNews::Cancelling
        | RunNews::Failed(_) => Ok(None),
    }
}

/// Follows the run while it goes on, for a while. A break is no news: the next look asks again.
async fn follow(step: &Step<'_>, distribution: &Distribution, state: State) -> Result<Wake, Error> {
    if !matches!(state, State::Ongoing | State::Paused(_) | State::Cancelling) {
        return Ok(NOW);
    }
    let until = Instant::now() + FOLLOW;
    let mut views = step.app.execution.watch(&step.actor, distribution.run).await?;
    loop {
        let view = tokio::select! {
            view = views.next() => view,
            () = tokio::time::sleep_until(until) => None,
            () = step.stop.cancelled() => None,
        };
        let Some(Ok(view)) = view else { return Ok(Wake::After(PAUSE)) };
        // A state changed by a person, or by the run's end, is another step's.
        if record(step, distribution, &view).await? != state {
            return Ok(NOW);
        }
    }
}

/// Streams the run. Nothing of it is payable unless all of it arrives while the lease is ours.
async fn start(step: &Step<'_>, distribution: &Distribution) -> Result<RunView, Error> {
    let missing =
        || Inconsistent { table: "calculation", row: distribution.id.to_string(), column: "calculation_id" };
    let result = distribution.entitlements.as_ref().ok_or_else(|| StoreError::from(missing()))?;
    let (sender, payees) = mpsc::channel(CHUNKS_AHEAD);
    let supersedes = match distribution.terms.rerun_of() {
        None => None,
        Some(old) => Some(read::get_distribution(step.app, old).await?.run),
    };
    let call = async {
        let header = RunHeader { supersedes, ..header(distribution, result) };
        let view = step.app.execution.start(&step.actor, header, payees).await;
        view.map_err(Error::from)
    };
    let handed_over = async {
        // An early refusal ends the reading; a failed reading ends the call.
        let (view, ()) = futures::try_join!(call, hand_over(step, distribution, result, sender))?;
        Ok(view)
    };
    step.unless_stopped(handed_over).await
}

async fn hand_over(
    step: &Step<'_>,
    distribution: &Distribution,
    result: &Entitlements,
    sender: mpsc::Sender<Handover>,
) -> Result<(), Error> {
    let mut after = None;
    let mut handed = 0;
    while handed < result.totals.payee_count {
        let chunk = {
            let mut conn = step.app.conn().await?;
            let mut chunk = entitlements::payees(&mut conn, result.calculation, after, CHUNK).await?;
            if distribution.terms.rerun_of().is_some() {
                let accounts: Vec<_> = chunk.iter().map(|payee| payee.account).collect();
                let replaced = listed_payees::replaced(&mut conn, distribution.id, &accounts).await?;
                chunk.iter_mut().zip(replaced).for_each(|(payee, old)| payee.supersedes = Some(old));
            }
            chunk
        };
        handed = follows_on(result, handed, &chunk)?;
        after = chunk.last().map(|payee| payee.account);
        step.go_on()?;
        if sender.send(Handover::Payees(chunk)).await.is_err() {
            // The call is over, and says why itself.
            return Ok(());
        }
    }
    step.go_on()?;
    // Nobody listens any more when the call is over.
    let _ = sender.send(Handover::End).await;
    Ok(())
}

/// How many payees were handed over with this chunk, which has to go on without a gap.
fn follows_on(result: &Entitlements, handed: u32, chunk: &[Payee]) -> Result<u32, StoreError> {
    let gapless = (handed..).zip(chunk).all(|(ordinal, payee)| ordinal == payee.ordinal);
    let length = u32::try_from(chunk.len()).ok().filter(|length| *length > 0 && gapless);
    let row = || result.calculation.to_string();
    let wrong = || Inconsistent { table: "entitlement", row: row(), column: "ordinal" };
    Ok(handed + length.ok_or_else(wrong)?)
}

fn header(distribution: &Distribution, result: &Entitlements) -> RunHeader {
    let terms = &distribution.terms;
    RunHeader {
        run: distribution.run,
        distribution: distribution.id,
        held_asset: terms.asset(),
        funding_account: terms.funding_account,
        asset: terms.payment_token.clone(),
        decimals: terms.payment_decimals,
        count: result.totals.payee_count,
        total: result.totals.payable(),
        root: result.root,
        batch_size: terms.batch_size,
        parallelism: terms.parallelism,
        retry: terms.retry,
        supersedes: None,
    }
}

async fn refused(step: &Step<'_>, error: &PeerError) -> Result<Wake, Error> {
    tracing::warn!(distribution = %step.lease.id, %error, "execution refuses the run");
    let hint = if error.is("PREDECESSOR_NOT_REPLACEABLE") {
        format!(
            "Nothing was sent: {}. Cancel this distribution, which leaves the old payouts as they are, and rerun again.",
            error.message()
        )
    } else {
        "Execution refuses the run; end its reason, then retry.".to_owned()
    };
    let failure = Failure::new(error.reason(), FailureClass::Operator, hint);
    step.change(|state| state.start_refused(failure), Besides::default()).await?;
    Ok(NOW)
}
