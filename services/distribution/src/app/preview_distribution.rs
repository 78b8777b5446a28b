//! Says what a distribution would come to. Nothing is created but a snapshot, which can be reused.

use std::time::Duration;

use auth::Actor;
use ids::SnapshotId;
use tokio::time::Instant;

use super::calculate::{self, Calculated};
use super::check_payees::{self, PayeeChecks, check_payees};
use super::compare_previous::{Duplicate, compare_previous, find_duplicates};
use super::forecast_funding::{self, forecast_funding};
use super::{App, Draft, approval};
use crate::clients::SnapshotStatus;
use crate::domain::account::{Account, EvmAddress};
use crate::domain::calculation::{Outcome, Totals, would_get};
use crate::domain::comparison::Comparison;
use crate::domain::distribution::{FromHolders, SnapshotFacts, Terms};
use crate::domain::forecast::Forecast;
use crate::domain::preview::{Finding, Quote, dust_count, findings, largest_unpaid};
use crate::domain::treatment::{Reason, Treatment};
use crate::error::Error;
use crate::store::outlook::Previous;

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
    /// Whether payees could receive.
    pub checks: PayeeChecks,
    /// Other distributions that may be this one.
    pub duplicates: Vec<Duplicate>,
    /// The previous occurrence and what is different from it.
    pub previous: Option<(Previous, Comparison)>,
    /// From which change on a payee's amount counts as different, in millionths of the previous amount.
    pub threshold_ppm: u32,
    /// What upcoming distributions take from the funding account.
    pub forecast: Forecast,
    /// How many people would have to approve it.
    pub approvers: u8,
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

/// Checks the draft, takes or reuses a snapshot, waits for it, calculates, asks what the run would cost, and looks at what
/// was before it, beside it and after it.
pub(crate) async fn preview_distribution(
    app: &App,
    actor: &Actor,
    draft: Draft,
    threshold_ppm: u32,
) -> Result<Preview, Error> {
    let checked = draft.check(app, actor).await?;
    let snapshot = match checked.reused {
        Some(facts) => facts,
        None => take_snapshot(app, actor, &checked.terms).await?,
    };
    let terms = checked.terms;
    let calculated = calculate::calculate(app, actor, &terms, snapshot).await?;
    let totals = calculated.calculation.totals;
    let quote = app
        .execution
        .quote(actor, terms.funding_account, &terms.payment_token, totals.payee_count, totals.payable())
        .await?;
    let dust_count = dust_count(&calculated.calculation, terms.payment_token.parts(), &quote);
    let unpaid = unpaid(&terms, &snapshot, &calculated);
    let payees = payees(&calculated);
    let duplicates = find_duplicates(app, &terms, &payees).await?;
    let previous = compare_previous(app, &terms, &payees, threshold_ppm).await?;
    let forecast = forecast_funding(app, &terms, &quote).await?;
    let payees = check_payees::largest(payees);
    // Its place in memory is not kept while the network is asked.
    drop(calculated);
    let checks = check_payees(app, actor, &terms.payment_token, &payees, totals.payee_count).await;
    let mut findings =
        findings(&totals, &quote, dust_count, snapshot.consensus_ns, terms.source.record_time_ns);
    findings.extend(checks.findings());
    findings.extend(duplicates.iter().map(Duplicate::finding));
    findings.extend(forecast_funding::finding(&forecast, &quote, app.now_ns()));
    let need =
        approval::need(&mut *app.conn().await?, terms.kind, &terms.payment_token, totals.payable()).await?;
    Ok(Preview {
        terms,
        snapshot,
        totals,
        unpaid,
        dust_count,
        quote,
        findings,
        checks,
        duplicates,
        previous,
        threshold_ppm,
        forecast,
        approvers: need.approvers,
    })
}

fn unpaid(terms: &Terms<FromHolders>, snapshot: &SnapshotFacts, calculated: &Calculated) -> Vec<Unpaid> {
    let Calculated { holders, calculation, redeemed, open, .. } = calculated;
    let basis = calculate::basis(terms, snapshot, redeemed.as_ref(), open);
    let unpaid = largest_unpaid(holders, calculation).into_iter().filter_map(|place| {
        let (holder, line) = (&holders[place], &calculation.lines[place]);
        let units = match line.outcome {
            Outcome::Excluded(_) => would_get(basis.counted(holder), calculation.eligible, &basis),
            Outcome::Carried => Some(line.carried),
            Outcome::Payee { .. } | Outcome::Zero | Outcome::Withheld | Outcome::Held(_) => Some(line.units),
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
    unpaid.collect()
}

/// Who is paid how much, ascending by account.
fn payees(calculated: &Calculated) -> Vec<(Account, u128)> {
    let lines = calculated.holders.iter().zip(&calculated.calculation.lines);
    let payees = lines.filter(|(_, line)| line.outcome.ordinal().is_some());
    payees.map(|(holder, line)| (holder.account, line.units)).collect()
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
