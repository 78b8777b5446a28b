//! A preview as the contract says it.

use proto::distribution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::validate;

use super::{convert, outlook};
use crate::app::{Preview, Unpaid};
use crate::domain::comparison::THRESHOLD_PPM_DEFAULT;
use crate::domain::preview::Finding;

/// A thousandfold.
const THRESHOLD_PPM_MAX: u32 = 1_000_000_000;

/// What a distribution would come to. Without a root: that binds the run, which only creating mints.
pub(super) fn preview(found: &Preview) -> pb::Preview {
    let totals = pb::Entitlements {
        snapshot_id: found.snapshot.id.to_string(),
        consensus_ns: found.snapshot.consensus_ns,
        ..convert::totals(&found.totals, &found.terms.payment_token)
    };
    pb::Preview {
        entitlements: Some(totals),
        unpaid_holders: found.unpaid.iter().map(unpaid).collect(),
        dust_count: found.dust_count,
        expected_fees_tinybars: found.quote.expected_fees.to_string(),
        fee_payer_balance_tinybars: found.quote.fee_balance.to_string(),
        funding_units: found.quote.funding.to_string(),
        required_units: found.quote.required.to_string(),
        findings: found.findings.iter().map(finding).collect(),
        approvers_required: found.approvers.into(),
        payee_checks: Some(outlook::payee_checks(&found.checks, &found.terms.payment_token)),
        possible_duplicates: found.duplicates.iter().map(outlook::possible_duplicate).collect(),
        comparison: found.previous.as_ref().map(|previous| outlook::comparison(previous, found)),
        funding_forecast: Some(outlook::funding_forecast(&found.forecast)),
        fee_rate: Some(outlook::fee_rate(&found.quote)),
    }
}

/// From which change on a payee's amount counts as different; zero stands for the default.
pub(super) fn threshold_ppm(violations: &mut FieldViolations, asked: u32) -> u32 {
    let asked = if asked == 0 { THRESHOLD_PPM_DEFAULT } else { asked };
    validate::within(violations, "change_threshold_ppm", asked, 1, THRESHOLD_PPM_MAX).unwrap_or(asked)
}

fn unpaid(holder: &Unpaid) -> pb::UnpaidHolder {
    pb::UnpaidHolder {
        account: holder.account.to_string(),
        evm_address: holder.evm.to_string(),
        balance: holder.balance.to_string(),
        treatment: convert::treatment(holder.treatment).into(),
        reason: holder.reason.as_str().to_owned(),
        units: holder.units.map(|units| units.to_string()).unwrap_or_default(),
    }
}

fn finding(finding: &Finding) -> pb::PreviewFinding {
    pb::PreviewFinding {
        reason: finding.reason.to_owned(),
        message: finding.message.clone(),
        blocking: finding.blocking,
    }
}
