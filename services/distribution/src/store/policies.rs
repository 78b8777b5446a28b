//! Approval policies: every version is kept, and the last of each scope is in force.

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use money::AssetCode;
use pg::Numeric128;
use serde::{Deserialize, Serialize};

use super::schema::{approval_policy, approval_tier};
use super::{Inconsistent, StoreError};
use crate::domain::approval::{Policy, Scope, Tier};
use crate::domain::kind::Kind;

/// The column of what is for all.
const ALL: &str = "";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_policy, check_for_backend(diesel::pg::Pg))]
struct PolicyRow {
    kind: String,
    payment_token: String,
    version: i32,
    validity_ns: i64,
    set_by: String,
    set_ns: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_tier, check_for_backend(diesel::pg::Pg))]
struct TierRow {
    kind: String,
    payment_token: String,
    version: i32,
    from_units: Numeric128,
    approvers: i16,
}

/// The scope of the last policy of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    kind: String,
    payment_token: String,
}

impl Cursor {
    /// After this policy.
    pub(crate) fn after(last: &Policy) -> Self {
        let (kind, payment_token) = columns(&last.scope);
        Self { kind, payment_token }
    }
}

fn columns(scope: &Scope) -> (String, String) {
    let token = scope.payment_token.as_ref().map_or(ALL.to_owned(), ToString::to_string);
    (scope.kind.map_or(ALL, Kind::as_str).to_owned(), token)
}

/// Stores a version of a policy. Returns whether it was the next one: nothing is stored when that version is there.
pub(crate) async fn insert(conn: &mut AsyncPgConnection, policy: &Policy) -> Result<bool, StoreError> {
    let (kind, payment_token) = columns(&policy.scope);
    let version = policy.version.cast_signed();
    let row = PolicyRow {
        kind: kind.clone(),
        payment_token: payment_token.clone(),
        version,
        validity_ns: policy.validity_ns,
        set_by: policy.set_by.clone(),
        set_ns: policy.set_ns,
    };
    let stored = diesel::insert_into(approval_policy::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if stored == 0 {
        return Ok(false);
    }
    let tier = |tier: &Tier| TierRow {
        kind: kind.clone(),
        payment_token: payment_token.clone(),
        version,
        from_units: Numeric128(tier.from_units),
        approvers: tier.approvers.into(),
    };
    let tiers: Vec<TierRow> = policy.tiers.iter().map(tier).collect();
    diesel::insert_into(approval_tier::table).values(tiers).execute(conn).await?;
    Ok(true)
}

/// The version in force of a scope; zero when there was never a policy.
pub(crate) async fn version(conn: &mut AsyncPgConnection, scope: &Scope) -> Result<u32, StoreError> {
    let (kind, payment_token) = columns(scope);
    let last: Option<i32> = approval_policy::table
        .filter(approval_policy::kind.eq(kind))
        .filter(approval_policy::payment_token.eq(payment_token))
        .select(max(approval_policy::version))
        .first(conn)
        .await?;
    Ok(last.unwrap_or(0).unsigned_abs())
}

/// One version of the policy of a scope.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    scope: &Scope,
    version: u32,
) -> Result<Option<Policy>, StoreError> {
    let (kind, payment_token) = columns(scope);
    let row: Option<PolicyRow> = approval_policy::table
        .find((kind, payment_token, version.cast_signed()))
        .select(PolicyRow::as_select())
        .first(conn)
        .await
        .optional()?;
    match row {
        Some(row) => Ok(Some(row.with_tiers(conn).await?)),
        None => Ok(None),
    }
}

/// The policies in force that fit a distribution of this kind, paid in this.
pub(crate) async fn fitting(
    conn: &mut AsyncPgConnection,
    kind: Kind,
    payment_token: &AssetCode,
) -> Result<Vec<Policy>, StoreError> {
    let mut found = Vec::new();
    for kind in [None, Some(kind)] {
        for payment_token in [None, Some(payment_token.clone())] {
            let scope = Scope { kind, payment_token };
            let version = version(conn, &scope).await?;
            found.extend(find(conn, &scope, version).await?);
        }
    }
    Ok(found)
}

/// Up to `limit` policies in force after the cursor, by kind and payment token, those for all first.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Policy>, StoreError> {
    let mut query = approval_policy::table
        .distinct_on((approval_policy::kind, approval_policy::payment_token))
        .order((approval_policy::kind, approval_policy::payment_token, approval_policy::version.desc()))
        .limit(limit.into())
        .select(PolicyRow::as_select())
        .into_boxed();
    if let Some(Cursor { kind, payment_token }) = after {
        let same =
            approval_policy::kind.eq(kind.clone()).and(approval_policy::payment_token.gt(payment_token));
        query = query.filter(approval_policy::kind.gt(kind).or(same));
    }
    let rows: Vec<PolicyRow> = query.load(conn).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push(row.with_tiers(conn).await?);
    }
    Ok(found)
}

impl PolicyRow {
    async fn with_tiers(self, conn: &mut AsyncPgConnection) -> Result<Policy, StoreError> {
        let tiers: Vec<TierRow> = approval_tier::table
            .filter(approval_tier::kind.eq(&self.kind))
            .filter(approval_tier::payment_token.eq(&self.payment_token))
            .filter(approval_tier::version.eq(self.version))
            .order(approval_tier::from_units)
            .select(TierRow::as_select())
            .load(conn)
            .await?;
        Ok(self.into_policy(tiers)?)
    }

    fn into_policy(self, tiers: Vec<TierRow>) -> Result<Policy, Inconsistent> {
        let row = format!("{}/{}/{}", self.kind, self.payment_token, self.version);
        let wrong = |column| Inconsistent { table: "approval_policy", row: row.clone(), column };
        let tier = |row: TierRow| {
            let approvers = u8::try_from(row.approvers).map_err(|_| wrong("approvers"))?;
            Ok(Tier { from_units: row.from_units.0, approvers })
        };
        let kind = match self.kind.as_str() {
            ALL => None,
            name => Some(Kind::from_name(name).ok_or_else(|| wrong("kind"))?),
        };
        let payment_token = match self.payment_token.as_str() {
            ALL => None,
            code => Some(code.parse().map_err(|_| wrong("payment_token"))?),
        };
        Ok(Policy {
            scope: Scope { kind, payment_token },
            version: u32::try_from(self.version).map_err(|_| wrong("version"))?,
            tiers: tiers.into_iter().map(tier).collect::<Result<_, _>>()?,
            validity_ns: self.validity_ns,
            set_by: self.set_by,
            set_ns: self.set_ns,
        })
    }
}
