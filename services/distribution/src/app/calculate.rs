//! From a snapshot that is ready to who is owed what; the same for a preview and for what counts.

use std::sync::Arc;

use auth::Actor;
use tokio::sync::OwnedSemaphorePermit;

use super::App;
use crate::domain::calculation::{self, Basis, Calculation, Holder};
use crate::domain::distribution::{SnapshotFacts, Terms};
use crate::error::Error;

/// The holders of a snapshot, and what each is owed by the terms.
pub(super) struct Calculated {
    pub(super) holders: Vec<Holder>,
    pub(super) calculation: Calculation,
    /// Its place in memory, until it is written or shown.
    _place: OwnedSemaphorePermit,
}

/// What the amounts depend on besides the holders.
pub(super) fn basis<'a>(terms: &'a Terms, snapshot: &SnapshotFacts) -> Basis<'a> {
    Basis {
        rule: terms.rule,
        payment_decimals: terms.payment_decimals,
        holding_decimals: snapshot.decimals,
        total_supply: snapshot.total_supply,
        parties: terms.parties,
        decisions: &terms.decisions,
    }
}

/// Reads a snapshot's holders and calculates.
pub(super) async fn calculate(
    app: &App,
    actor: &Actor,
    terms: &Terms,
    snapshot: SnapshotFacts,
) -> Result<Calculated, Error> {
    let place = Arc::clone(&app.calculations).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    let holders = app.holders.holders(actor, &snapshot).await?;
    let terms = terms.clone();
    // A million holders take a tenth of a second, which is too long for a thread that serves others.
    let calculated = tokio::task::spawn_blocking(move || {
        let calculation = calculation::calculate(&holders, &basis(&terms, &snapshot))?;
        Ok::<_, Error>(Calculated { holders, calculation, _place: place })
    });
    calculated.await?
}
