//! Makes a calculation the one that counts.

use super::{NOW, Step};
use crate::domain::distribution::{Distribution, Entitlements};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::calculations;
use crate::store::leases::Wake;
use crate::store::redemptions::{self, Reservation};
use crate::store::states::Besides;

/// Stores what a calculation came to, whose lines are written, and with it what a redemption reserves.
pub(super) async fn count(
    step: &Step<'_>,
    distribution: &Distribution,
    result: &Entitlements,
    reservation: Option<Reservation>,
) -> Result<Wake, Error> {
    let (now_ns, execute_now) = (step.app.now_ns(), distribution.terms.execute_now());
    let mut conn = step.app.conn().await?;
    let stored = pg::transaction(&mut conn, async |conn| {
        // Not when it was cancelled meanwhile; then nobody reads what was written.
        let counts = step.change_in(conn, |state| state.calculated(execute_now), &Besides::default()).await?;
        if counts {
            calculations::insert(conn, step.lease.id, result, now_ns).await?;
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
