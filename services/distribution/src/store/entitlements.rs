//! What each holder is owed: written in bulk under a calculation that nobody reads yet, read in pages and chunks.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::Uuid;
use pg::{CopyIn, Numeric128};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use super::schema::entitlement;
use super::{Inconsistent, StoreError, rows};
use crate::domain::account::{Account, EvmAddress};
use crate::domain::calculation::Line;
use crate::domain::treatment::{Reason, Treatment};

const COLUMNS: [(&str, Type); 12] = [
    ("calculation_id", Type::UUID),
    ("account", Type::INT8),
    ("ordinal", Type::INT4),
    ("evm_address", Type::BYTEA),
    ("balance", Type::NUMERIC),
    ("units", Type::NUMERIC),
    ("treatment", Type::INT2),
    ("reason", Type::INT2),
    ("counted", Type::NUMERIC),
    ("withheld", Type::NUMERIC),
    ("carried", Type::NUMERIC),
    ("brought", Type::NUMERIC),
];

/// A bulk write under way. Dropping it leaves nothing; finished rows are read only once their calculation counts.
pub(crate) struct Writer {
    copy: CopyIn,
    calculation: Uuid,
}

impl Writer {
    /// Starts to write the entitlements of a calculation, on a connection of its own.
    pub(crate) async fn begin(url: &str, calculation: Uuid) -> Result<Self, StoreError> {
        Ok(Self { copy: CopyIn::begin(url, "entitlement", &COLUMNS).await?, calculation })
    }

    /// Writes one line: a holder's with its holding, or that of somebody on a list.
    pub(crate) async fn write(
        &mut self,
        account: Account,
        holding: Option<&Holding>,
        line: &Line,
    ) -> Result<(), StoreError> {
        let ordinal: Option<i32> = line.outcome.ordinal().map(u32::cast_signed);
        let reason: Option<i16> = line.outcome.reason().map(Reason::code);
        let some = |units: u128| (units > 0).then_some(Numeric128(units));
        self.copy
            .row(&[
                &self.calculation,
                &rows::number(account),
                &ordinal,
                &holding.map(|holding| holding.evm.0.as_slice()),
                &holding.map(|holding| Numeric128(holding.balance)),
                &Numeric128(line.units),
                &line.outcome.treatment().code(),
                &reason,
                &holding.and_then(|holding| holding.counted).map(Numeric128),
                &some(line.withheld),
                &some(line.carried),
                &some(line.brought),
            ])
            .await?;
        Ok(())
    }

    /// Stores all of them.
    pub(crate) async fn finish(self) -> Result<u64, StoreError> {
        Ok(self.copy.finish().await?)
    }
}

/// What a holder had at the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Its EVM address.
    pub evm: EvmAddress,
    /// Smallest units held.
    pub balance: u128,
    /// Of a redemption: how much of the balance is counted.
    pub counted: Option<u128>,
}

/// One stored entitlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entitlement {
    /// The holder.
    pub account: Account,
    /// Place in the run; payees only.
    pub ordinal: Option<u32>,
    /// What it held; none of who is on a list, or holds nothing any more.
    pub holding: Option<Holding>,
    /// What is paid, or what a held holder would get.
    pub units: u128,
    /// What is withheld.
    pub withheld: u128,
    /// What is carried forward.
    pub carried: u128,
    /// What is paid of earlier distributions'.
    pub brought: u128,
    /// What happens with it.
    pub treatment: Treatment,
    /// Why it is not paid; nothing for payees.
    pub reason: Option<Reason>,
}

/// A payee, as it is handed to execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payee {
    /// Place in the run.
    pub ordinal: u32,
    /// Who.
    pub account: Account,
    /// How much.
    pub units: u128,
    /// Of a rerun: the place in the old run of the payout that it replaces.
    pub supersedes: Option<u32>,
}

/// The last entitlement of a page: payees come first, then who is not paid, each by account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    unpaid: bool,
    account: i64,
}

impl Cursor {
    const START: Self = Self { unpaid: false, account: -1 };

    /// After this entitlement.
    pub(crate) fn after(last: &Entitlement) -> Self {
        Self { unpaid: last.ordinal.is_none(), account: rows::number(last.account) }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = entitlement, check_for_backend(diesel::pg::Pg))]
struct Row {
    calculation_id: Uuid,
    account: i64,
    ordinal: Option<i32>,
    evm_address: Option<Vec<u8>>,
    balance: Option<Numeric128>,
    units: Numeric128,
    treatment: i16,
    reason: Option<i16>,
    counted: Option<Numeric128>,
    withheld: Option<Numeric128>,
    carried: Option<Numeric128>,
    brought: Option<Numeric128>,
}

impl TryFrom<Row> for Entitlement {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent {
            table: "entitlement",
            row: format!("{}/{}", row.calculation_id, row.account),
            column,
        };
        let ordinal = row.ordinal.map(|ordinal| u32::try_from(ordinal).map_err(|_| wrong("ordinal")));
        let holding = match (&row.evm_address, row.balance) {
            (None, None) => None,
            (Some(evm), Some(Numeric128(balance))) => Some(Holding {
                evm: EvmAddress(evm.as_slice().try_into().map_err(|_| wrong("evm_address"))?),
                balance,
                counted: row.counted.map(|Numeric128(units)| units),
            }),
            (Some(_), None) | (None, Some(_)) => return Err(wrong("balance")),
        };
        let some = |units: Option<Numeric128>| units.map_or(0, |Numeric128(units)| units);
        let reason = row.reason.map(|code| Reason::from_code(code).ok_or_else(|| wrong("reason")));
        Ok(Self {
            account: rows::account(row.account, "entitlement", row.calculation_id, "account")?,
            ordinal: ordinal.transpose()?,
            holding,
            units: row.units.0,
            withheld: some(row.withheld),
            carried: some(row.carried),
            brought: some(row.brought),
            treatment: Treatment::from_code(row.treatment).ok_or_else(|| wrong("treatment"))?,
            reason: reason.transpose()?,
        })
    }
}

/// Up to `limit` entitlements of a calculation after the cursor: payees by ordinal, then who is not paid by account.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    calculation: Uuid,
    treatment: Option<Treatment>,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Entitlement>, StoreError> {
    let mut cursor = after.unwrap_or(Cursor::START);
    let mut found = Vec::new();
    if !cursor.unpaid {
        // Ordinals follow the account numbers, so this is their order.
        found = section(conn, calculation, treatment, cursor, limit).await?;
        cursor = Cursor { unpaid: true, ..Cursor::START };
    }
    let missing = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    if missing > 0 {
        found.extend(section(conn, calculation, treatment, cursor, missing).await?);
    }
    Ok(found)
}

async fn section(
    conn: &mut AsyncPgConnection,
    calculation: Uuid,
    treatment: Option<Treatment>,
    after: Cursor,
    limit: u32,
) -> Result<Vec<Entitlement>, StoreError> {
    let mut query = entitlement::table
        .filter(entitlement::calculation_id.eq(calculation))
        .filter(entitlement::account.gt(after.account))
        .order(entitlement::account)
        .limit(limit.into())
        .select(Row::as_select())
        .into_boxed();
    query = if after.unpaid {
        query.filter(entitlement::ordinal.is_null())
    } else {
        query.filter(entitlement::ordinal.is_not_null())
    };
    if let Some(treatment) = treatment {
        query = query.filter(entitlement::treatment.eq(treatment.code()));
    }
    let rows: Vec<Row> = query.load(conn).await?;
    Ok(rows.into_iter().map(Entitlement::try_from).collect::<Result<_, _>>()?)
}

/// Up to `limit` payees of a calculation by ordinal, after the one with this account.
pub(crate) async fn payees(
    conn: &mut AsyncPgConnection,
    calculation: Uuid,
    after: Option<Account>,
    limit: u32,
) -> Result<Vec<Payee>, StoreError> {
    let rows: Vec<(Option<i32>, i64, Numeric128)> = entitlement::table
        .filter(entitlement::calculation_id.eq(calculation))
        .filter(entitlement::account.gt(after.map_or(-1, rows::number)))
        .filter(entitlement::ordinal.is_not_null())
        .order(entitlement::account)
        .limit(limit.into())
        .select((entitlement::ordinal, entitlement::account, entitlement::units))
        .load(conn)
        .await?;
    let payee = |(ordinal, account, units): (Option<i32>, i64, Numeric128)| {
        let ordinal = ordinal.and_then(|ordinal| u32::try_from(ordinal).ok());
        let row = || format!("{calculation}/{account}");
        let wrong = || Inconsistent { table: "entitlement", row: row(), column: "ordinal" };
        Ok(Payee {
            ordinal: ordinal.ok_or_else(wrong)?,
            account: rows::account(account, "entitlement", calculation, "account")?,
            units: units.0,
            supersedes: None,
        })
    };
    rows.into_iter().map(payee).collect()
}
