//! What a preview says about others: payees at the rail, distributions before, beside and after.

use money::AssetCode;
use proto::distribution::v1 as pb;

use super::convert;
use crate::app::{Duplicate, PayeeChecks, Preview, Unpayable};
use crate::domain::comparison::{Comparison, Difference, Different};
use crate::domain::forecast::{Claimant, Forecast, Need};
use crate::domain::preview::Quote;
use crate::store::outlook::Previous;
use crate::time::timestamp;

pub(super) fn payee_checks(checks: &PayeeChecks, payment_token: &AssetCode) -> pb::PayeeChecks {
    let unpayable = |payee: &Unpayable| pb::UnpayablePayee {
        account: payee.account.to_string(),
        units: payee.units.to_string(),
        problem: Some(convert::failure(&payee.problem)),
    };
    pb::PayeeChecks {
        checked: checks.checked,
        unchecked: checks.unchecked,
        unpayable: checks.unpayable,
        unpayable_amount: Some(convert::amount(checks.unpayable_units, payment_token)),
        largest: checks.largest.iter().map(unpayable).collect(),
    }
}

pub(super) fn possible_duplicate(duplicate: &Duplicate) -> pb::PossibleDuplicate {
    let other = &duplicate.other;
    pb::PossibleDuplicate {
        distribution_id: other.id.to_string(),
        label: other.label.clone(),
        create_time: Some(timestamp(other.created_ns)),
        same_record_time: other.same_record_time,
        same_amounts: duplicate.same_amounts,
    }
}

pub(super) fn comparison((previous, found): &(Previous, Comparison), preview: &Preview) -> pb::Comparison {
    pb::Comparison {
        distribution_id: previous.id.to_string(),
        label: previous.label.clone(),
        create_time: Some(timestamp(previous.created_ns)),
        payee_count_before: previous.payee_count,
        payable_before: Some(convert::amount(previous.payable, &preview.terms.payment_token)),
        new_payees: Some(difference(&found.new)),
        gone_payees: Some(difference(&found.gone)),
        changed_payees: Some(difference(&found.changed)),
        threshold_ppm: preview.threshold_ppm,
    }
}

fn difference(difference: &Difference) -> pb::Difference {
    let different = |payee: &Different| pb::DifferentPayee {
        account: payee.account.to_string(),
        units_before: payee.before.to_string(),
        units_now: payee.now.to_string(),
    };
    pb::Difference {
        count: difference.count,
        units_before: difference.before.to_string(),
        units_now: difference.now.to_string(),
        largest: difference.largest.iter().map(different).collect(),
    }
}

pub(super) fn funding_forecast(forecast: &Forecast) -> pb::FundingForecast {
    let short = forecast.short_at.and_then(|place| forecast.needs.get(place));
    pb::FundingForecast {
        funding_units: forecast.funding.to_string(),
        entries: forecast.needs.iter().map(|(need, running)| entry(need, *running)).collect(),
        truncated: forecast.truncated,
        short_time: short.map(|(need, _)| timestamp(need.at_ns)),
    }
}

fn entry(need: &Need, running: u128) -> pb::ForecastEntry {
    let (distribution_id, schedule_id) = match need.claimant {
        Claimant::This => (String::new(), String::new()),
        Claimant::Distribution(id) => (id.to_string(), String::new()),
        Claimant::Schedule(id) => (String::new(), id.to_string()),
    };
    pb::ForecastEntry {
        time: Some(timestamp(need.at_ns)),
        label: need.label.clone(),
        distribution_id,
        schedule_id,
        units: need.units.map(|units| units.to_string()).unwrap_or_default(),
        estimated: need.estimated,
        running_units: running.to_string(),
    }
}

pub(super) fn fee_rate(quote: &Quote) -> pb::FeeRate {
    let (hbar_equivalent, cent_equivalent) = quote.rate;
    let expected_fees_microdollars = quote.fees_microdollars().to_string();
    pb::FeeRate { hbar_equivalent, cent_equivalent, expected_fees_microdollars }
}
