//! Balances read, by reading. A reading's rows mean nothing until the work that read them says they are whole.

use diesel::sql_types::{BigInt, Numeric, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::Uuid;
use pg::Numeric128;

use super::schema::{reading, snapshot_balance, staged_balance};
use super::{Plan, StoreError, signed, unsigned};

/// Where a reading's rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelf {
    /// For a sync, which takes them over and lets them go.
    Staged,
    /// For a snapshot, which they become.
    Snapshot,
}

impl Shelf {
    /// The table.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Staged => "staged_balance",
            Self::Snapshot => "snapshot_balance",
        }
    }
}

/// What a reading holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Rows.
    pub count: u64,
    /// Sum of their balances.
    pub sum: u128,
}

#[derive(QueryableByName)]
struct TallyRow {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Numeric)]
    sum: Numeric128,
}

#[derive(QueryableByName)]
struct NumRow {
    #[diesel(sql_type = BigInt)]
    account_num: i64,
}

/// Notes a reading before its first row is written, so that its rows are found should nobody end it.
pub(crate) async fn begin(conn: &mut AsyncPgConnection, id: Uuid, job: Uuid) -> Result<(), StoreError> {
    diesel::insert_into(reading::table)
        .values((reading::id.eq(id), reading::job_id.eq(job)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Counts and sums what is stored of a reading.
pub(crate) async fn tally(conn: &mut AsyncPgConnection, shelf: Shelf, id: Uuid) -> Result<Tally, StoreError> {
    let table = shelf.table();
    let row: TallyRow = sql_query(format!(
        "SELECT count(*) AS count, coalesce(sum(balance), 0) AS sum FROM {table} WHERE reading_id = $1"
    ))
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .await?;
    Ok(Tally { count: unsigned(row.count), sum: row.sum.0 })
}

/// Up to `limit` accounts of a reading of which nothing is known, by number, from number `from` on.
pub(crate) async fn unknown_accounts(
    conn: &mut AsyncPgConnection,
    shelf: Shelf,
    id: Uuid,
    from: u64,
    limit: u32,
) -> Result<Vec<u64>, StoreError> {
    let table = shelf.table();
    let query = format!(
        "SELECT b.account_num FROM {table} b WHERE b.reading_id = $1 AND b.account_num >= $2
         AND NOT EXISTS (SELECT FROM account a WHERE a.num = b.account_num) ORDER BY b.account_num LIMIT $3"
    );
    let rows = pg::transaction(conn, async |conn| {
        Plan::WalkIndex.apply(conn).await?;
        let rows = sql_query(query)
            .bind::<SqlUuid, _>(id)
            .bind::<BigInt, _>(signed(from))
            .bind::<BigInt, _>(i64::from(limit))
            .load::<NumRow>(conn);
        Ok::<_, StoreError>(rows.await?)
    })
    .await?;
    Ok(rows.into_iter().map(|row| unsigned(row.account_num)).collect())
}

/// Ends a reading whose rows have become a snapshot.
pub(crate) async fn keep(conn: &mut AsyncPgConnection, id: Uuid) -> Result<(), StoreError> {
    diesel::delete(reading::table.find(id)).execute(conn).await?;
    Ok(())
}

/// Ends a reading and lets its rows go.
pub(crate) async fn discard(conn: &mut AsyncPgConnection, id: Uuid) -> Result<(), StoreError> {
    diesel::delete(staged_balance::table.filter(staged_balance::reading_id.eq(id))).execute(conn).await?;
    diesel::delete(snapshot_balance::table.filter(snapshot_balance::reading_id.eq(id))).execute(conn).await?;
    keep(conn, id).await
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Up to `limit` readings begun over `age_s` seconds ago that nobody can still be working on.
pub(crate) async fn dead(
    conn: &mut AsyncPgConnection,
    age_s: u32,
    limit: u32,
) -> Result<Vec<Uuid>, StoreError> {
    let rows: Vec<IdRow> = sql_query(
        "SELECT r.id FROM reading r WHERE r.created_at < now() - $1 * interval '1 second'
         AND NOT EXISTS (SELECT FROM job j WHERE j.id = r.job_id AND j.lease_until > now())
         AND NOT EXISTS (SELECT FROM snapshot s WHERE s.id = r.job_id AND s.reading_id = r.id)
         ORDER BY r.created_at LIMIT $2",
    )
    .bind::<BigInt, _>(i64::from(age_s))
    .bind::<BigInt, _>(i64::from(limit))
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
