//! Tables `funding_limit` and `spent_day`: how much may be paid from a funding account in one asset, and what of a day's
//! limit is taken.
//!
//! Attempts take from the day on which they are intended, in the transaction of the intent, and give it back in the
//! transaction that proves them dead; so a retry takes what the dead attempt gave back.

use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{Array, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AttemptId, FundingAccountId, RunId};
use money::AssetCode;
use pg::{Numeric128, Prepare as _};

use crate::domain::limits::{Limits, SetLimits};
use crate::store::{At, StoreError};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Nullable<Numeric>)]
    per_payout: Option<Numeric128>,
    #[diesel(sql_type = Nullable<Numeric>)]
    per_run: Option<Numeric128>,
    #[diesel(sql_type = Nullable<Numeric>)]
    per_day: Option<Numeric128>,
    #[diesel(sql_type = Text)]
    set_by: String,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Timestamptz)]
    set_at: At,
    #[diesel(sql_type = Numeric)]
    reserved_today: Numeric128,
}

impl From<Row> for SetLimits {
    fn from(row: Row) -> Self {
        let units = |units: Option<Numeric128>| units.map(|units| units.0);
        Self {
            version: row.version.cast_unsigned(),
            limits: Limits {
                per_payout: units(row.per_payout),
                per_run: units(row.per_run),
                per_day: units(row.per_day),
            },
            set_by: row.set_by,
            reason: row.reason,
            set_at: row.set_at.0,
            reserved_today: row.reserved_today.0,
        }
    }
}

/// What counts now; none where nobody has set anything.
pub async fn latest(
    mut conn: &AsyncPgConnection,
    funding: FundingAccountId,
    asset: &AssetCode,
) -> Result<Option<SetLimits>, StoreError> {
    const SQL: &str = "SELECT funding_limit.*, coalesce((SELECT reserved FROM spent_day \
        WHERE spent_day.funding_account_id = $1 AND spent_day.asset = $2 \
        AND day = (clock_timestamp() AT TIME ZONE 'UTC')::date), 0) AS reserved_today \
        FROM funding_limit WHERE funding_account_id = $1 AND asset = $2 ORDER BY version DESC LIMIT 1";
    let row: Option<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<Text, _>(asset.as_str())
        .prepared()
        .get_result(&mut conn)
        .await
        .optional()?;
    Ok(row.map(SetLimits::from))
}

/// Adds a version, which counts from now on, and counts what was taken of today. The caller holds the lock of pauses, so
/// that nobody intends meanwhile.
pub async fn set(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    asset: &AssetCode,
    limits: &Limits,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO funding_limit (funding_account_id, asset, version, per_payout, per_run, per_day, \
        set_by, reason) SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7 \
        FROM funding_limit WHERE funding_account_id = $1 AND asset = $2";
    let units = |units: Option<u128>| units.map(Numeric128);
    diesel::sql_query(INSERT)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<Text, _>(asset.as_str())
        .bind::<Nullable<Numeric>, _>(units(limits.per_payout))
        .bind::<Nullable<Numeric>, _>(units(limits.per_run))
        .bind::<Nullable<Numeric>, _>(units(limits.per_day))
        .bind::<Text, _>(by)
        .bind::<Text, _>(reason)
        .prepared()
        .execute(conn)
        .await?;
    count_today(conn, funding, asset).await
}

/// Payments of today that took nothing, because no limit was set then, take it now.
async fn count_today(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    asset: &AssetCode,
) -> Result<(), StoreError> {
    const TAKE: &str = "UPDATE attempt SET reserved_on = (clock_timestamp() AT TIME ZONE 'UTC')::date FROM run \
        WHERE run.funding_account_id = $1 AND run.asset = $2 AND attempt.run_id = run.run_id \
        AND (run.ended_at IS NULL OR run.ended_at >= date_trunc('day', clock_timestamp())) \
        AND attempt.state <= 3 AND attempt.reserved_on IS NULL \
        AND attempt.created_at >= date_trunc('day', clock_timestamp())";
    const COUNT: &str = "INSERT INTO spent_day (funding_account_id, asset, day, reserved) \
        SELECT $1, $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, coalesce(sum(units), 0) FROM run, attempt \
        WHERE run.funding_account_id = $1 AND run.asset = $2 AND attempt.run_id = run.run_id AND attempt.state <= 3 \
        AND (run.ended_at IS NULL OR run.ended_at >= date_trunc('day', clock_timestamp())) \
        AND attempt.reserved_on = (clock_timestamp() AT TIME ZONE 'UTC')::date \
        ON CONFLICT (funding_account_id, asset, day) DO UPDATE SET reserved = excluded.reserved";
    pg::join_sets(conn).await?;
    for sql in [TAKE, COUNT] {
        diesel::sql_query(sql)
            .bind::<SqlUuid, _>(funding.as_uuid())
            .bind::<Text, _>(asset.as_str())
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Takes `units` of today's limit for attempts that this transaction intends; false, and nothing is taken, where that
/// would exceed it.
pub async fn reserve(
    conn: &mut AsyncPgConnection,
    (funding, asset): (FundingAccountId, &AssetCode),
    attempts: &[AttemptId],
    units: u128,
    limit: u128,
) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct DayRow {
        #[diesel(sql_type = Date)]
        day: diesel::data_types::PgDate,
    }
    const TAKE: &str = "INSERT INTO spent_day AS spent (funding_account_id, asset, day, reserved) \
        SELECT $1, $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, $3 WHERE $3 <= $4 \
        ON CONFLICT (funding_account_id, asset, day) DO UPDATE SET reserved = spent.reserved + excluded.reserved \
        WHERE spent.reserved + excluded.reserved <= $4 RETURNING day";
    const NOTE: &str = "UPDATE attempt SET reserved_on = $2 WHERE attempt_id = ANY($1)";
    let taken: Option<DayRow> = diesel::sql_query(TAKE)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<Text, _>(asset.as_str())
        .bind::<Numeric, _>(Numeric128(units))
        .bind::<Numeric, _>(Numeric128(limit))
        .prepared()
        .get_result(conn)
        .await
        .optional()?;
    let Some(DayRow { day }) = taken else { return Ok(false) };
    diesel::sql_query(NOTE)
        .bind::<Array<SqlUuid>, _>(attempts.iter().map(AttemptId::as_uuid).collect::<Vec<_>>())
        .bind::<Date, _>(day)
        .prepared()
        .execute(conn)
        .await?;
    Ok(true)
}

/// Takes what adopted attempts have paid, whatever it comes to, from the day on which they paid it; nothing where no day
/// was ever limited.
pub async fn take_adopted(
    conn: &mut AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    adopted: &[AttemptId],
) -> Result<(), StoreError> {
    const SQL: &str = "WITH taken AS (UPDATE attempt SET reserved_on = (attempt.created_at AT TIME ZONE 'UTC')::date FROM run \
            WHERE run.run_id = $1 AND attempt.run_id = $1 AND attempt.batch_number = $2 AND attempt.attempt_id = ANY($3) \
            AND EXISTS (SELECT FROM funding_limit WHERE funding_limit.funding_account_id = run.funding_account_id \
                AND funding_limit.asset = run.asset AND per_day IS NOT NULL) \
            RETURNING run.funding_account_id, run.asset, attempt.reserved_on, attempt.units) \
        INSERT INTO spent_day AS spent (funding_account_id, asset, day, reserved) \
        SELECT funding_account_id, asset, reserved_on, sum(units) FROM taken GROUP BY funding_account_id, asset, reserved_on \
        ON CONFLICT (funding_account_id, asset, day) DO UPDATE SET reserved = spent.reserved + excluded.reserved";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Array<SqlUuid>, _>(adopted.iter().map(AttemptId::as_uuid).collect::<Vec<_>>())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives back what attempts took that this transaction has decided as dead.
pub async fn release(
    mut conn: &AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    dead: &[AttemptId],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE spent_day SET reserved = reserved - freed.units \
        FROM (SELECT reserved_on, sum(units) AS units FROM attempt WHERE run_id = $1 AND batch_number = $2 \
            AND attempt_id = ANY($3) AND reserved_on IS NOT NULL GROUP BY reserved_on) AS freed, run \
        WHERE run.run_id = $1 AND spent_day.funding_account_id = run.funding_account_id \
        AND spent_day.asset = run.asset AND spent_day.day = freed.reserved_on";
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Array<SqlUuid>, _>(dead.iter().map(AttemptId::as_uuid).collect::<Vec<_>>())
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(())
}
