//! What becomes of a redemption's reservations when it ends.

use diesel_async::AsyncPgConnection;

use crate::domain::distribution::Distribution;
use crate::domain::redemption::Fate;
use crate::error::Error;
use crate::store::redemptions::{self, Payees};

/// How the payouts of a redemption ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// All are paid.
    AllPaid,
    /// Nothing was ever sent, and nothing ever will be.
    NothingSent,
    /// Of a run that is cancelled and has nothing in flight: each payout's fate, by ordinal.
    Each(Vec<Fate>),
}

/// Makes permanent what is paid and gives back what is proven unpaid; what is neither stays reserved. Call it in the
/// transaction that ends the redemption, after its state is locked: that state keeps everybody from paying it later.
/// Nothing is done for other kinds.
pub(super) async fn settle(
    conn: &mut AsyncPgConnection,
    distribution: &Distribution,
    settlement: &Settlement,
    now_ns: i64,
) -> Result<(), Error> {
    let id = distribution.id;
    let Some(asset) = distribution.terms.redeems() else { return Ok(()) };
    match settlement {
        Settlement::AllPaid => redemptions::redeem(conn, id, &Payees::All, now_ns).await?,
        Settlement::NothingSent => {
            redemptions::release(conn, id, asset, &Payees::All, now_ns).await?;
        }
        Settlement::Each(fates) => {
            let undecided = those(fates, Fate::Undecided).len();
            if undecided > 0 {
                tracing::error!(distribution = %id, undecided, "a cancelled run has undecided payouts");
            }
            redemptions::redeem(conn, id, &Payees::These(those(fates, Fate::Paid)), now_ns).await?;
            let unpaid = Payees::These(those(fates, Fate::Unpaid));
            redemptions::release(conn, id, asset, &unpaid, now_ns).await?;
        }
    }
    Ok(())
}

/// The ordinals of the payouts with this fate.
fn those(fates: &[Fate], wanted: Fate) -> Vec<u32> {
    (0..).zip(fates).filter(|(_, fate)| **fate == wanted).map(|(ordinal, _)| ordinal).collect()
}
