//! Lets go of balances that were read and that nobody will use: their reader died or lost its lease.

use super::App;
use crate::error::Error;
use crate::store::readings;

/// Nobody works on a reading of this age without a lease.
const AGE_S: u32 = 3600;
/// Readings let go in one go; the next go takes the rest.
const BATCH_MAX: u32 = 20;

/// Lets go of dead readings. Any number of replicas may. Who made a reading does not let it go after a transaction that was
/// to use it: whether that was committed is unknown when its connection breaks.
pub(crate) async fn sweep(app: &App) -> Result<(), Error> {
    let mut conn = app.conn().await?;
    for reading in readings::dead(&mut conn, AGE_S, BATCH_MAX).await? {
        readings::discard(&mut conn, reading).await?;
        tracing::info!(%reading, "let go of a dead reading");
    }
    Ok(())
}
