//! What becomes of reservations when a distribution ends: a redemption's holdings, a file's references, what is brought
//! forward.

use diesel_async::AsyncPgConnection;
use ids::{AssetId, DistributionId};

use crate::domain::distribution::Distribution;
use crate::domain::kind::Kind;
use crate::domain::redemption::Fate;
use crate::error::Error;
use crate::store::redemptions::{self, Payees};
use crate::store::{accepted, carries, states};

/// How the payouts ended.
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
/// transaction that ends the distribution, after its state was locked and written: that state keeps everybody from paying it
/// later.
/// Nothing is done for what has nothing reserved.
pub(super) async fn settle(
    conn: &mut AsyncPgConnection,
    distribution: &Distribution,
    settlement: &Settlement,
    now_ns: i64,
) -> Result<(), Error> {
    let id = distribution.id;
    if let Settlement::Each(fates) = settlement {
        let undecided = those(fates, Fate::Undecided).len();
        if undecided > 0 {
            tracing::error!(distribution = %id, undecided, "a cancelled run has undecided payouts");
        }
    }
    if let Some(asset) = distribution.terms.redeems() {
        holdings(conn, id, asset, settlement, now_ns).await?;
    }
    if distribution.terms.kind == Kind::List {
        references(conn, distribution, settlement).await?;
    }
    brought_forward(conn, id, settlement).await?;
    Ok(())
}

/// Of a redemption: what it reserved of its payees' holdings.
async fn holdings(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    asset: AssetId,
    settlement: &Settlement,
    now_ns: i64,
) -> Result<(), Error> {
    match settlement {
        Settlement::AllPaid => redemptions::redeem(conn, id, &Payees::All, now_ns).await?,
        Settlement::NothingSent => redemptions::release(conn, id, asset, &Payees::All, now_ns).await?,
        Settlement::Each(fates) => {
            redemptions::redeem(conn, id, &Payees::These(those(fates, Fate::Paid)), now_ns).await?;
            let unpaid = Payees::These(those(fates, Fate::Unpaid));
            redemptions::release(conn, id, asset, &unpaid, now_ns).await?;
        }
    }
    Ok(())
}

/// Of a file: the references of its lines, which may come again when they are not paid. Of a rerun: those that its file kept
/// for it, when it never began.
async fn references(
    conn: &mut AsyncPgConnection,
    distribution: &Distribution,
    settlement: &Settlement,
) -> Result<(), Error> {
    let id = distribution.id;
    match (settlement, distribution.terms.rerun_of()) {
        (Settlement::NothingSent, None) => accepted::release_all(conn, id).await?,
        (Settlement::NothingSent, Some(old)) => {
            // From the newer to the older one, as everybody locks two: whichever of them ends last then sees the other.
            states::lock(conn, old).await?;
            accepted::release_kept(conn, old).await?;
        }
        (Settlement::Each(fates), None) => {
            accepted::release(conn, id, &those(fates, Fate::Unpaid)).await?;
        }
        // A rerun has none of its own, and what it superseded is its to pay, by a rerun of it.
        (Settlement::AllPaid, _) | (Settlement::Each(_), Some(_)) => {}
    }
    Ok(())
}

/// What it would have paid of earlier distributions', which others may pay then.
async fn brought_forward(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    settlement: &Settlement,
) -> Result<(), Error> {
    match settlement {
        Settlement::AllPaid => {}
        Settlement::NothingSent => carries::release_all(conn, id).await?,
        Settlement::Each(fates) => carries::release(conn, id, &those(fates, Fate::Unpaid)).await?,
    }
    Ok(())
}

/// The ordinals of the payouts with this fate.
fn those(fates: &[Fate], wanted: Fate) -> Vec<u32> {
    (0..).zip(fates).filter(|(_, fate)| **fate == wanted).map(|(ordinal, _)| ordinal).collect()
}
