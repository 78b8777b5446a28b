//! What execution says of a run, written down.

use diesel_async::AsyncPgConnection;

use crate::domain::distribution::{Distribution, RunReport};
use crate::error::Error;
use crate::store::carries;
use crate::store::states::{self, Locked};

/// Writes a report; call it with the state locked. Returns the version, new when anything changed.
///
/// With the first of a rerun execution has its run, and the payouts that it replaces are superseded for good: what they would
/// have paid of earlier distributions' is open again, and what is shown of the old distribution changes.
pub(super) async fn write(
    conn: &mut AsyncPgConnection,
    distribution: &Distribution,
    locked: &Locked,
    report: &RunReport,
) -> Result<Option<i64>, Error> {
    if let Some(old) = distribution.terms.rerun_of().filter(|_| !locked.reported) {
        // Before its reservations, as whoever ends it does.
        states::lock(conn, old).await?;
        carries::release_superseded(conn, old, distribution.id).await?;
        states::wake_ended(conn, old).await?;
    }
    Ok(states::set_report(conn, distribution.id, report).await?)
}
