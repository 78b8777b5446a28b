//! Calculates from the list that was stored with a distribution, in flat memory however long it is.

use entitlements::{Leaf, RootBuilder};

use super::count::count;
use super::{Step, snapshot};
use crate::domain::distribution::{Distribution, Entitlements};
use crate::domain::list::ListCalculation;
use crate::error::Error;
use crate::store::entitlements::Writer;
use crate::store::held_payees;
use crate::store::leases::Wake;
use crate::store::listed_payees;

/// Payees read at a time.
const CHUNK: u32 = 2_000;

/// Everybody on the list is owed what it says.
pub(super) async fn calculate(step: &Step<'_>, distribution: &Distribution) -> Result<Wake, Error> {
    match write(step, distribution).await {
        Ok(result) => count(step, distribution, &result, None).await,
        Err(Error::Calculation(error)) => snapshot::fail(step, error.failure()).await,
        Err(error) => Err(error),
    }
}

/// Writes each payee's line under a calculation that does not count yet, and hashes it on the way.
async fn write(step: &Step<'_>, distribution: &Distribution) -> Result<Entitlements, Error> {
    let terms = &distribution.terms;
    let calculation = step.app.ids.uuid();
    let (run, asset) = (distribution.run.as_uuid().into_bytes(), terms.payment_token.as_str());
    let mut calculating = ListCalculation::new(terms.parties);
    let mut root = RootBuilder::new();
    let mut writer = Writer::begin(&step.app.copy_url, calculation).await?;
    let mut after = None;
    loop {
        step.go_on()?;
        let chunk = {
            let mut conn = step.app.conn().await?;
            listed_payees::chunk(&mut conn, distribution.id, after, CHUNK).await?
        };
        let Some((last, _)) = chunk.last() else { break };
        after = Some(*last);
        for (account, units) in chunk {
            let line = calculating.push(account, units)?;
            if let Some(ordinal) = line.outcome.ordinal() {
                root.push(&Leaf { run, ordinal, payee_key: &account.payee_key(), units: line.units, asset })?;
            }
            writer.write(account, None, &line).await?;
        }
    }
    writer.finish().await?;
    let (held_count, held) = held_payees::sum(&mut *step.app.conn().await?, distribution.id).await?;
    Ok(Entitlements {
        calculation,
        balances: None,
        totals: calculating.totals(held_count, held)?,
        root: root.finish(),
        approvers: 0,
    })
}
