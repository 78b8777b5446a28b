//! Accepted payment tokens.

use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, Selectable,
    SelectableHelper as _,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use money::AssetCode;
use pg::time::{from_ns, to_ns};

use super::schema::payment_token;
use super::{Inconsistent, StoreError};
use crate::domain::PaymentToken;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_token)]
struct Row {
    code: String,
    symbol: String,
    name: String,
    decimals: i16,
    added_by: String,
    created_ns: i64,
}

impl TryFrom<Row> for PaymentToken {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent { table: "payment_token", row: row.code.clone(), column };
        Ok(Self {
            code: row.code.parse().map_err(|_| wrong("code"))?,
            decimals: u8::try_from(row.decimals).map_err(|_| wrong("decimals"))?,
            symbol: row.symbol,
            name: row.name,
            added_by: row.added_by,
            created_at: from_ns(row.created_ns),
        })
    }
}

/// Accepts a payment token unless it is accepted already.
pub(crate) async fn insert(conn: &mut AsyncPgConnection, token: &PaymentToken) -> Result<(), StoreError> {
    let row = Row {
        code: token.code.to_string(),
        symbol: token.symbol.clone(),
        name: token.name.clone(),
        decimals: token.decimals.into(),
        added_by: token.added_by.clone(),
        created_ns: to_ns(token.created_at),
    };
    diesel::insert_into(payment_token::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(())
}

/// Takes a payment token off the list; says whether it was on it.
pub(crate) async fn remove(conn: &mut AsyncPgConnection, code: &AssetCode) -> Result<bool, StoreError> {
    let removed = diesel::delete(payment_token::table.find(code.as_str())).execute(conn).await?;
    Ok(removed == 1)
}

/// One accepted payment token.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    code: &AssetCode,
) -> Result<Option<PaymentToken>, StoreError> {
    let row =
        payment_token::table.find(code.as_str()).select(Row::as_select()).first(conn).await.optional()?;
    Ok(row.map(PaymentToken::try_from).transpose()?)
}

/// Up to `limit` accepted payment tokens by code, after `after`.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<PaymentToken>, StoreError> {
    let rows = payment_token::table
        .filter(payment_token::code.gt(after.unwrap_or_default()))
        .order(payment_token::code)
        .limit(limit.into())
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(|row| PaymentToken::try_from(row).map_err(StoreError::from)).collect()
}
