//! Calculations that count.

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::DistributionId;

use super::StoreError;
use super::calculation_rows::CalculationRow;
use super::schema::calculation;
use crate::domain::distribution::Entitlements;

/// Makes a calculation the one that counts of a version of the terms; call it in the transaction that changes the
/// distribution's state. A second one for a version is refused by the database.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    terms_version: u32,
    result: &Entitlements,
    now_ns: i64,
) -> Result<(), StoreError> {
    let row = CalculationRow::new(distribution, terms_version, result, now_ns);
    diesel::insert_into(calculation::table).values(row).execute(conn).await?;
    Ok(())
}
