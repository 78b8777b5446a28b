//! A preview beside other distributions: whether it was there before, and what is different from the last time.

use futures::FutureExt as _;
use ids::Uuid;

use super::App;
use crate::domain::account::Account;
use crate::domain::comparison::{Comparer, Comparison, Different, Merge};
use crate::domain::distribution::{FromHolders, Terms};
use crate::domain::preview::Finding;
use crate::error::Error;
use crate::store::entitlements;
use crate::store::outlook::{self, Previous, Similar};

/// Possible duplicates shown.
const DUPLICATES_MAX: i64 = 10;
/// Payees read at a time.
const CHUNK: u32 = 5_000;

/// Another distribution that may be this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duplicate {
    /// Which.
    pub other: Similar,
    /// The payees get the same amounts too.
    pub same_amounts: bool,
}

/// Distributions that may be this one. `payees` ascend by account.
pub(super) async fn find_duplicates(
    app: &App,
    terms: &Terms<FromHolders>,
    payees: &[(Account, u128)],
) -> Result<Vec<Duplicate>, Error> {
    let similar = outlook::similar(&mut *app.conn().await?, terms, DUPLICATES_MAX).await?;
    let mut found = Vec::new();
    for other in similar {
        let Some((calculation, count)) = other.calculation else {
            found.push(Duplicate { other, same_amounts: false });
            continue;
        };
        // Most of the time the numbers of payees differ already.
        if usize::try_from(count) != Ok(payees.len()) {
            continue;
        }
        let (mut same_payees, mut same_amounts) = (true, true);
        merge(app, calculation, payees, |payee| {
            same_payees &= payee.before > 0 && payee.now > 0;
            same_amounts &= payee.before == payee.now;
            same_payees
        })
        .boxed()
        .await?;
        if same_payees {
            found.push(Duplicate { other, same_amounts });
        }
    }
    Ok(found)
}

/// The previous occurrence and what is different from it; none when there was none. `payees` ascend by account.
pub(super) async fn compare_previous(
    app: &App,
    terms: &Terms<FromHolders>,
    payees: &[(Account, u128)],
    threshold_ppm: u32,
) -> Result<Option<(Previous, Comparison)>, Error> {
    let Some(previous) = outlook::previous(&mut *app.conn().await?, terms).await? else { return Ok(None) };
    let mut comparer = Comparer::new(threshold_ppm);
    merge(app, previous.calculation, payees, |payee| {
        comparer.add(payee);
        true
    })
    .boxed()
    .await?;
    Ok(Some((previous, comparer.finish())))
}

/// Reads the payees of a calculation chunk by chunk, and tells each payee of either side once, until `found` has heard
/// enough: no chunk is read after that.
async fn merge(
    app: &App,
    calculation: Uuid,
    ours: &[(Account, u128)],
    mut found: impl FnMut(Different) -> bool + Send,
) -> Result<(), Error> {
    let mut merge = Merge::new(ours);
    let mut after = None;
    loop {
        let mut more = true;
        let mut told = |payee| more &= found(payee);
        let chunk = entitlements::payees(&mut *app.conn().await?, calculation, after, CHUNK).await?;
        for payee in &chunk {
            merge.theirs(payee.account, payee.units, &mut told);
        }
        if usize::try_from(CHUNK).is_ok_and(|full| chunk.len() < full) {
            merge.finish(&mut told);
            return Ok(());
        }
        after = chunk.last().map(|payee| payee.account);
        if !more {
            return Ok(());
        }
    }
}

impl Duplicate {
    /// What people should know of it. It never stands in the way: an ordinary and a special dividend of one record date
    /// look just like this, and nothing here can tell them from a mistake.
    pub(super) fn finding(&self) -> Finding {
        let other = &self.other;
        let same = if other.same_record_time { "record time" } else { "label" };
        let payees = match (other.calculation, self.same_amounts) {
            (None, _) => "is not calculated yet",
            (Some(_), true) => "has the same payees and amounts",
            (Some(_), false) => "has the same payees",
        };
        let message = format!("{} ({:?}) has the same {same} and {payees}", other.id, other.label);
        Finding { reason: "POSSIBLE_DUPLICATE", message, blocking: false }
    }
}
