//! Who works on a distribution: one job at a time, over all replicas.
//!
//! A lease is taken with `FOR UPDATE SKIP LOCKED`, lasts until a time on the database's clock, and carries an epoch that
//! rises with every lease. Whoever writes holds the row's lock and compares its epoch: after a take-over the former
//! holder can write nothing any more.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use diesel::sql_types::{BigInt, Integer, Nullable, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, Uuid};

use super::StoreError;
use super::states::{Locked, lock};

/// The right to work on one distribution.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Which.
    pub id: DistributionId,
    /// Looks in a row that came to nothing.
    pub misses: u32,
    epoch: i64,
    /// The last version the holder knows; what is newer is somebody else's and has to be looked at.
    seen: AtomicI64,
}

/// When a distribution is looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// After this long, counted from now on the database's clock.
    After(Duration),
    /// When somebody changes it.
    Never,
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    distribution_id: Uuid,
    #[diesel(sql_type = BigInt)]
    lease_epoch: i64,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Integer)]
    misses: i32,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Takes a distribution that is due and that nobody has; none when there is none.
pub(crate) async fn claim(conn: &mut AsyncPgConnection, ttl: Duration) -> Result<Option<Lease>, StoreError> {
    let claimed: Option<Claimed> = sql_query(
        "UPDATE distribution_state
         SET lease_epoch = lease_epoch + 1, lease_until = now() + $1 * interval '1 millisecond'
         WHERE distribution_id = (
             SELECT distribution_id FROM distribution_state
             WHERE wake_at <= now() AND (lease_until IS NULL OR lease_until <= now())
             ORDER BY wake_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING distribution_id, lease_epoch, version, misses",
    )
    .bind::<BigInt, _>(millis(ttl))
    .get_result(conn)
    .await
    .optional()?;
    Ok(claimed.map(|row| Lease {
        id: DistributionId::from_uuid(row.distribution_id),
        misses: row.misses.unsigned_abs(),
        epoch: row.lease_epoch,
        seen: AtomicI64::new(row.version),
    }))
}

/// Holds a lease for longer.
///
/// # Errors
/// [`StoreError::LeaseLost`] when somebody else has it.
pub(crate) async fn renew(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    ttl: Duration,
) -> Result<(), StoreError> {
    let renewed = sql_query(
        "UPDATE distribution_state SET lease_until = now() + $1 * interval '1 millisecond'
         WHERE distribution_id = $2 AND lease_epoch = $3",
    )
    .bind::<BigInt, _>(millis(ttl))
    .bind::<SqlUuid, _>(lease.id.as_uuid())
    .bind::<BigInt, _>(lease.epoch)
    .execute(conn)
    .await?;
    if renewed == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// Gives a lease back. When somebody changed the distribution meanwhile, it is looked at again at once; a lease that
/// was lost is left alone.
pub(crate) async fn release(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    wake: Wake,
    misses: u32,
) -> Result<(), StoreError> {
    let after_ms = match wake {
        Wake::After(pause) => Some(millis(pause)),
        Wake::Never => None,
    };
    sql_query(
        "UPDATE distribution_state
         SET lease_until = NULL, misses = $1,
             wake_at = CASE WHEN version = $2 THEN now() + $3 * interval '1 millisecond' ELSE now() END
         WHERE distribution_id = $4 AND lease_epoch = $5",
    )
    .bind::<Integer, _>(i32::try_from(misses).unwrap_or(i32::MAX))
    .bind::<BigInt, _>(lease.seen())
    .bind::<Nullable<BigInt>, _>(after_ms)
    .bind::<SqlUuid, _>(lease.id.as_uuid())
    .bind::<BigInt, _>(lease.epoch)
    .execute(conn)
    .await?;
    Ok(())
}

impl Lease {
    /// Locks where the distribution stands, for a write of the lease's holder.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when somebody else has the lease.
    pub(crate) async fn lock(&self, conn: &mut AsyncPgConnection) -> Result<Locked, StoreError> {
        let locked = lock(conn, self.id).await?.ok_or(StoreError::LeaseLost)?;
        if locked.lease_epoch != self.epoch {
            return Err(StoreError::LeaseLost);
        }
        self.saw(locked.version);
        Ok(locked)
    }

    /// The holder knows this version.
    pub(crate) fn saw(&self, version: i64) {
        // By path: Diesel's query traits would take the methods `load` and `store` for theirs.
        AtomicI64::store(&self.seen, version, Ordering::Relaxed);
    }

    fn seen(&self) -> i64 {
        AtomicI64::load(&self.seen, Ordering::Relaxed)
    }
}
