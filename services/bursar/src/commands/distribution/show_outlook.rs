//! What a preview says about others, as text.

use proto::distribution::v1::{
    Comparison, DifferentPayee, FeeRate, FundingForecast, PayeeChecks, PossibleDuplicate, Preview,
};

use super::show::units;
use crate::output::table::visible;
use crate::time;

/// Rows shown of each list; JSON has all.
const SHOWN_MAX: usize = 10;

/// Payees at the rail, the network's fee rate, what was before, beside and after.
pub(super) fn lines(preview: &Preview, decimals: u32) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(preview.fee_rate.as_ref().map(fee_rate));
    if let Some(checks) = &preview.payee_checks {
        lines.extend(payee_checks(checks, decimals));
    }
    lines.extend(preview.possible_duplicates.iter().map(possible_duplicate));
    if let Some(comparison) = &preview.comparison {
        lines.extend(self::comparison(comparison, decimals));
    }
    if let Some(forecast) = &preview.funding_forecast {
        lines.extend(funding_forecast(forecast, decimals));
    }
    lines
}

fn fee_rate(rate: &FeeRate) -> String {
    let dollars = units(&rate.expected_fees_microdollars, 6);
    format!(
        "  fees at the network's rate now: about {dollars} USD ({} HBAR are {} cents)",
        rate.hbar_equivalent, rate.cent_equivalent
    )
}

fn payee_checks(checks: &PayeeChecks, decimals: u32) -> Vec<String> {
    let mut lines = vec![format!(
        "  at the network: {} payees checked, {} cannot receive now, {} not checked",
        checks.checked, checks.unpayable, checks.unchecked
    )];
    lines.extend(checks.largest.iter().take(SHOWN_MAX).map(|payee| {
        let problem = payee.problem.clone().unwrap_or_default();
        let hint = visible(&problem.hint);
        format!("    {} ({}): {} {hint}", payee.account, units(&payee.units, decimals), problem.reason)
    }));
    lines.extend(more(checks.largest.len(), checks.unpayable));
    lines
}

fn possible_duplicate(other: &PossibleDuplicate) -> String {
    let same = if other.same_record_time { "record time" } else { "label" };
    let amounts = if other.same_amounts { ", payees and amounts" } else { "" };
    let created = time::show(other.create_time.as_ref());
    format!(
        "  may be the same: {} \"{}\" of {created} (same {same}{amounts})",
        other.distribution_id,
        visible(&other.label)
    )
}

fn comparison(found: &Comparison, decimals: u32) -> Vec<String> {
    let before = found.payable_before.as_ref().map_or("", |amount| amount.units.as_str());
    let mut lines = vec![format!(
        "  last time: {} \"{}\" with {} payees and {}",
        found.distribution_id,
        visible(&found.label),
        found.payee_count_before,
        units(before, decimals)
    )];
    let percent = found.threshold_ppm / 10_000;
    let changed = format!("changed by more than {percent} %");
    let sorts =
        [("new", &found.new_payees), ("gone", &found.gone_payees), (changed.as_str(), &found.changed_payees)];
    for (what, difference) in sorts {
        let Some(difference) = difference else { continue };
        let (then, now) = (units(&difference.units_before, decimals), units(&difference.units_now, decimals));
        lines.push(format!("    {} payees {what}: {then} then, {now} now", difference.count));
        let row = |payee: &DifferentPayee| {
            let (then, now) = (units(&payee.units_before, decimals), units(&payee.units_now, decimals));
            format!("      {}: {then} then, {now} now", payee.account)
        };
        lines.extend(difference.largest.iter().take(SHOWN_MAX).map(row));
        lines.extend(more(difference.largest.len(), difference.count));
    }
    lines
}

fn funding_forecast(forecast: &FundingForecast, decimals: u32) -> Vec<String> {
    let there = units(&forecast.funding_units, decimals);
    let mut lines = vec![format!("  upcoming from this funding account, which has {there}:")];
    lines.extend(forecast.entries.iter().take(SHOWN_MAX).map(|entry| {
        let needs = match entry.units.as_str() {
            "" => "not known yet".to_owned(),
            digits => units(digits, decimals),
        };
        let guess = if entry.estimated { " (estimated)" } else { "" };
        let sum = units(&entry.running_units, decimals);
        let time = time::show(entry.time.as_ref());
        format!("    {time} \"{}\": {needs}{guess}, {sum} in all", visible(&entry.label))
    }));
    let listed = forecast.entries.len();
    lines.extend(more(listed, u32::try_from(listed).unwrap_or(u32::MAX)));
    lines
}

/// That there are more of a list than are shown.
fn more(listed: usize, all: u32) -> Option<String> {
    let shown = u32::try_from(listed.min(SHOWN_MAX)).unwrap_or(u32::MAX);
    (all > shown).then(|| format!("      and {} more", all - shown))
}

#[cfg(test)]
mod tests {
    use proto::distribution::v1::{Difference, ForecastEntry, UnpayablePayee};
    use proto::r#type::v1::Failure;

    use super::*;

    #[test]
    fn everything_a_preview_knows_of_others_is_shown_in_whole_tokens() {
        let problem = Failure { reason: "ACCOUNT_DELETED".to_owned(), hint: "Ask.".to_owned(), class: 0 };
        let payee = |account: &str| UnpayablePayee {
            account: account.to_owned(),
            units: "150".to_owned(),
            problem: Some(problem.clone()),
        };
        let checks = PayeeChecks {
            checked: 20,
            unpayable: 12,
            largest: (0..12).map(|place| payee(&format!("0.0.{place}"))).collect(),
            ..PayeeChecks::default()
        };
        let comparison = Comparison {
            new_payees: Some(Difference { count: 1, units_now: "5".to_owned(), ..Difference::default() }),
            threshold_ppm: 200_000,
            ..Comparison::default()
        };
        let entry = ForecastEntry { label: "May".to_owned(), estimated: true, ..ForecastEntry::default() };
        let forecast = FundingForecast { entries: vec![entry], ..FundingForecast::default() };
        let preview = Preview {
            payee_checks: Some(checks),
            comparison: Some(comparison),
            funding_forecast: Some(forecast),
            ..Preview::default()
        };
        let text = lines(&preview, 2).join("\n");
        for part in [
            "20 payees checked, 12 cannot receive",
            "0.0.9 (1.50): ACCOUNT_DELETED Ask.",
            "and 2 more",
            "1 payees new",
            "\"May\": not known yet (estimated)",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
