//! What upcoming distributions take from a funding account, against what is there now.

use std::collections::HashMap;

use ids::DistributionId;

use super::App;
use crate::clients::pending_units;
use crate::domain::calculation::AmountRule;
use crate::domain::distribution::{FromHolders, Terms};
use crate::domain::forecast::{Claimant, Forecast, Need, forecast};
use crate::domain::preview::{Finding, Quote};
use crate::domain::schedule::{Fate, Schedule, instant, nanos};
use crate::error::Error;
use crate::store::outlook::{self, Claim};
use crate::store::schedules;

/// Distributions that are looked at.
const CLAIMS_MAX: i64 = 500;
/// Schedules that are looked at.
const SCHEDULES_MAX: u32 = 100;
/// Occurrences of each.
const OCCURRENCES_MAX: usize = 12;
/// How far ahead is looked.
const HORIZON_NS: i64 = 366 * 86_400 * 1_000_000_000;

/// All that takes the payment token from the funding account, this one among it.
pub(super) async fn forecast_funding(
    app: &App,
    terms: &Terms<FromHolders>,
    quote: &Quote,
) -> Result<Forecast, Error> {
    let now_ns = app.now_ns();
    let mut conn = app.conn().await?;
    let (funding, token) = (terms.funding_account, &terms.payment_token);
    let claims = outlook::claims(&mut conn, funding, token, CLAIMS_MAX + 1).await?;
    let schedules = schedules::paid_from(&mut conn, funding, token, SCHEDULES_MAX + 1).await?;
    let last: Vec<DistributionId> = schedules.iter().filter_map(last_fired).collect();
    let came_to = outlook::payable(&mut conn, &last).await?;
    drop(conn);
    let more = i64::try_from(claims.len()).is_ok_and(|found| found > CLAIMS_MAX)
        || u32::try_from(schedules.len()).is_ok_and(|found| found > SCHEDULES_MAX);
    let mut needs: Vec<Need> = claims.iter().map(|claim| need(claim, now_ns)).collect();
    needs.push(Need {
        at_ns: now_ns,
        claimant: Claimant::This,
        label: terms.label.clone(),
        units: Some(quote.required),
        estimated: false,
    });
    for schedule in &schedules {
        needs.extend(occurrences(schedule, &came_to, now_ns));
    }
    Ok(forecast(quote.funding, needs, more))
}

fn need(claim: &Claim, now_ns: i64) -> Need {
    let pending = claim.report.as_ref().and_then(pending_units);
    let estimated = claim.payable.is_none();
    let units = pending.or(claim.payable).or(claim.pool);
    let claimant = Claimant::Distribution(claim.id);
    Need { at_ns: now_ns, claimant, label: claim.label.clone(), units, estimated }
}

fn last_fired(schedule: &Schedule) -> Option<DistributionId> {
    match schedule.last_fired.as_ref()?.fate {
        Fate::Fired(id) => Some(id),
        Fate::Skipped(_) => None,
    }
}

fn occurrences(schedule: &Schedule, came_to: &HashMap<DistributionId, u128>, now_ns: i64) -> Vec<Need> {
    let terms = schedule.plan.template.terms();
    let pool = match terms.source.rule {
        AmountRule::Pool { units, .. } => Some(units),
        AmountRule::PerToken(_) | AmountRule::PerHolder(_) | AmountRule::PercentOfValue { .. } => None,
    };
    let units = pool.or_else(|| came_to.get(&last_fired(schedule)?).copied());
    // Where this release knows no holidays so far ahead, the schedule itself says so.
    let coming = schedule.upcoming(0, OCCURRENCES_MAX).unwrap_or_default().into_iter();
    let until = instant(now_ns.saturating_add(HORIZON_NS));
    coming
        .filter(|occurrence| !schedule.skipped.contains(&occurrence.number))
        .map(|occurrence| occurrence.time.timestamp())
        .filter(|at| *at <= until)
        .map(|at| Need {
            // What is overdue is fired at once.
            at_ns: nanos(at).max(now_ns),
            claimant: Claimant::Schedule(schedule.id),
            label: terms.label.clone(),
            units,
            estimated: true,
        })
        .collect()
}

/// What people should know of it; not where this one alone is too much, which is said already.
pub(super) fn finding(forecast: &Forecast, quote: &Quote, now_ns: i64) -> Option<Finding> {
    let (need, running) = &forecast.needs[forecast.short_at?];
    if quote.funding < quote.required {
        return None;
    }
    // Seconds are enough for people.
    let from =
        if need.at_ns <= now_ns { "now".to_owned() } else { format!("from {:.0}", instant(need.at_ns)) };
    let message = format!(
        "upcoming distributions need {running} of the {} smallest units in the funding account: it will not do {from}, for {:?}",
        forecast.funding, need.label
    );
    Some(Finding { reason: "FUNDING_SHORT_AHEAD", message, blocking: false })
}
