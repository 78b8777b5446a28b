//! Says what a distribution would come to. Nothing is created but a snapshot, which can be reused.

use std::time::Duration;

use auth::Actor;
use ids::SnapshotId;
use tokio::time::Instant;

use super::calculate::{self, Calculated};
use super::{App, Draft};
use crate::clients::SnapshotStatus;
use crate::domain::account::{Account, EvmAddress};
use crate::domain::calculation::{Outcome, Totals, would_get};
use crate::domain::distribution::{FromHolders, SnapshotFacts, Terms};
use crate::domain::preview::{Finding, Quote, dust_count, findings, largest_unpaid};
use crate::domain::treatment::{Reason, Treatment};
use crate::error::Error;

/// How often a snapshot that is being read is looked at.
const POLL: Duration = Duration::from_millis(200);

/// What a distribution would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Preview {
    /// What was asked for.
    pub terms: Terms<FromHolders>,
    /// The snapshot it was calculated from.
    pub snapshot: SnapshotFacts,
    /// What it comes to.
    pub totals: Totals,
    /// The largest holders that are not paid.
    pub unpaid: Vec<Unpaid>,
    /// Payees who get next to nothing.
    pub dust_count: u32,
    /// What it would cost, and what is there.
    pub quote: Quote,
    /// What people should know.
    pub findings: Vec<Finding>,
}

/// A holder that is not paid, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unpaid {
    /// Who.
    pub account: Account,
    /// Its EVM address as of the snapshot.
    pub evm: EvmAddress,
    /// Smallest units held.
    pub balance: u128,
    /// What happens with it.
    pub treatment: Treatment,
    /// Why it is not paid.
    pub reason: Reason,
    /// What it would get if it were paid; none where that is out of range.
    pub units: Option<u128>,
}

/// Checks the draft, takes or reuses a snapshot, waits for it, calculates, and asks what the run would cost.
pub(crate) async fn preview_distribution(app: &App, actor: &Actor, draft: Draft) -> Result<Preview, Error> {
    let checked = draft.check(app, actor).await?;
    let snapshot = match checked.reused {
        Some(facts) => facts,
        None => take_snapshot(app, actor, &checked.terms).await?,
    };
    let terms = checked.terms;
    let calculated = calculate::calculate(app, actor, &terms, snapshot).await?;
    let Calculated { holders, calculation, redeemed, .. } = &calculated;
    let totals = calculation.totals;
    let quote = app
        .execution
        .quote(actor, terms.funding_account, &terms.payment_token, totals.payee_count, totals.entitled)
        .await?;
    let dust_count = dust_count(calculation, terms.payment_token.parts(), &quote);
    let basis = calculate::basis(&terms, &snapshot, redeemed.as_ref());
    let unpaid = largest_unpaid(holders, calculation).into_iter().filter_map(|place| {
        let (holder, line) = (&holders[place], &calculation.lines[place]);
        let units = match line.outcome {
            Outcome::Excluded(_) => would_get(basis.counted(holder), calculation.eligible, &basis),
            Outcome::Payee { .. } | Outcome::Zero | Outcome::Held(_) => Some(line.units),
        };
        Some(Unpaid {
            account: holder.account,
            evm: holder.evm,
            balance: holder.balance,
            treatment: line.outcome.treatment(),
            reason: line.outcome.reason()?,
            units,
        })
    });
    let unpaid = unpaid.collect();
    let findings = findings(&totals, &quote, dust_count, snapshot.consensus_ns, terms.source.record_time_ns);
    Ok(Preview { terms, snapshot, totals, unpaid, dust_count, quote, findings })
}

async fn take_snapshot(app: &App, actor: &Actor, terms: &Terms<FromHolders>) -> Result<SnapshotFacts, Error> {
    let holders = &terms.source;
    let id: SnapshotId = holders.snapshot.id();
    let until = Instant::now() + app.preview_wait;
    let key = app.fresh_key();
    let mut status = app.holders.take(actor, holders.asset, holders.record_time_ns, id, &key).await?;
    loop {
        match status {
            SnapshotStatus::Ready(facts) => return Ok(facts),
            SnapshotStatus::Failed { reason, .. } => return Err(Error::SnapshotFailed { id, reason }),
            SnapshotStatus::Running { .. } if Instant::now() >= until => {
                return Err(Error::SnapshotNotReady(id));
            }
            SnapshotStatus::Running { .. } => tokio::time::sleep(POLL).await,
        }
        status = app.holders.snapshot(actor, id).await?.ok_or(Error::SnapshotNotFound(id))?;
    }
}
