//! Freezes the balances and calculates what counts.

use std::time::Duration;

use entitlements::{Leaf, RootBuilder};
use futures::FutureExt as _;
use ids::Uuid;
use tokio::time::Instant;

use super::count::count;
use super::{NOW, Step};
use crate::app::calculate::{self, Calculated};
use crate::clients::{PeerError, SnapshotStatus};
use crate::domain::calculation::{Basis, Outcome};
use crate::domain::distribution::{
    Balances, Distribution, Entitlements, FromHolders, SnapshotChoice, SnapshotFacts, Source, Terms,
};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::state::State;
use crate::domain::treatment::HolderKind;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::entitlements::{Holding, Writer};
use crate::store::leases::Wake;
use crate::store::redemptions::Reservation;
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

/// Asks for the snapshot under the id that was committed with the distribution. A snapshot that was taken before, and a
/// list, are there.
pub(super) async fn ask(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    if let Source::Holders(terms) = &distribution.terms.source
        && let FromHolders { asset, record_time_ns, snapshot: SnapshotChoice::Own(id), .. } = **terms
    {
        let (holders, key) = (&step.app.holders, step.app.fresh_key());
        here!("snapshot.before_ask");
        let asked = holders.take(&step.actor, asset, record_time_ns, id, &key).await;
        if let Err(error) = asked {
            // What a schedule fires has a record time of just now.
            if error.is("INVALID_ARGUMENT") && record_time_ns > step.app.now_ns() - CLOCKS_APART_NS {
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
pub(super) async fn calculate(
    step: &Step<'_>,
    distribution: &Distribution,
    holders: &FromHolders,
) -> Result<Wake, Error> {
    let id = holders.snapshot.id();
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
        Ok(Some(SnapshotStatus::Ready(facts))) if facts.asset == holders.asset => {
            let terms = distribution.terms.with_source(holders.clone());
            return calculate_from(step, distribution, &terms, facts).await;
        }
        Ok(Some(SnapshotStatus::Failed { reason, .. })) => {
            let hint = match reason.as_str() {
                "MIRROR_BEHIND" => {
                    "The mirror node had not passed the record time; retry when it has caught up."
                }
                "STORED_BALANCES_TOO_OLD" => {
                    "The balances that the mirror node stored last are too old; retry when it stores them again, or allow older ones."
                }
                _ => "Balances could not be frozen; retry when the mirror node answers again.",
            };
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
    terms: &Terms<FromHolders>,
    facts: SnapshotFacts,
) -> Result<Wake, Error> {
    let calculating = calculate::calculate(step.app, &step.actor, terms, facts);
    let calculated = match step.unless_stopped(calculating).await {
        Err(Error::Calculation(error)) => return fail(step, error.failure()).await,
        Err(Error::Peer(error)) => return give_up_or_wait(step, error).await,
        calculated => calculated?,
    };
    let id = step.app.ids.uuid();
    let root = write(
        step,
        distribution,
        &calculated,
        &calculate::basis(terms, &facts, calculated.redeemed.as_ref(), &calculated.open),
        id,
    )
    .await?;
    let result = Entitlements {
        calculation: id,
        balances: Some(Balances { snapshot: facts.id, consensus_ns: facts.consensus_ns }),
        totals: calculated.calculation.totals,
        root,
        approvers: 0,
    };
    let reservation = calculated.redeemed.as_ref().map(|redeemed| Reservation {
        distribution: distribution.id,
        asset: terms.source.asset,
        calculation: id,
        payee_count: result.totals.payee_count,
        version: redeemed.version,
        consensus_ns: facts.consensus_ns,
        supply: facts.total_supply,
    });
    count(step, distribution, &result, reservation).await
}

/// Writes every holder's line under a calculation that does not count yet, and hashes the payees' on the way.
async fn write(
    step: &Step<'_>,
    distribution: &Distribution,
    calculated: &Calculated,
    basis: &Basis<'_>,
    calculation: Uuid,
) -> Result<[u8; 32], Error> {
    let mut writer = Writer::begin(&step.app.copy_url, calculation).await?;
    let mut root = RootBuilder::new();
    let (run, asset) = (distribution.run.as_uuid().into_bytes(), distribution.terms.payment_token.as_str());
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
            Outcome::Excluded(_) => 0,
            Outcome::Payee { .. }
            | Outcome::Zero
            | Outcome::Withheld
            | Outcome::Carried
            | Outcome::Held(_) => basis.counted(holder),
        };
        let holding =
            Holding { evm: holder.evm, balance: holder.balance, counted: basis.redeemed.map(|_| counted) };
        let holding = (holder.kind != HolderKind::Former).then_some(&holding);
        writer.write(holder.account, holding, line).await?;
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

pub(super) async fn fail(step: &Step<'_>, failure: Failure) -> Result<Wake, Error> {
    let now_ns = step.app.now_ns();
    step.change(|state| state.calculation_failed(failure, now_ns), Besides::default()).await?;
    Ok(Wake::Never)
}
