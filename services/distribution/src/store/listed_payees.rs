//! Who is on the list of a distribution: written in bulk under an id that is no distribution's yet, read in chunks.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::DistributionId;
use pg::{CopyIn, Numeric128};
use tokio_postgres::types::Type;

use super::schema::listed_payee;
use super::{Inconsistent, StoreError, rows};
use crate::domain::account::Account;

const COLUMNS: [(&str, Type); 6] = [
    ("distribution_id", Type::UUID),
    ("account", Type::INT8),
    ("units", Type::NUMERIC),
    ("reference", Type::TEXT),
    ("note", Type::TEXT),
    ("replaces", Type::INT4),
];

/// A payee of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedPayee {
    /// Who; a list has each account once.
    pub account: Account,
    /// What it gets, in smallest units of the payment token, above zero.
    pub units: u128,
    /// What whoever made the list calls it, at most 100 characters; may be empty.
    pub reference: String,
    /// What they say of it, at most 500 characters; may be empty.
    pub note: String,
}

/// A bulk write under way, as one statement: dropping it leaves nothing, and so does an account that is there already.
/// Finish it before the distribution is inserted: whoever calculates reads the list as it is then.
pub(crate) struct Writer {
    copy: CopyIn,
    distribution: DistributionId,
}

impl Writer {
    /// Starts to write the list of a distribution that is not there yet, on a connection of its own.
    pub(crate) async fn begin(url: &str, distribution: DistributionId) -> Result<Self, StoreError> {
        Ok(Self { copy: CopyIn::begin(url, "listed_payee", &COLUMNS).await?, distribution })
    }

    /// Writes one payee; of a rerun, with the place in the old run of the payout it replaces. In any order.
    pub(crate) async fn write(
        &mut self,
        payee: &ListedPayee,
        replaces: Option<u32>,
    ) -> Result<(), StoreError> {
        let replaces = replaces.map(u32::cast_signed);
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
            &self.distribution.as_uuid(),
            &rows::number(payee.account),
            &Numeric128(payee.units),
            &payee.reference,
            &payee.note,
            &replaces,
        ];
        Ok(self.copy.row(&row).await?)
    }

    /// Stores all of them; how many they are.
    pub(crate) async fn finish(self) -> Result<u64, StoreError> {
        Ok(self.copy.finish().await?)
    }
}

/// Up to `limit` payees of a list after the one with this account, ascending by account, with what each gets.
pub(crate) async fn chunk(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    after: Option<Account>,
    limit: u32,
) -> Result<Vec<(Account, u128)>, StoreError> {
    let rows: Vec<(i64, Numeric128)> = listed_payee::table
        .filter(listed_payee::distribution_id.eq(distribution.as_uuid()))
        .filter(listed_payee::account.gt(after.map_or(-1, rows::number)))
        .order(listed_payee::account)
        .limit(limit.into())
        .select((listed_payee::account, listed_payee::units))
        .load(conn)
        .await?;
    let payee = |(number, Numeric128(units))| {
        Ok((rows::account(number, "listed_payee", distribution.as_uuid(), "account")?, units))
    };
    Ok(rows.into_iter().map(payee).collect::<Result<_, Inconsistent>>()?)
}

/// What is said of these payees of a list: reference and note, by account.
pub(crate) async fn said_of(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    payees: &[Account],
) -> Result<HashMap<Account, (String, String)>, StoreError> {
    let numbers: Vec<i64> = payees.iter().map(|account| rows::number(*account)).collect();
    let found: Vec<(i64, String, String)> = listed_payee::table
        .filter(listed_payee::distribution_id.eq(distribution.as_uuid()))
        .filter(listed_payee::account.eq_any(numbers))
        .select((listed_payee::account, listed_payee::reference, listed_payee::note))
        .load(conn)
        .await?;
    let said = |(number, reference, note)| {
        let account = rows::account(number, "listed_payee", distribution.as_uuid(), "account")?;
        Ok((account, (reference, note)))
    };
    Ok(found.into_iter().map(said).collect::<Result<_, Inconsistent>>()?)
}

/// Which payout of the old run each of these payees of a rerun replaces, in their order; they ascend by account.
pub(crate) async fn replaced(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    payees: &[Account],
) -> Result<Vec<u32>, StoreError> {
    let numbers: Vec<i64> = payees.iter().map(|account| rows::number(*account)).collect();
    let found: Vec<(i64, Option<i32>)> = listed_payee::table
        .filter(listed_payee::distribution_id.eq(distribution.as_uuid()))
        .filter(listed_payee::account.eq_any(&numbers))
        .order(listed_payee::account)
        .select((listed_payee::account, listed_payee::replaces))
        .load(conn)
        .await?;
    let wrong = || Inconsistent { table: "listed_payee", row: distribution.to_string(), column: "replaces" };
    let in_order = found.iter().map(|(account, _)| account).eq(&numbers);
    let ordinal = |(_, replaces): (i64, Option<i32>)| replaces.map(i32::cast_unsigned);
    let ordinals: Option<Vec<u32>> = found.into_iter().map(ordinal).collect();
    Ok(ordinals.filter(|_| in_order).ok_or_else(wrong)?)
}
