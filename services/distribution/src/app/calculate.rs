//! From a snapshot that is ready to who is owed what; the same for a preview and for what counts.

use std::sync::Arc;

use auth::Actor;
use tokio::sync::OwnedSemaphorePermit;

use super::App;
use crate::domain::calculation::{self, Basis, Calculation, Holder};
use crate::domain::deduction::OpenCarries;
use crate::domain::distribution::{FromHolders, SnapshotFacts, Terms};
use crate::domain::kind::Kind;
use crate::domain::redemption::Redeemed;
use crate::error::Error;
use crate::store::{carries, redemptions};

/// The holders of a snapshot, and what each is owed by the terms.
pub(super) struct Calculated {
    pub(super) holders: Vec<Holder>,
    pub(super) calculation: Calculation,
    /// Of a redemption: what was not owed any more.
    pub(super) redeemed: Option<Redeemed>,
    /// What earlier distributions carried forward and is open.
    pub(super) open: OpenCarries,
    /// Its place in memory, until it is written or shown.
    _place: OwnedSemaphorePermit,
}

/// What the amounts depend on besides the holders.
pub(super) fn basis<'a>(
    terms: &'a Terms<FromHolders>,
    snapshot: &SnapshotFacts,
    redeemed: Option<&'a Redeemed>,
    open: &'a OpenCarries,
) -> Basis<'a> {
    Basis {
        rule: terms.source.rule,
        payment_decimals: terms.payment_decimals,
        holding_decimals: snapshot.decimals,
        total_supply: snapshot.total_supply,
        parties: terms.parties,
        decisions: &terms.source.decisions,
        redeemed,
        deductions: &terms.source.deductions,
        open,
    }
}

/// Reads a snapshot's holders and calculates.
pub(super) async fn calculate(
    app: &App,
    actor: &Actor,
    terms: &Terms<FromHolders>,
    snapshot: SnapshotFacts,
) -> Result<Calculated, Error> {
    let place = Arc::clone(&app.calculations).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    let redeemed = redeemed(app, terms, &snapshot).await?;
    let open = open(app, terms).await?;
    let mut holders = app.holders.holders(actor, &snapshot).await?;
    let terms = terms.clone();
    // A million holders take a tenth of a second, which is too long for a thread that serves others.
    let calculated = tokio::task::spawn_blocking(move || {
        if !terms.source.accounts.is_empty() {
            holders.retain(|holder| terms.source.accounts.contains(&holder.account));
        }
        let holders = open.join(holders, terms.source.deductions.minimum);
        let calculation = {
            let basis = basis(&terms, &snapshot, redeemed.as_ref(), &open);
            calculation::calculate(&holders, &basis)?
        };
        Ok::<_, Error>(Calculated { holders, calculation, redeemed, open, _place: place })
    });
    calculated.await?
}

/// What redemptions have of the asset now, for a redemption.
async fn redeemed(
    app: &App,
    terms: &Terms<FromHolders>,
    snapshot: &SnapshotFacts,
) -> Result<Option<Redeemed>, Error> {
    if terms.kind != Kind::Redemption {
        return Ok(None);
    }
    let redeemed = redemptions::read(&mut *app.conn().await?, terms.source.asset).await?;
    redeemed.ensure_not_older(snapshot.consensus_ns)?;
    Ok(Some(redeemed))
}

/// What earlier distributions carried forward, for one that brings it forward.
async fn open(app: &App, terms: &Terms<FromHolders>) -> Result<OpenCarries, Error> {
    if !terms.kind.brings_forward() {
        return Ok(OpenCarries::default());
    }
    Ok(carries::open(&mut *app.conn().await?, terms.source.asset, &terms.payment_token).await?)
}
