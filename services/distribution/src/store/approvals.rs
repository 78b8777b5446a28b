//! What approvers were asked for, and what they said. Whoever writes any of it holds the lock on the distribution's state.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, Uuid};

use super::rows::known;
use super::schema::{
    amendment, approval, approval_rejection, approval_request, distribution, occurrence, schedule,
    schedule_version,
};
use super::{Inconsistent, StoreError};
use crate::domain::approval::{Endorsement, Rejection, Request};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_request, check_for_backend(diesel::pg::Pg))]
struct RequestRow {
    distribution_id: Uuid,
    number: i32,
    terms_version: i32,
    hash: Vec<u8>,
    required: i16,
    validity_ns: i64,
    requested_ns: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approval, check_for_backend(diesel::pg::Pg))]
struct ApprovalRow {
    distribution_id: Uuid,
    number: i32,
    approved_by: String,
    approved_ns: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_rejection, check_for_backend(diesel::pg::Pg))]
struct RejectionRow {
    distribution_id: Uuid,
    number: i32,
    rejected_by: String,
    reason: String,
    rejected_ns: i64,
}

/// Stores what is asked for. Nobody has approved or rejected it yet.
pub(crate) async fn ask(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    request: &Request,
) -> Result<(), StoreError> {
    let row = RequestRow {
        distribution_id: id.as_uuid(),
        number: request.number.cast_signed(),
        terms_version: request.terms_version.cast_signed(),
        hash: request.hash.to_vec(),
        required: request.required.into(),
        validity_ns: request.validity_ns,
        requested_ns: request.requested_ns,
    };
    diesel::insert_into(approval_request::table).values(row).execute(conn).await?;
    Ok(())
}

/// Stores one person's approval. A second one of the same person is refused by the database.
pub(crate) async fn approve(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    number: u32,
    endorsement: &Endorsement,
) -> Result<(), StoreError> {
    let row = ApprovalRow {
        distribution_id: id.as_uuid(),
        number: number.cast_signed(),
        approved_by: endorsement.by.clone(),
        approved_ns: endorsement.at_ns,
    };
    diesel::insert_into(approval::table).values(row).execute(conn).await?;
    Ok(())
}

/// Stores that somebody rejected it. A second time is refused by the database.
pub(crate) async fn reject(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    number: u32,
    rejection: &Rejection,
) -> Result<(), StoreError> {
    let row = RejectionRow {
        distribution_id: id.as_uuid(),
        number: number.cast_signed(),
        rejected_by: rejection.by.clone(),
        reason: rejection.reason.clone(),
        rejected_ns: rejection.at_ns,
    };
    diesel::insert_into(approval_rejection::table).values(row).execute(conn).await?;
    Ok(())
}

/// What was asked for of these distributions, oldest first.
pub(super) async fn load(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<Request>>, StoreError> {
    let mut found: BTreeMap<Uuid, Vec<Request>> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let requests: Vec<RequestRow> = approval_request::table
        .filter(approval_request::distribution_id.eq_any(ids))
        .order((approval_request::distribution_id, approval_request::number))
        .select(RequestRow::as_select())
        .load(conn)
        .await?;
    let mut approvals: Vec<ApprovalRow> = approval::table
        .filter(approval::distribution_id.eq_any(ids))
        .order((approval::approved_ns, approval::approved_by))
        .select(ApprovalRow::as_select())
        .load(conn)
        .await?;
    let mut rejections: Vec<RejectionRow> = approval_rejection::table
        .filter(approval_rejection::distribution_id.eq_any(ids))
        .select(RejectionRow::as_select())
        .load(conn)
        .await?;
    for row in requests {
        let of = (row.distribution_id, row.number);
        let approved = approvals.extract_if(.., |one| (one.distribution_id, one.number) == of).collect();
        let rejected = rejections.extract_if(.., |one| (one.distribution_id, one.number) == of).next();
        found.entry(row.distribution_id).or_default().push(row.into_request(approved, rejected)?);
    }
    Ok(found)
}

/// Who had a part in what a distribution is: who created or changed it, and who created or ever changed the schedule that
/// fired it.
pub(crate) async fn makers(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
) -> Result<BTreeSet<String>, StoreError> {
    let id = id.as_uuid();
    let created: Vec<String> =
        distribution::table.find(id).select(distribution::created_by).load(conn).await?;
    let amended: Vec<String> = amendment::table
        .filter(amendment::distribution_id.eq(id))
        .select(amendment::amended_by)
        .load(conn)
        .await?;
    let fired_by: Option<Uuid> = occurrence::table
        .filter(occurrence::distribution_id.eq(id))
        .select(occurrence::schedule_id)
        .first(conn)
        .await
        .optional()?;
    let mut makers: BTreeSet<String> = created.into_iter().chain(amended).collect();
    if let Some(schedule) = fired_by {
        let created: Vec<String> =
            schedule::table.find(schedule).select(schedule::created_by).load(conn).await?;
        let decided: Vec<String> = schedule_version::table
            .filter(schedule_version::schedule_id.eq(schedule))
            .select(schedule_version::decided_by)
            .load(conn)
            .await?;
        makers.extend(created.into_iter().chain(decided));
    }
    Ok(makers)
}

impl RequestRow {
    fn into_request(
        self,
        approved: Vec<ApprovalRow>,
        rejected: Option<RejectionRow>,
    ) -> Result<Request, Inconsistent> {
        const TABLE: &str = "approval_request";
        let row = self.distribution_id;
        let endorsement = |row: ApprovalRow| Endorsement { by: row.approved_by, at_ns: row.approved_ns };
        Ok(Request {
            number: known(u32::try_from(self.number).ok(), TABLE, row, "number")?,
            terms_version: known(u32::try_from(self.terms_version).ok(), TABLE, row, "terms_version")?,
            hash: known(self.hash.try_into().ok(), TABLE, row, "hash")?,
            required: known(u8::try_from(self.required).ok(), TABLE, row, "required")?,
            validity_ns: self.validity_ns,
            requested_ns: self.requested_ns,
            endorsements: approved.into_iter().map(endorsement).collect(),
            rejection: rejected.map(|row| Rejection {
                by: row.rejected_by,
                reason: row.reason,
                at_ns: row.rejected_ns,
            }),
        })
    }
}
