//! Freezes the balances and calculates what counts.

use std::time::Duration;

use entitlements::{Leaf, RootBuilder};
use futures::FutureExt as _;
use ids::Uuid;
use tokio::time::Instant;

use super::{NOW, Step};
use crate::app::calculate::{self, Calculated};
use crate::clients::{PeerError, SnapshotStatus};
use crate::domain::calculation::Outcome;
use crate::domain::distribution::{Distribution, Entitlements, SnapshotChoice, SnapshotFacts};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::state::State;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::calculations;
use crate::store::entitlements::Writer;
use crate::store::leases::Wake;
use crate::store::redemptions::{self, Reservation};
use crate::store::states::Besides;

/// How often a snapshot that is being read is looked at.
const POLL: Duration = Duration::from_millis(100);
/// How long one step waits for it before others get their turn.
const WAIT: Duration = Duration::from_secs(30);
/// Looks in a row that came to nothing before the calculation is called failed: with the backoff, some eight minutes.
const MISSES_MAX: u32 = 20;
/// A record time may look like one in the future to another machine for as long as their clocks are apart.
const CLOCKS_APART_NS: i64 = 60 * 1_000_000_000;
/// Rows between two looks at the lease.
const ROWS_PER_LOOK: usize = 8_192;

/// Asks for the snapshot under the id that was committed with the distribution.
pub(super) async fn ask(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    let terms = &distribution.terms;
    if let SnapshotChoice::Own(id) = terms.snapshot {
        let (holders, key) = (&step.app.holders, step.app.fresh_key());
        here!("snapshot.before_ask");
        let asked = holders.take(&step.actor, terms.asset, terms.record_time_ns, id, &key).await;
        if let Err(error) = asked {
            // What a schedule fires has a record time of just now.
            if error.is("INVALID_ARGUMENT") && terms.record_time_ns > step.app.now_ns() - CLOCKS_APART_NS {
                return Err(error.into());
            }
            return give_up_or_wait(step, error).await;
        }
        here!("snapshot.after_ask");
    }
    step.change(State::snapshot_asked, Besides::default()).await?;
    Ok(NOW)
}

/// Calculates from the snapshot when it is ready.
pub(super) async fn calculate(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    let id = distribution.terms.snapshot.id();
    let until = Instant::now() + WAIT;
    let looked = loop {
        match step.app.holders.snapshot(&step.actor, id).await {
            Ok(Some(SnapshotStatus::Running { .. })) if Instant::now() < until => {
                step.unless_stopped(tokio::time::sleep(POLL).map(Ok)).await?;
            }
            looked => break looked,
        }
    };
    let failure = match looked {
        Ok(Some(SnapshotStatus::Running { .. })) => return Ok(Wake::After(POLL)),
        Ok(Some(SnapshotStatus::Ready(facts))) if facts.asset == distribution.terms.asset => {
            return calculate_from(step, distribution, facts).await;
        }
        Ok(Some(SnapshotStatus::Failed { reason, .. })) => {
            let hint = "Balances could not be frozen; retry when the mirror node answers again.";
            Failure::new(reason, FailureClass::Operator, hint)
        }
        Ok(Some(SnapshotStatus::Ready(_))) => Failure::new(
            "SNAPSHOT_INCONSISTENT",
            FailureClass::Bug,
            "Report it: the snapshot is of another asset.",
        ),
        Ok(None) => {
            let hint = "The holder service does not know the snapshot; retry, or create it anew.";
            Failure::new("SNAPSHOT_NOT_FOUND", FailureClass::Operator, hint)
        }
        Err(error) => return give_up_or_wait(step, error).await,
    };
    fail(step, failure).await
}

async fn calculate_from(
    step: &Step<'_>,
    distribution: &Distribution,
    facts: SnapshotFacts,
) -> Result<Wake, Error> {
    let calculating = calculate::calculate(step.app, &step.actor, &distribution.terms, facts);
    let calculated = match step.unless_stopped(calculating).await {
        Err(Error::Calculation(error)) => return fail(step, error.failure()).await,
        Err(Error::Peer(error)) => return give_up_or_wait(step, error).await,
        calculated => calculated?,
    };
    let id = step.app.ids.uuid();
    let root = write(step, distribution, &calculated, facts, id).await?;
    let result = Entitlements {
        calculation: id,
        snapshot: facts.id,
        consensus_ns: facts.consensus_ns,
        totals: calculated.calculation.totals,
        root,
    };
    let (now_ns, execute_now) = (step.app.now_ns(), distribution.terms.execute_now);
    let reservation = calculated.redeemed.as_ref().map(|redeemed| Reservation {
        distribution: distribution.id,
        asset: distribution.terms.asset,
        calculation: id,
        payee_count: result.totals.payee_count,
        version: redeemed.version,
        consensus_ns: facts.consensus_ns,
        supply: facts.total_supply,
    });
    let mut conn = step.app.conn().await?;
    let stored = pg::transaction(&mut conn, async |conn| {
        // Not when it was cancelled meanwhile; then nobody reads what was written.
        let counts = step.change_in(conn, |state| state.calculated(execute_now), &Besides::default()).await?;
        if counts {
            calculations::insert(conn, step.lease.id, &result, now_ns).await?;
            if let Some(reservation) = &reservation {
                redemptions::reserve(conn, reservation).await?;
            }
            here!("calculate.before_commit");
        }
        Ok::<_, Error>(())
    });
    match stored.await {
        // Another redemption took something of these holdings first: nothing is stored, and it is calculated again.
        Err(error) if error.is_overtaken() => Ok(NOW),
        Err(error) => Err(error),
        Ok(()) => {
            here!("calculate.after_commit");
            Ok(NOW)
        }
    }
}

/// Writes every holder's line under a calculation that does not count yet, and hashes the payees' on the way.
async fn write(
    step: &Step<'_>,
    distribution: &Distribution,
    calculated: &Calculated,
    facts: SnapshotFacts,
    calculation: Uuid,
) -> Result<[u8; 32], Error> {
    let mut writer = Writer::begin(&step.app.copy_url, calculation).await?;
    let mut root = RootBuilder::new();
    let (run, asset) = (distribution.run.as_uuid().into_bytes(), distribution.terms.payment_token.as_str());
    let basis = calculate::basis(&distribution.terms, &facts, calculated.redeemed.as_ref());
    let lines = calculated.holders.iter().zip(&calculated.calculation.lines);
    for (place, (holder, line)) in lines.enumerate() {
        if place % ROWS_PER_LOOK == 0 {
            step.go_on()?;
        }
        if let Some(ordinal) = line.outcome.ordinal() {
            let payee_key = &holder.account.payee_key();
            root.push(&Leaf { run, ordinal, payee_key, units: line.units, asset })?;
        }
        let counted = match line.outcome {
            Outcome::Payee { .. } | Outcome::Zero | Outcome::Held(_) => basis.counted(holder),
            Outcome::Excluded(_) => 0,
        };
        writer.write(holder, line, basis.redeemed.map(|_| counted)).await?;
    }
    writer.finish().await?;
    Ok(root.finish())
}

/// A refusal ends the calculation; silence ends it after many looks.
async fn give_up_or_wait(step: &Step<'_>, error: PeerError) -> Result<Wake, Error> {
    if !error.is_refusal() && step.lease.misses < MISSES_MAX {
        return Err(error.into());
    }
    tracing::warn!(distribution = %step.lease.id, %error, "calculation given up");
    let (class, hint) = if error.is_refusal() {
        (FailureClass::Operator, "The holder service refused; end its reason, then retry.")
    } else {
        (FailureClass::Retryable, "The holder service gave no answer; retry when it does.")
    };
    fail(step, Failure::new(error.reason(), class, hint)).await
}

async fn fail(step: &Step<'_>, failure: Failure) -> Result<Wake, Error> {
    let now_ns = step.app.now_ns();
    step.change(|state| state.calculation_failed(failure, now_ns), Besides::default()).await?;
    Ok(Wake::Never)
}
