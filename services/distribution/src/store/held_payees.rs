//! Who of a file's payees is held because no rail pays an email. Written when the file is accepted, see `ingest_lines`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Numeric, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, Uuid};
use pg::Numeric128;

use super::schema::held_payee;
use super::{Inconsistent, StoreError};
use crate::domain::ingest::Email;

/// A held payee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldPayee {
    /// The line of the file.
    pub line: u32,
    /// Who.
    pub email: Email,
    /// What it would get, in smallest units.
    pub units: u128,
    /// What the sender calls the payment.
    pub reference: String,
    /// What the sender says of it.
    pub note: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = held_payee, check_for_backend(diesel::pg::Pg))]
struct Row {
    distribution_id: Uuid,
    line: i32,
    email: String,
    name: Option<String>,
    units: Numeric128,
    reference: String,
    note: String,
}

impl TryFrom<Row> for HeldPayee {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let key = || format!("{}/{}", row.distribution_id, row.line);
        let wrong = |_| Inconsistent { table: "held_payee", row: key(), column: "line" };
        Ok(Self {
            line: u32::try_from(row.line).map_err(wrong)?,
            email: Email { address: row.email, name: row.name },
            units: row.units.0,
            reference: row.reference,
            note: row.note,
        })
    }
}

/// Up to `limit` held payees of a distribution by line, after the one of line `after`.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    after: u32,
    limit: u32,
) -> Result<Vec<HeldPayee>, StoreError> {
    let rows: Vec<Row> = held_payee::table
        .filter(held_payee::distribution_id.eq(distribution.as_uuid()))
        .filter(held_payee::line.gt(after.cast_signed()))
        .order(held_payee::line)
        .limit(limit.into())
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(HeldPayee::try_from).collect::<Result<_, _>>()?)
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = BigInt)]
    payees: i64,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
}

/// How many there are of a distribution, and what they would get together.
pub(crate) async fn sum(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
) -> Result<(u32, u128), StoreError> {
    let sum: Sum = sql_query(
        "SELECT count(*) AS payees, coalesce(sum(units), 0) AS units FROM held_payee WHERE distribution_id = $1",
    )
    .bind::<SqlUuid, _>(distribution.as_uuid())
    .get_result(conn)
    .await?;
    let wrong = |_| Inconsistent { table: "held_payee", row: distribution.to_string(), column: "line" };
    Ok((u32::try_from(sum.payees).map_err(wrong)?, sum.units.0))
}
