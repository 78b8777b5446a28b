//! Table `destination`: where a funding account's money may be withdrawn to.

use std::time::SystemTime;

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hedera::AccountId;
use ids::FundingAccountId;
use pg::Prepare as _;

use crate::store::{At, StoreError};

/// An account that money may be withdrawn to.
#[derive(Clone, Debug)]
pub struct Destination {
    /// From where.
    pub funding_account: FundingAccountId,
    /// To where.
    pub account: AccountId,
    /// What people call it.
    pub label: String,
    /// Who allowed it.
    pub added_by: String,
    /// When.
    pub added_at: SystemTime,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    account: i64,
    #[diesel(sql_type = Text)]
    label: String,
    #[diesel(sql_type = Text)]
    added_by: String,
    #[diesel(sql_type = Timestamptz)]
    added_at: At,
}

impl Row {
    fn of(self, funding_account: FundingAccountId) -> Result<Destination, StoreError> {
        let account = AccountId::from_num(self.account.cast_unsigned());
        Ok(Destination {
            funding_account,
            account: account
                .map_err(|_| StoreError::inconsistent("destination", funding_account, "account"))?,
            label: self.label,
            added_by: self.added_by,
            added_at: self.added_at.0,
        })
    }
}

/// Allows a destination unless it is allowed; returns it as it is then.
pub async fn add(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    account: AccountId,
    label: &str,
    by: &str,
) -> Result<Destination, StoreError> {
    const ADD: &str = "INSERT INTO destination (funding_account_id, account, label, added_by) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (funding_account_id, account) WHERE removed_at IS NULL DO NOTHING";
    const FIND: &str = "SELECT account, label, added_by, added_at FROM destination \
        WHERE funding_account_id = $1 AND account = $2 AND removed_at IS NULL";
    diesel::sql_query(ADD)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<BigInt, _>(account.num().cast_signed())
        .bind::<Text, _>(label)
        .bind::<Text, _>(by)
        .prepared()
        .execute(conn)
        .await?;
    let row: Row = diesel::sql_query(FIND)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<BigInt, _>(account.num().cast_signed())
        .prepared()
        .get_result(conn)
        .await?;
    row.of(funding)
}

/// Allows a destination no more; false when it is not allowed.
pub async fn remove(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    account: AccountId,
    by: &str,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE destination SET removed_by = $3, removed_at = clock_timestamp() \
        WHERE funding_account_id = $1 AND account = $2 AND removed_at IS NULL";
    let removed = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<BigInt, _>(account.num().cast_signed())
        .bind::<Text, _>(by)
        .prepared()
        .execute(conn)
        .await?;
    Ok(removed == 1)
}

/// Whether a destination is allowed; if so, it stays so until this transaction ends.
pub async fn is_allowed(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    account: AccountId,
) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        #[expect(dead_code, reason = "that there is a row is all there is to know")]
        found: bool,
    }
    const SQL: &str = "SELECT true AS found FROM destination \
        WHERE funding_account_id = $1 AND account = $2 AND removed_at IS NULL FOR SHARE";
    let rows: Vec<Found> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<BigInt, _>(account.num().cast_signed())
        .prepared()
        .load(conn)
        .await?;
    Ok(!rows.is_empty())
}

/// Up to `limit` that are allowed, by account, after the account number given.
pub async fn list(
    conn: &mut AsyncPgConnection,
    funding: FundingAccountId,
    after: u64,
    limit: u32,
) -> Result<Vec<Destination>, StoreError> {
    const SQL: &str = "SELECT account, label, added_by, added_at FROM destination \
        WHERE funding_account_id = $1 AND account > $2 AND removed_at IS NULL ORDER BY account LIMIT $3";
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(funding.as_uuid())
        .bind::<BigInt, _>(after.cast_signed())
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(|row| row.of(funding)).collect()
}
