//! Table `withdrawal`, and what of an account is reserved for its runs.

use std::time::{Duration, SystemTime};

use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{BigInt, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hedera::AccountId;
use ids::{FundingAccountId, RunId, WithdrawalId};
use money::AssetCode;
use pg::{Numeric128, Prepare as _};
use uuid::Uuid;

use crate::store::{At, StoreError};

/// Money taken out of a funding account: who wanted it and why. The rest is its run.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// Its run, whose id it shares.
    pub run: RunId,
    /// Why.
    pub reason: String,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: SystemTime,
}

impl Withdrawal {
    /// Its id.
    pub fn id(&self) -> WithdrawalId {
        WithdrawalId::from_uuid(self.run.as_uuid())
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    created_by: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: At,
}

impl From<Row> for Withdrawal {
    fn from(row: Row) -> Self {
        Self {
            run: RunId::from_uuid(row.run_id),
            reason: row.reason,
            created_by: row.created_by,
            created_at: row.created_at.0,
        }
    }
}

/// Notes that a run is a withdrawal.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    run: RunId,
    reason: &str,
    by: &str,
) -> Result<Withdrawal, StoreError> {
    const SQL: &str = "INSERT INTO withdrawal (run_id, reason, created_by) VALUES ($1, $2, $3) \
        RETURNING run_id, reason, created_by, created_at";
    let row: Row = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Text, _>(reason)
        .bind::<Text, _>(by)
        .prepared()
        .get_result(conn)
        .await?;
    Ok(row.into())
}

/// One by its id.
pub async fn find(conn: &mut AsyncPgConnection, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
    const SQL: &str = "SELECT run_id, reason, created_by, created_at FROM withdrawal WHERE run_id = $1";
    let row: Option<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(id.as_uuid())
        .prepared()
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(Withdrawal::from))
}

/// Up to `limit`, newest first, before the one given; only of a funding account, if one is given.
pub async fn list(
    conn: &mut AsyncPgConnection,
    funding: Option<FundingAccountId>,
    before: Option<(SystemTime, Uuid)>,
    limit: u32,
) -> Result<Vec<Withdrawal>, StoreError> {
    const SQL: &str = "SELECT w.run_id, w.reason, w.created_by, w.created_at FROM withdrawal w JOIN run USING (run_id) \
        WHERE ($1 IS NULL OR run.funding_account_id = $1) \
        AND ($2 IS NULL OR (w.created_at, w.run_id) < ($2, $3)) ORDER BY w.created_at DESC, w.run_id DESC LIMIT $4";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<Nullable<SqlUuid>, _>(funding.map(|id| id.as_uuid()))
        .bind::<Nullable<Timestamptz>, _>(before.map(|(at, _)| At(at)))
        .bind::<Nullable<SqlUuid>, _>(before.map(|(_, id)| id))
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Withdrawal::from).collect())
}

/// Until this transaction ends, nobody else withdraws from the account.
pub async fn lock(conn: &mut AsyncPgConnection, account: AccountId) -> Result<(), StoreError> {
    // Runs have -1 and above in this space of locks, pauses -2.
    const SQL: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, -3))";
    diesel::sql_query(SQL).bind::<Text, _>(account.to_string()).prepared().execute(conn).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct UnitsRow {
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
}

/// Smallest units of an asset that runs from an account have still to pay, whatever their funding account is called;
/// with what attempts paid within `recent`.
pub async fn reserved(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    asset: &AssetCode,
    recent: Duration,
) -> Result<u128, StoreError> {
    const SQL: &str = "WITH of_account AS ( \
            SELECT run_id, state FROM run JOIN funding_account USING (funding_account_id) \
            WHERE funding_account.account = $1 AND run.asset = $2 \
            AND (state <= 3 OR ended_at > clock_timestamp() - $3 * interval '1 millisecond')) \
        SELECT coalesce(sum(units), 0) AS units FROM ( \
            SELECT batch.units - batch.paid_units - batch.cancelled_units - batch.superseded_units AS units \
            FROM of_account JOIN batch USING (run_id) WHERE of_account.state <= 3 \
            UNION ALL \
            SELECT attempt.units FROM of_account JOIN attempt USING (run_id) \
            WHERE attempt.state = 3 AND attempt.decided_at > clock_timestamp() - $3 * interval '1 millisecond') each";
    let row: UnitsRow = diesel::sql_query(SQL)
        .bind::<Text, _>(account.to_string())
        .bind::<Text, _>(asset.as_str())
        .bind::<BigInt, _>(i64::try_from(recent.as_millis()).unwrap_or(i64::MAX))
        .prepared()
        .get_result(conn)
        .await?;
    Ok(row.units.0)
}

/// Payouts whose network fees an account has still to pay.
pub async fn unpaid_by_fee_payer(
    conn: &mut AsyncPgConnection,
    fee_payer: AccountId,
) -> Result<u32, StoreError> {
    const SQL: &str = "SELECT coalesce(sum(batch.size - batch.paid - batch.cancelled - batch.superseded), 0)::numeric AS units \
        FROM run JOIN funding_account USING (funding_account_id) JOIN batch USING (run_id) \
        WHERE funding_account.fee_payer_account = $1 AND run.state <= 3";
    let row: UnitsRow =
        diesel::sql_query(SQL).bind::<Text, _>(fee_payer.to_string()).prepared().get_result(conn).await?;
    Ok(u32::try_from(row.units.0).unwrap_or(u32::MAX))
}
