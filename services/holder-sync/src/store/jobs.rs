//! The queue, and the leases by which work on it is held. All times are the database's.

use std::time::Duration;

use diesel::sql_types::{BigInt, Integer, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, SnapshotId, SyncId, Uuid};

use super::schema::job;
use super::{Inconsistent, StoreError};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A sync.
    Sync(SyncId),
    /// A snapshot.
    Snapshot(SnapshotId),
}

impl Work {
    const fn kind(self) -> &'static str {
        match self {
            Self::Sync(_) => "SYNC",
            Self::Snapshot(_) => "SNAPSHOT",
        }
    }

    /// The id of the sync or snapshot, which is the job's.
    pub(crate) const fn id(self) -> Uuid {
        match self {
            Self::Sync(id) => id.as_uuid(),
            Self::Snapshot(id) => id.as_uuid(),
        }
    }
}

/// Work that we hold. Every write of it is conditional on the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// What is to be done.
    pub work: Work,
    /// For which asset.
    pub asset: AssetId,
    /// How often it was begun, this time included.
    pub epoch: u32,
    /// How often it failed.
    pub failures: u32,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    asset_id: Uuid,
    #[diesel(sql_type = Integer)]
    epoch: i32,
    #[diesel(sql_type = Integer)]
    failures: i32,
}

impl TryFrom<Row> for Lease {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let work = match row.kind.as_str() {
            "SYNC" => Work::Sync(SyncId::from_uuid(row.id)),
            "SNAPSHOT" => Work::Snapshot(SnapshotId::from_uuid(row.id)),
            _ => return Err(Inconsistent { table: "job", row: row.id.to_string(), column: "kind" }),
        };
        let (epoch, failures) = (row.epoch.unsigned_abs(), row.failures.unsigned_abs());
        Ok(Self { work, asset: AssetId::from_uuid(row.asset_id), epoch, failures })
    }
}

/// Puts work into the queue.
pub(crate) async fn enqueue(
    conn: &mut AsyncPgConnection,
    work: Work,
    asset: AssetId,
) -> Result<(), StoreError> {
    diesel::insert_into(job::table)
        .values((job::id.eq(work.id()), job::kind.eq(work.kind()), job::asset_id.eq(asset.as_uuid())))
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes the work that has waited longest and that nobody holds, for `lease`.
pub(crate) async fn claim(
    conn: &mut AsyncPgConnection,
    owner: Uuid,
    lease: Duration,
) -> Result<Option<Lease>, StoreError> {
    let row: Option<Row> = sql_query(
        "UPDATE job SET epoch = epoch + 1, lease_owner = $1, lease_until = now() + $2 * interval '1 millisecond'
         WHERE id = (SELECT id FROM job WHERE run_after <= now() AND (lease_until IS NULL OR lease_until < now())
                     ORDER BY run_after LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, asset_id, epoch, failures",
    )
    .bind::<SqlUuid, _>(owner)
    .bind::<BigInt, _>(millis(lease))
    .get_result(conn)
    .await
    .optional()?;
    Ok(row.map(Lease::try_from).transpose()?)
}

/// Holds on for `lease` from now; says whether the work is still ours.
pub(crate) async fn extend(
    conn: &mut AsyncPgConnection,
    held: &Lease,
    lease: Duration,
) -> Result<bool, StoreError> {
    let extended = sql_query(
        "UPDATE job SET lease_until = now() + $3 * interval '1 millisecond' WHERE id = $1 AND epoch = $2",
    )
    .bind::<SqlUuid, _>(held.work.id())
    .bind::<Integer, _>(held.epoch.cast_signed())
    .bind::<BigInt, _>(millis(lease))
    .execute(conn)
    .await?;
    Ok(extended == 1)
}

/// Locks the job for the rest of the transaction if it is still ours: nobody can take it over until we commit.
pub(crate) async fn hold(conn: &mut AsyncPgConnection, held: &Lease) -> Result<bool, StoreError> {
    let row = job::table
        .find(held.work.id())
        .filter(job::epoch.eq(held.epoch.cast_signed()))
        .select(job::id)
        .for_update()
        .first::<Uuid>(conn)
        .await
        .optional()?;
    Ok(row.is_some())
}

/// Takes finished work out of the queue. Call it under [`hold`].
pub(crate) async fn remove(conn: &mut AsyncPgConnection, held: &Lease) -> Result<(), StoreError> {
    let removed = diesel::delete(job::table.find(held.work.id())).execute(conn).await?;
    super::exactly_one("job", removed)
}

/// Gives work back after a failure, to be begun again after `pause`. Nothing when it is no longer ours.
pub(crate) async fn postpone(
    conn: &mut AsyncPgConnection,
    held: &Lease,
    pause: Duration,
) -> Result<(), StoreError> {
    sql_query(
        "UPDATE job SET failures = failures + 1, lease_owner = NULL, lease_until = NULL,
                run_after = now() + $3 * interval '1 millisecond'
         WHERE id = $1 AND epoch = $2",
    )
    .bind::<SqlUuid, _>(held.work.id())
    .bind::<Integer, _>(held.epoch.cast_signed())
    .bind::<BigInt, _>(millis(pause))
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives work back that did not fail, for another to begin at once. Nothing when it is no longer ours.
pub(crate) async fn release(conn: &mut AsyncPgConnection, held: &Lease) -> Result<(), StoreError> {
    sql_query("UPDATE job SET lease_owner = NULL, lease_until = NULL WHERE id = $1 AND epoch = $2")
        .bind::<SqlUuid, _>(held.work.id())
        .bind::<Integer, _>(held.epoch.cast_signed())
        .execute(conn)
        .await?;
    Ok(())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
