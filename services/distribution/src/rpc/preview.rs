//! A preview as the contract says it.

use proto::distribution::v1 as pb;

use super::convert;
use crate::app::{Preview, Unpaid};
use crate::domain::preview::Finding;

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
    }
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
