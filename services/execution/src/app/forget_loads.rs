//! Removing what hand-overs have stored that did not end in a run.

use std::time::Duration;

use uuid::Uuid;

use crate::app::Context;
use crate::error::Error;
use crate::store::loads;

/// Longer than any hand-over takes. One that took longer all the same cannot make its run payable any more.
const AGE: Duration = Duration::from_hours(24);
/// Hand-overs looked at in one go.
const AT_ONCE: u32 = 100;

/// Removes what one hand-over has stored that was refused, came second or broke. Where that fails, its age does it.
pub(super) async fn forget(ctx: &Context, load: Uuid) {
    let forgotten = async { Ok::<_, Error>(loads::forget(&mut *ctx.conn().await?, load).await?) };
    if let Err(error) = forgotten.await {
        tracing::warn!(%load, %error, "instructions that no run names could not be removed; they are later");
    }
}

/// Removes what hand-overs have stored that were cut off: whoever made them has died.
pub async fn forget_old(ctx: &Context) -> Result<(), Error> {
    let mut conn = ctx.conn().await?;
    for load in loads::older_than(&mut conn, AGE, AT_ONCE).await? {
        loads::forget(&mut conn, load).await?;
        tracing::info!(%load, "a hand-over that never ended was forgotten");
    }
    Ok(())
}
