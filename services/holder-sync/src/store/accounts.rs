//! What accounts are. Insert-only.

use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, Selectable,
    SelectableHelper as _, sql_query,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::schema::account;
use super::{Inconsistent, StoreError, signed, unsigned};
use crate::domain::Account;

#[derive(Queryable, Selectable)]
#[diesel(table_name = account)]
pub(super) struct AccountRow {
    num: i64,
    evm_address: Option<Vec<u8>>,
    contract: bool,
    deleted: bool,
}

impl TryFrom<AccountRow> for Account {
    type Error = Inconsistent;

    fn try_from(row: AccountRow) -> Result<Self, Inconsistent> {
        let wrong = |_| Inconsistent { table: "account", row: row.num.to_string(), column: "evm_address" };
        let evm_alias = row.evm_address.map(<[u8; 20]>::try_from).transpose().map_err(wrong)?;
        Ok(Self { num: unsigned(row.num), evm_alias, contract: row.contract, deleted: row.deleted })
    }
}

/// Records accounts that are not known yet.
pub(crate) async fn insert(conn: &mut AsyncPgConnection, accounts: &[Account]) -> Result<(), StoreError> {
    let nums: Vec<i64> = accounts.iter().map(|account| signed(account.num)).collect();
    let aliases: Vec<Option<&[u8]>> =
        accounts.iter().map(|account| account.evm_alias.as_ref().map(<[u8; 20]>::as_slice)).collect();
    let contracts: Vec<bool> = accounts.iter().map(|account| account.contract).collect();
    let deleted: Vec<bool> = accounts.iter().map(|account| account.deleted).collect();
    sql_query(
        "INSERT INTO account (num, evm_address, contract, deleted)
         SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT (num) DO NOTHING",
    )
    .bind::<Array<BigInt>, _>(nums)
    .bind::<Array<Nullable<Binary>>, _>(aliases)
    .bind::<Array<Bool>, _>(contracts)
    .bind::<Array<Bool>, _>(deleted)
    .execute(conn)
    .await?;
    Ok(())
}

/// The account with this alias: of several the one created last. An alias is passed on by deleting its account only, so all
/// before it are deleted, also where that was not known yet when we learnt them.
pub(crate) async fn find_by_alias(
    conn: &mut AsyncPgConnection,
    alias: &[u8; 20],
) -> Result<Option<Account>, StoreError> {
    let row = account::table
        .filter(account::evm_address.eq(alias.as_slice()))
        .order(account::num.desc())
        .select(AccountRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Account::try_from).transpose()?)
}
