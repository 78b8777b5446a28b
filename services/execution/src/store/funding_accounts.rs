//! Table `funding_account`: where money comes from.

use std::time::SystemTime;

use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hedera::AccountId;
use ids::FundingAccountId;
use uuid::Uuid;

use crate::domain::run::Header;
use crate::store::schema::funding_account;
use crate::store::{At, StoreError};

/// A funding account.
#[derive(Clone, Debug)]
pub struct FundingAccount {
    /// Its id.
    pub id: FundingAccountId,
    /// What people call it.
    pub label: String,
    /// The debited account.
    pub account: AccountId,
    /// Name of the debited account's key.
    pub key_reference: String,
    /// The fee-paying account.
    pub fee_payer: AccountId,
    /// Name of the fee payer's key.
    pub fee_payer_key_reference: String,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: SystemTime,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = funding_account, check_for_backend(diesel::pg::Pg))]
struct Row {
    funding_account_id: Uuid,
    label: String,
    account: String,
    key_reference: String,
    fee_payer_account: String,
    fee_payer_key_reference: String,
    created_by: String,
    created_at: At,
}

#[derive(Insertable)]
#[diesel(table_name = funding_account)]
struct NewRow<'a> {
    funding_account_id: Uuid,
    label: &'a str,
    account: String,
    key_reference: &'a str,
    fee_payer_account: String,
    fee_payer_key_reference: &'a str,
    created_by: &'a str,
    created_at: At,
}

impl TryFrom<Row> for FundingAccount {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let account = |text: &str, column| {
            text.parse()
                .map_err(|_| StoreError::inconsistent("funding_account", row.funding_account_id, column))
        };
        Ok(Self {
            id: FundingAccountId::from_uuid(row.funding_account_id),
            account: account(&row.account, "account")?,
            fee_payer: account(&row.fee_payer_account, "fee_payer_account")?,
            label: row.label,
            key_reference: row.key_reference,
            fee_payer_key_reference: row.fee_payer_key_reference,
            created_by: row.created_by,
            created_at: row.created_at.0,
        })
    }
}

/// Inserts one; false when the label is taken.
pub async fn insert(conn: &mut AsyncPgConnection, new: &FundingAccount) -> Result<bool, StoreError> {
    let inserted = diesel::insert_into(funding_account::table)
        .values(NewRow {
            funding_account_id: new.id.as_uuid(),
            label: &new.label,
            account: new.account.to_string(),
            key_reference: &new.key_reference,
            fee_payer_account: new.fee_payer.to_string(),
            fee_payer_key_reference: &new.fee_payer_key_reference,
            created_by: &new.created_by,
            created_at: At(new.created_at),
        })
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

/// One by its id.
pub async fn find(
    mut conn: &AsyncPgConnection,
    id: FundingAccountId,
) -> Result<Option<FundingAccount>, StoreError> {
    let row = funding_account::table
        .find(id.as_uuid())
        .select(Row::as_select())
        .first(&mut conn)
        .await
        .optional()?;
    row.map(FundingAccount::try_from).transpose()
}

/// The one a run is paid from.
pub async fn of_run(conn: &AsyncPgConnection, header: &Header) -> Result<FundingAccount, StoreError> {
    let found = find(conn, header.funding_account).await?;
    found.ok_or_else(|| StoreError::inconsistent("run", header.run, "funding_account_id"))
}

/// One whose fees this account pays.
pub async fn of_fee_payer(
    conn: &mut AsyncPgConnection,
    payer: AccountId,
) -> Result<Option<FundingAccount>, StoreError> {
    let row = funding_account::table
        .filter(funding_account::fee_payer_account.eq(payer.to_string()))
        .order(funding_account::label)
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(FundingAccount::try_from).transpose()
}

/// Up to `limit` by label, after the label given.
pub async fn list(
    conn: &mut AsyncPgConnection,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<FundingAccount>, StoreError> {
    let rows: Vec<Row> = funding_account::table
        .filter(funding_account::label.gt(after.unwrap_or_default()))
        .order(funding_account::label)
        .limit(limit.into())
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(FundingAccount::try_from).collect()
}
