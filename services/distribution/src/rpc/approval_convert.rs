//! Approvals and their policies, from the domain to the contract's messages and back.

use std::time::Duration;

use money::{AssetCode, Network, Units};
use proto::distribution::v1 as pb;
use service_kit::error::{FieldViolations, Problem};
use service_kit::validate::{self, MALFORMED, OUT_OF_RANGE};

use super::{convert, draft};
use crate::app::PolicyDraft;
use crate::domain::approval::{APPROVERS_MAX, Policy, Request, Scope, Tier};
use crate::domain::calculation::RAIL_UNITS_MAX;
use crate::domain::distribution::{Amendment, Distribution};
use crate::domain::kind::Kind;
use crate::time::timestamp;

const TIERS_MAX: usize = 10;
const VALIDITY_DEFAULT: Duration = Duration::from_hours(7 * 24);
const VALIDITY_MIN: Duration = Duration::from_mins(1);
const VALIDITY_MAX: Duration = Duration::from_hours(365 * 24);

/// The hash of a request.
pub(super) fn hash(bytes: &[u8]) -> Result<[u8; 32], Problem> {
    let mut violations = FieldViolations::new();
    let hash = read_hash(&mut violations, bytes);
    violations.into_result()?;
    Ok(hash)
}

/// The same among other fields; zeros when it is none, which is noted.
pub(super) fn read_hash(violations: &mut FieldViolations, bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().unwrap_or_else(|_| {
        violations.add("hash", MALFORMED, "32 bytes: approval.hash of the distribution as it was read");
        [0; 32]
    })
}

/// How the terms were changed.
pub(super) fn amendments(whole: &Distribution) -> Vec<pb::Amendment> {
    let amendment = |one: &Amendment| pb::Amendment {
        version: one.version,
        fields: one.changed.clone(),
        amended_by: one.by.clone(),
        amend_time: Some(timestamp(one.at_ns)),
    };
    whole.amendments.iter().map(amendment).collect()
}

/// What approvers are asked for now.
pub(super) fn approval(whole: &Distribution) -> Option<pb::Approval> {
    whole.request().map(request)
}

/// What they were asked for before.
pub(super) fn void_approvals(whole: &Distribution) -> Vec<pb::Approval> {
    let now = whole.request().map(|request| request.number);
    whole.requests.iter().filter(|request| Some(request.number) != now).map(request).collect()
}

fn request(request: &Request) -> pb::Approval {
    let endorsements = request
        .endorsements
        .iter()
        .map(|one| pb::Endorsement { by: one.by.clone(), time: Some(timestamp(one.at_ns)) });
    let rejection = request.rejection.as_ref().map(|one| pb::Rejection {
        by: one.by.clone(),
        reason: one.reason.clone(),
        time: Some(timestamp(one.at_ns)),
    });
    pb::Approval {
        hash: request.hash.to_vec(),
        required: request.required.into(),
        endorsements: endorsements.collect(),
        request_time: Some(timestamp(request.requested_ns)),
        expire_time: Some(timestamp(request.expires_ns())),
        rejection,
    }
}

/// A policy.
pub(super) fn policy(policy: &Policy) -> pb::ApprovalPolicy {
    let tier = |tier: &Tier| pb::ApprovalTier {
        from_units: tier.from_units.to_string(),
        approvers: tier.approvers.into(),
    };
    let validity = Duration::from_nanos(policy.validity_ns.unsigned_abs());
    pb::ApprovalPolicy {
        kind: policy.scope.kind.map(convert::kind).unwrap_or_default().into(),
        payment_token: policy.scope.payment_token.as_ref().map(ToString::to_string).unwrap_or_default(),
        tiers: policy.tiers.iter().map(tier).collect(),
        // A year at most.
        validity: prost_types::Duration::try_from(validity).ok(),
        version: policy.version,
        set_by: policy.set_by.clone(),
        set_time: Some(timestamp(policy.set_ns)),
    }
}

/// For which distributions a policy is.
pub(super) fn scope(
    violations: &mut FieldViolations,
    network: Network,
    kind: i32,
    payment_token: &str,
) -> Scope {
    let payment_token: Option<AssetCode> = if payment_token.is_empty() {
        None
    } else {
        draft::payment_token(violations, "payment_token", network, payment_token)
    };
    Scope { kind: validate::known(violations, "kind", kind).and_then(self::kind), payment_token }
}

fn kind(kind: pb::DistributionKind) -> Option<Kind> {
    Kind::ALL.into_iter().find(|known| convert::kind(*known) == kind)
}

/// A policy to set.
pub(super) fn read_policy(
    message: &pb::SetApprovalPolicyRequest,
    network: Network,
) -> Result<PolicyDraft, Problem> {
    let mut violations = FieldViolations::new();
    let scope = scope(&mut violations, network, message.kind, &message.payment_token);
    let most_units = if message.payment_token.is_empty() { 0 } else { RAIL_UNITS_MAX };
    let tiers = tiers(&mut violations, &message.tiers, most_units);
    let validity = match &message.validity {
        None => Some(VALIDITY_DEFAULT),
        Some(given) => Duration::try_from(*given).ok(),
    };
    let validity = validity.filter(|validity| (VALIDITY_MIN..=VALIDITY_MAX).contains(validity));
    if validity.is_none() {
        violations.add("validity", OUT_OF_RANGE, "between a minute and a year");
    }
    if message.version == u32::MAX {
        violations.add("version", OUT_OF_RANGE, "the version it replaces");
    }
    violations.into_result()?;
    let validity_ns = validity.and_then(|validity| i64::try_from(validity.as_nanos()).ok());
    Ok(PolicyDraft {
        scope,
        tiers,
        validity_ns: validity_ns.expect("a year is within 64 bits, and what is missing was noted"),
        version: message.version,
    })
}

fn tiers(violations: &mut FieldViolations, given: &[pb::ApprovalTier], most_units: u128) -> Vec<Tier> {
    if given.len() > TIERS_MAX {
        violations.add("tiers", OUT_OF_RANGE, format!("at most {TIERS_MAX}"));
        return Vec::new();
    }
    let mut read: Vec<Tier> = Vec::with_capacity(given.len());
    for (place, tier) in given.iter().enumerate() {
        let field = format!("tiers[{place}].from_units");
        let units = validate::parse(violations, &field, &tier.from_units)
            .and_then(|Units(units)| validate::within(violations, &field, units, 0, most_units));
        let people = format!("tiers[{place}].approvers");
        let approvers = validate::within(violations, &people, tier.approvers, 0, APPROVERS_MAX.into());
        let (Some(from_units), Some(approvers)) = (units, approvers) else { continue };
        // It is at most five.
        let tier = Tier { from_units, approvers: u8::try_from(approvers).unwrap_or(APPROVERS_MAX) };
        if let Some(smaller) = read.last() {
            if smaller.from_units >= from_units {
                violations.add(field, "NOT_ASCENDING", "above the tier before");
            }
            if smaller.approvers > tier.approvers {
                violations.add(people, "NOT_ASCENDING", "at least as many as for a smaller amount");
            }
        }
        read.push(tier);
    }
    read
}
