//! What has to be approved, and whether it was: for whoever calculates, asks again, and executes.

use diesel_async::AsyncPgConnection;
use entitlements::Approved;
use ids::DistributionId;
use money::AssetCode;

use crate::domain::approval::{self, Need, NotApproved, ROUNDS_MAX, Request};
use crate::domain::distribution::{Distribution, Entitlements};
use crate::domain::kind::Kind;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store::states::Besides;
use crate::store::{approvals, policies};

/// What the policies in force ask for, when payees get so much of this.
pub(super) async fn need(
    conn: &mut AsyncPgConnection,
    kind: Kind,
    payment_token: &AssetCode,
    units: u128,
) -> Result<Need, Error> {
    let fitting = policies::fitting(conn, kind, payment_token).await?;
    Ok(approval::need(&fitting, units))
}

/// What changes with the state when so much is asked for now.
pub(super) fn besides(need: Need, now_ns: i64) -> Besides {
    let expires_ns = (need.approvers > 0).then(|| now_ns.saturating_add(need.validity_ns));
    Besides { approval_expires_ns: Some(expires_ns), ..Besides::default() }
}

/// Asks for the approval of what was calculated, when anybody has to give it; call it after that counts, in the same
/// transaction.
pub(super) async fn ask(
    conn: &mut AsyncPgConnection,
    distribution: &Distribution,
    result: &Entitlements,
    need: Need,
    now_ns: i64,
) -> Result<(), Error> {
    if need.approvers == 0 {
        return Ok(());
    }
    let request = Request {
        number: distribution.requests.last().map_or(1, |last| last.number + 1),
        terms_version: distribution.terms_version,
        hash: hash(distribution, result),
        required: need.approvers,
        validity_ns: need.validity_ns,
        requested_ns: now_ns,
        endorsements: Vec::new(),
        rejection: None,
    };
    Ok(approvals::ask(conn, distribution.id, &request).await?)
}

/// Asks again for what was rejected or has expired, of at least as many people as before; call it with the state locked.
pub(super) async fn ask_again(
    conn: &mut AsyncPgConnection,
    distribution: &Distribution,
    now_ns: i64,
) -> Result<Besides, Error> {
    let asked = distribution.entitlements.zip(distribution.request());
    let missing = NotApproved::Missing { have: 0, need: 1 };
    let (result, last) = asked.ok_or(not_approved(distribution.id, missing))?;
    // Versions of the terms are bounded by themselves, so that calculating can always ask.
    if last.number >= ROUNDS_MAX {
        return Err(Refusal::TooManyRequests(distribution.id).into());
    }
    let terms = &distribution.terms;
    let now = need(conn, terms.kind, &terms.payment_token, result.totals.payable()).await?;
    let need = Need {
        approvers: now.approvers.max(last.required),
        validity_ns: if now.approvers == 0 { last.validity_ns } else { now.validity_ns },
    };
    ask(conn, distribution, &result, need, now_ns).await?;
    Ok(besides(need, now_ns))
}

/// Whether what it is now was approved by as many as have to, and still is. Call it with the state locked, on what the
/// transaction that makes it ONGOING sees.
pub(super) fn ensure_approved(distribution: &Distribution, now_ns: i64) -> Result<(), Error> {
    let Some(result) = distribution.entitlements.filter(|result| result.approvers > 0) else { return Ok(()) };
    let missing = NotApproved::Missing { have: 0, need: result.approvers };
    let request = distribution.request().filter(|request| request.required >= result.approvers);
    let verdict =
        request.ok_or(missing).and_then(|request| request.ensure(&hash(distribution, &result), now_ns));
    verdict.map_err(|source| not_approved(distribution.id, source))
}

fn not_approved(id: DistributionId, source: NotApproved) -> Error {
    Refusal::NotApproved { id, source }.into()
}

/// What is approved; `docs/APPROVAL.md` defines it.
fn hash(distribution: &Distribution, result: &Entitlements) -> [u8; 32] {
    let terms = &distribution.terms;
    let approved = Approved {
        distribution: distribution.id.as_uuid().into_bytes(),
        version: distribution.terms_version,
        root: result.root,
        funding_account: terms.funding_account.as_uuid().into_bytes(),
        debited: terms.parties.funding.payee_key(),
        execute_now: terms.execute_now(),
        asset: terms.payment_token.as_str(),
    };
    approved.hash()
}
