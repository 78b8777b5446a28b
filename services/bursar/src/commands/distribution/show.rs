//! Distributions and previews as text.

use proto::distribution::v1::{Approval, Distribution, Entitlements, HolderTreatment, Preview};
use proto::r#type::v1::Amount;

use super::{show_amounts, show_outlook};
use crate::names;
use crate::output::progress::count;
use crate::output::table::visible;

/// The columns of a list of distributions.
pub const COLUMNS: [&str; 9] =
    ["id", "label", "kind", "state", "approved", "payees", "paid", "failed", "in doubt"];

/// A distribution as a row.
pub fn row(distribution: &Distribution) -> [String; 9] {
    let progress = distribution.progress.clone().unwrap_or_default();
    let payees = distribution.entitlements.as_ref().map(|entitlements| entitlements.payee_count.to_string());
    [
        distribution.id.clone(),
        distribution.label.clone(),
        names::short(Some(distribution.kind().as_str_name()), "DISTRIBUTION_KIND_").to_lowercase(),
        state(distribution),
        distribution.approval.as_ref().map(approved).unwrap_or_default(),
        payees.unwrap_or_default(),
        count(progress.paid.as_ref()).to_string(),
        count(progress.failed.as_ref()).to_string(),
        count(progress.in_doubt.as_ref()).to_string(),
    ]
}

/// Its state.
pub fn state(distribution: &Distribution) -> String {
    names::short(Some(distribution.state().as_str_name()), "DISTRIBUTION_STATE_")
}

/// A distribution in a few lines.
pub fn distribution(distribution: &Distribution) -> String {
    let mut lines =
        vec![format!("{} \"{}\": {}", distribution.id, visible(&distribution.label), state(distribution))];
    if !distribution.rerun_of.is_empty() {
        lines.push(format!("  rerun of {}", distribution.rerun_of));
    }
    if let Some(failure) = &distribution.failure {
        lines.push(format!("  {}: {}", failure.reason, visible(&failure.hint)));
    }
    lines.extend(show_amounts::lines(
        distribution.amount_rule.as_ref(),
        distribution.withholding.as_ref(),
        distribution.minimum_amount.as_ref(),
        Some(distribution.payment_decimals),
    ));
    if let Some(entitlements) = &distribution.entitlements {
        lines.extend(self::entitlements(entitlements, distribution.payment_decimals));
    }
    lines.extend(distribution.approval.iter().flat_map(approval));
    for change in &distribution.amendments {
        let (fields, when) = (change.fields.join(", "), crate::time::show(change.amend_time.as_ref()));
        lines.push(format!("  changed by {} at {when}: {fields}", visible(&change.amended_by)));
    }
    if !distribution.accounts.is_empty() {
        lines.push(format!("  only holdings of {}", distribution.accounts.join(", ")));
    }
    let actions: Vec<String> = distribution
        .allowed_actions()
        .map(|action| {
            names::short(Some(action.as_str_name()), "DISTRIBUTION_ACTION_").to_lowercase().replace('_', "-")
        })
        .collect();
    if !actions.is_empty() {
        lines.push(format!("  can be done now: {}", actions.join(", ")));
    }
    lines.join("\n")
}

/// How many have approved of how many that have to.
fn approved(approval: &Approval) -> String {
    format!("{} of {}", approval.endorsements.len(), approval.required)
}

fn approval(approval: &Approval) -> Vec<String> {
    let people: Vec<String> = approval.endorsements.iter().map(|one| visible(&one.by)).collect();
    let by = if people.is_empty() { String::new() } else { format!(" by {}", people.join(", ")) };
    let until = crate::time::show(approval.expire_time.as_ref());
    let mut lines = vec![
        format!("  approved: {}{by}, until {until}", approved(approval)),
        format!("  approval hash {}", hex::encode(&approval.hash)),
    ];
    if let Some(rejection) = &approval.rejection {
        lines.push(format!("  rejected by {}: {}", visible(&rejection.by), visible(&rejection.reason)));
    }
    lines
}

/// A preview in a few lines.
pub fn preview(preview: &Preview, decimals: u32) -> String {
    let mut lines =
        preview.entitlements.iter().flat_map(|found| entitlements(found, decimals)).collect::<Vec<_>>();
    if preview.dust_count > 0 {
        lines.push(format!("  {} payees get next to nothing", preview.dust_count));
    }
    lines.push(format!(
        "  network fees: about {} of {} HBAR there",
        units(&preview.expected_fees_tinybars, 8),
        units(&preview.fee_payer_balance_tinybars, 8)
    ));
    lines.push(format!(
        "  funding: {} there, {} needed",
        units(&preview.funding_units, decimals),
        units(&preview.required_units, decimals)
    ));
    for holder in &preview.unpaid_holders {
        let verb = match holder.treatment() {
            HolderTreatment::Hold => "held",
            HolderTreatment::Exclude => "excluded",
            HolderTreatment::Pay | HolderTreatment::Unspecified => "not paid",
        };
        let amount = units(&holder.units, decimals);
        let what = match holder.reason.as_str() {
            "BELOW_MINIMUM" => format!(", carried forward {amount}"),
            "WITHHELD" => String::new(),
            _ => format!(", would get {amount}"),
        };
        lines.push(format!("  {verb}: {} ({}){what}", holder.account, holder.reason));
    }
    if preview.approvers_required > 0 {
        lines.push(format!("  {} people have to approve it", preview.approvers_required));
    }
    lines.extend(show_outlook::lines(preview, decimals));
    for finding in &preview.findings {
        let weight = if finding.blocking { "blocks executing" } else { "note" };
        lines.push(format!("  {weight}: {} {}", finding.reason, visible(&finding.message)));
    }
    lines.join("\n")
}

fn entitlements(found: &Entitlements, decimals: u32) -> Vec<String> {
    let amount =
        |amount: &Option<Amount>| units(amount.as_ref().map_or("", |amount| amount.units.as_str()), decimals);
    let (pool, entitled, residue) = (amount(&found.pool), amount(&found.entitled), amount(&found.residue));
    let mut lines = vec![
        format!(
            "  {} payees, {} held, {} excluded, {} get zero",
            found.payee_count, found.held_count, found.excluded_count, found.zero_count
        ),
        format!("  pool {pool} = entitled {entitled} + residue {residue} (held: {})", amount(&found.held)),
    ];
    let something = |amount: &Option<Amount>| amount.as_ref().is_some_and(|amount| amount.units != "0");
    if something(&found.withheld) || something(&found.carried_forward) {
        lines.push(format!(
            "  entitled {entitled} = net {} + withheld {} + carried forward {} ({} holders)",
            amount(&found.net),
            amount(&found.withheld),
            amount(&found.carried_forward),
            found.carried_count
        ));
    }
    if something(&found.brought_forward) {
        let (net, brought) = (amount(&found.net), amount(&found.brought_forward));
        lines.push(format!("  paid {} = net {net} + brought forward {brought}", amount(&found.payable)));
    }
    if found.consensus_ns != 0 {
        let time = crate::time::show_ns(found.consensus_ns);
        lines.push(format!("  balances of {time} (snapshot {})", found.snapshot_id));
    }
    if !found.entitlement_root.is_empty() {
        lines.push(format!("  entitlement root {}", hex::encode(&found.entitlement_root)));
    }
    lines
}

/// Digits of smallest units as an amount with its decimals.
pub fn units(digits: &str, decimals: u32) -> String {
    match (digits.parse(), u8::try_from(decimals)) {
        (Ok(units), Ok(decimals)) => money::format_units(units, decimals),
        _ => digits.to_owned(),
    }
}
