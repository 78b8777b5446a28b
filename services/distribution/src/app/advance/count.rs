//! Makes a calculation the one that counts.

use super::{NOW, Step};
use crate::app::approval;
use crate::domain::distribution::{Distribution, Entitlements};
use crate::domain::state::State;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::calculations;
use crate::store::carries;
use crate::store::leases::Wake;
use crate::store::redemptions::{self, Reservation};

/// Stores what a calculation came to, whose lines are written, and with it what a redemption reserves, what is brought
/// forward, and who is asked for approval.
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
        let (kind, token) = (distribution.terms.kind, &distribution.terms.payment_token);
        let need = approval::need(conn, kind, token, result.totals.payable()).await?;
        let result = Entitlements { approvers: need.approvers, ..*result };
        let next = |state: &State| state.calculated(execute_now, need.approvers);
        let counts = step.change_in(conn, next, &approval::besides(need, now_ns)).await?;
        if counts {
            calculations::insert(conn, step.lease.id, distribution.terms_version, &result, now_ns).await?;
            approval::ask(conn, distribution, &result, need, now_ns).await?;
            if let Some(reservation) = &reservation {
                redemptions::reserve(conn, reservation).await?;
            }
            if let (Some(asset), true) = (distribution.terms.asset(), result.totals.brought > 0) {
                let carried = carries::Reservation {
                    distribution: distribution.id,
                    asset,
                    payment_token: distribution.terms.payment_token.clone(),
                    calculation: result.calculation,
                };
                carries::reserve(conn, &carried).await?;
            }
            here!("calculate.before_commit");
        }
        Ok::<_, Error>(())
    });
    match stored.await {
        // Another one took something of these holdings, or of what is brought forward, first: nothing is stored, and it is
        // calculated again.
        Err(error) if error.is_overtaken() => Ok(NOW),
        Err(error) => Err(error),
        Ok(()) => {
            here!("calculate.after_commit");
            Ok(NOW)
        }
    }
}
