//! What else there is to say of amounts, beside the columns of a distribution's or a schedule's terms: the percentage of a
//! value, the minimum, what is withheld. A version of terms that says nothing of it has no row here.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::Uuid;
use money::{Decimal, Rounding};
use pg::Numeric128;

use super::schema::{amount_terms, withholding_rate};
use super::{Inconsistent, StoreError, rows};
use crate::domain::calculation::AmountRule;
use crate::domain::deduction::{Deductions, Rate, Withholding};
use crate::domain::distribution::FromHolders;

const TERMS: &str = "amount_terms";
const RATE: &str = "withholding_rate";

/// A version of terms: the id of the distribution or schedule, and the number.
pub(super) type Version = (Uuid, i32);

/// What is said of amounts beside the columns of the terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AmountTerms {
    /// The rate is the value of a whole token, of which this percentage is paid.
    pub(super) percent: Option<Decimal>,
    /// What comes off.
    pub(super) deductions: Deductions,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = amount_terms, check_for_backend(diesel::pg::Pg))]
struct TermsRow {
    terms_of: Uuid,
    version: i32,
    percent: Option<String>,
    minimum_units: Numeric128,
    withheld_percent: String,
    rounding: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = withholding_rate, check_for_backend(diesel::pg::Pg))]
struct RateRow {
    terms_of: Uuid,
    version: i32,
    place: i16,
    group_name: String,
    percent: String,
    accounts: Vec<i64>,
}

/// Stores what a version of terms says of amounts, in the transaction that stores the terms.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    (terms_of, version): Version,
    holders: &FromHolders,
) -> Result<(), StoreError> {
    let percent = match holders.rule {
        AmountRule::PercentOfValue { percent, .. } => Some(percent),
        AmountRule::PerToken(_) | AmountRule::Pool { .. } | AmountRule::PerHolder(_) => None,
    };
    let Deductions { withholding, minimum } = &holders.deductions;
    if percent.is_none() && holders.deductions == Deductions::default() {
        return Ok(());
    }
    let row = TermsRow {
        terms_of,
        version,
        percent: percent.map(|percent| percent.to_string()),
        minimum_units: Numeric128(*minimum),
        withheld_percent: withholding.default_percent.to_string(),
        rounding: withholding.rounding.as_str().to_owned(),
    };
    diesel::insert_into(amount_terms::table).values(row).execute(conn).await?;
    let rate = |(place, rate): (i16, &Rate)| RateRow {
        terms_of,
        version,
        place,
        group_name: rate.group.clone(),
        percent: rate.percent.to_string(),
        accounts: rate.accounts.iter().map(|account| rows::number(*account)).collect(),
    };
    let rates: Vec<RateRow> = (0..).zip(&withholding.rates).map(rate).collect();
    diesel::insert_into(withholding_rate::table).values(rates).execute(conn).await?;
    Ok(())
}

/// What these versions say; those that say nothing are left out.
pub(super) async fn load(
    conn: &mut AsyncPgConnection,
    versions: &[Version],
) -> Result<BTreeMap<Version, AmountTerms>, StoreError> {
    let ids: Vec<Uuid> = versions.iter().map(|(id, _)| *id).collect();
    // Those of other versions are left out below.
    let terms: Vec<TermsRow> = amount_terms::table
        .filter(amount_terms::terms_of.eq_any(&ids))
        .select(TermsRow::as_select())
        .load(conn)
        .await?;
    let mut found = BTreeMap::new();
    for row in terms.into_iter().filter(|row| versions.contains(&(row.terms_of, row.version))) {
        found.insert((row.terms_of, row.version), AmountTerms::try_from(row)?);
    }
    if found.is_empty() {
        return Ok(found);
    }
    let rates: Vec<RateRow> = withholding_rate::table
        .filter(withholding_rate::terms_of.eq_any(&ids))
        .order((withholding_rate::terms_of, withholding_rate::version, withholding_rate::place))
        .select(RateRow::as_select())
        .load(conn)
        .await?;
    for row in rates {
        if let Some(of) = found.get_mut(&(row.terms_of, row.version)) {
            of.deductions.withholding.rates.push(row.try_into()?);
        }
    }
    Ok(found)
}

fn decimal(
    text: &str,
    table: &'static str,
    row: Uuid,
    column: &'static str,
) -> Result<Decimal, Inconsistent> {
    rows::known(text.parse().ok(), table, row, column)
}

impl TryFrom<TermsRow> for AmountTerms {
    type Error = Inconsistent;

    fn try_from(row: TermsRow) -> Result<Self, Inconsistent> {
        let percent = row.percent.map(|percent| decimal(&percent, TERMS, row.terms_of, "percent"));
        let rounding = Rounding::from_name(&row.rounding);
        let withholding = Withholding {
            default_percent: decimal(&row.withheld_percent, TERMS, row.terms_of, "withheld_percent")?,
            rates: Vec::new(),
            rounding: rows::known(rounding, TERMS, row.terms_of, "rounding")?,
        };
        Ok(Self {
            percent: percent.transpose()?,
            deductions: Deductions { withholding, minimum: row.minimum_units.0 },
        })
    }
}

impl TryFrom<RateRow> for Rate {
    type Error = Inconsistent;

    fn try_from(row: RateRow) -> Result<Self, Inconsistent> {
        let account = |number| rows::account(number, RATE, row.terms_of, "accounts");
        Ok(Self {
            percent: decimal(&row.percent, RATE, row.terms_of, "percent")?,
            accounts: row.accounts.into_iter().map(account).collect::<Result<_, _>>()?,
            group: row.group_name,
        })
    }
}
