//! How much each holder gets and what comes off, between the contract's messages and the domain.

use std::collections::BTreeSet;

use money::{AssetCode, Decimal, Rounding, Units};
use proto::distribution::v1 as pb;
use proto::r#type::v1::Amount;
use service_kit::error::FieldViolations;
use service_kit::validate::{self, OUT_OF_RANGE, REQUIRED};

use super::convert;
use crate::app::AskedRule;
use crate::domain::account::Account;
use crate::domain::calculation::{AmountRule, PoolBase, RAIL_UNITS_MAX, rate_of};
use crate::domain::deduction::{CarryStatus, Deductions, Rate, Withholding};
use crate::domain::distribution::FromHolders;
use crate::store::carries::Carry;

const POOL_AMOUNT: &str = "amount_rule.pool.amount";
const POOL_ASSET: &str = "amount_rule.pool.amount.asset";
const HOLDER_AMOUNT: &str = "amount_rule.per_holder";
const HOLDER_ASSET: &str = "amount_rule.per_holder.asset";
const MINIMUM: &str = "minimum_amount";
const MINIMUM_ASSET: &str = "minimum_amount.asset";
const RATES_MAX: usize = 1_000;
const RATE_ACCOUNTS_MAX: usize = 10_000;
const GROUP_CHARS_MAX: usize = 100;
/// Digits after the point of a percentage; laws state three.
const PERCENT_SCALE_MAX: u8 = 12;

/// Reads how much each holder gets.
pub(super) fn rule(
    violations: &mut FieldViolations,
    rule: Option<&pb::AmountRule>,
    payment_token: Option<&AssetCode>,
) -> Option<AskedRule> {
    use pb::amount_rule::Rule;
    let whole = match rule.and_then(|rule| rule.rule.as_ref()) {
        None => {
            let words = "an amount per token or per holder, a percentage of the value, or a pool";
            violations.add("amount_rule", REQUIRED, words);
            None
        }
        Some(Rule::PerToken(rate)) => {
            above_zero(violations, "amount_rule.per_token", rate).map(AmountRule::PerToken)
        }
        Some(Rule::Pool(pool)) => self::pool(violations, pool, payment_token),
        Some(Rule::PerHolder(each)) => {
            amount(violations, (HOLDER_AMOUNT, HOLDER_ASSET), Some(each), 1, payment_token)
                .map(AmountRule::PerHolder)
        }
        Some(Rule::PercentOfValue(of_value)) => return percent_of_value(violations, of_value),
    };
    whole.map(AskedRule::Whole)
}

fn above_zero(violations: &mut FieldViolations, field: &str, text: &str) -> Option<Decimal> {
    let number: Decimal = validate::parse(violations, field, text)?;
    if number.is_zero() {
        violations.add(field, OUT_OF_RANGE, "above zero");
        return None;
    }
    Some(number)
}

fn percent_of_value(violations: &mut FieldViolations, given: &pb::PercentOfValue) -> Option<AskedRule> {
    let field = "amount_rule.percent_of_value.value_per_token";
    let percent = percent(violations, "amount_rule.percent_of_value.percent", &given.percent);
    let percent = percent.filter(|percent| {
        if percent.is_zero() {
            violations.add("amount_rule.percent_of_value.percent", OUT_OF_RANGE, "above zero");
        }
        !percent.is_zero()
    });
    if given.value_per_token.is_empty() {
        return percent.map(AskedRule::PercentOfNominal);
    }
    let value = above_zero(violations, field, &given.value_per_token)?;
    let percent = percent?;
    if rate_of(percent, value).is_err() {
        violations.add(field, OUT_OF_RANGE, "percent / 100 x value has too many digits");
        return None;
    }
    Some(AskedRule::Whole(AmountRule::PercentOfValue { percent, value }))
}

/// A percentage from 0 to 100.
fn percent(violations: &mut FieldViolations, field: &str, text: &str) -> Option<Decimal> {
    let percent: Decimal = validate::parse(violations, field, text)?;
    let hundred = Decimal::new(100, 0).expect("an integer has no digits after the point");
    if percent > hundred || percent.scale() > PERCENT_SCALE_MAX {
        let words = format!("from 0 to 100, with at most {PERCENT_SCALE_MAX} decimals");
        violations.add(field, OUT_OF_RANGE, words);
        return None;
    }
    Some(percent)
}

fn pool(
    violations: &mut FieldViolations,
    pool: &pb::Pool,
    payment_token: Option<&AssetCode>,
) -> Option<AmountRule> {
    let field = "amount_rule.pool.base";
    let base = validate::known(violations, field, pool.base).and_then(|base| match base {
        pb::PoolBase::Unspecified => {
            violations.add(field, REQUIRED, "ELIGIBLE_HOLDERS or TOTAL_SUPPLY");
            None
        }
        pb::PoolBase::EligibleHolders => Some(PoolBase::EligibleHolders),
        pb::PoolBase::TotalSupply => Some(PoolBase::TotalSupply),
    });
    let units = amount(violations, (POOL_AMOUNT, POOL_ASSET), pool.amount.as_ref(), 1, payment_token);
    Some(AmountRule::Pool { units: units?, base: base? })
}

/// So many units of the payment token, at least `min`.
fn amount(
    violations: &mut FieldViolations,
    (field, asset): (&str, &str),
    amount: Option<&Amount>,
    min: u128,
    payment_token: Option<&AssetCode>,
) -> Option<u128> {
    let amount = validate::required(violations, field, amount)?;
    let units = format!("{field}.units");
    let units = validate::parse(violations, &units, &amount.units)
        .and_then(|Units(given)| validate::within(violations, &units, given, min, RAIL_UNITS_MAX));
    if payment_token.is_some_and(|code| code.as_str() != amount.asset) {
        violations.add(asset, "NOT_THE_PAYMENT_TOKEN", "the code of the payment token");
    }
    units
}

/// The codes that amounts name, each with its field.
pub(super) fn codes(rule: Option<&pb::AmountRule>, minimum: Option<&Amount>) -> Vec<(&'static str, String)> {
    use pb::amount_rule::Rule;
    let named = match rule.and_then(|rule| rule.rule.as_ref()) {
        Some(Rule::Pool(pool)) => pool.amount.as_ref().map(|amount| (POOL_ASSET, amount)),
        Some(Rule::PerHolder(each)) => Some((HOLDER_ASSET, each)),
        Some(Rule::PerToken(_) | Rule::PercentOfValue(_)) | None => None,
    };
    let minimum = minimum.map(|amount| (MINIMUM_ASSET, amount));
    named.into_iter().chain(minimum).map(|(field, amount)| (field, amount.asset.clone())).collect()
}

/// Reads the minimum; none when there is none.
pub(super) fn minimum(
    violations: &mut FieldViolations,
    minimum: Option<&Amount>,
    payment_token: Option<&AssetCode>,
) -> Option<u128> {
    minimum.and_then(|given| amount(violations, (MINIMUM, MINIMUM_ASSET), Some(given), 0, payment_token))
}

/// Reads what is withheld; none when nothing is said of it.
pub(super) fn withholding(
    violations: &mut FieldViolations,
    given: Option<&pb::Withholding>,
) -> Option<Withholding> {
    let given = given?;
    let default_percent = percent(violations, "withholding.default_percent", &given.default_percent);
    let field = "withholding.rounding";
    let rounding = validate::known(violations, field, given.rounding).and_then(|rounding| match rounding {
        pb::Rounding::Unspecified => {
            violations.add(field, REQUIRED, "DOWN, UP or HALF_UP");
            None
        }
        pb::Rounding::Down => Some(Rounding::Down),
        pb::Rounding::Up => Some(Rounding::Up),
        pb::Rounding::HalfUp => Some(Rounding::HalfUp),
    });
    let rates = rates(violations, &given.rates);
    let read = Withholding { default_percent: default_percent?, rates, rounding: rounding? };
    // Whatever the rounding of nothing is, it is the same terms.
    Some(if read.is_none() { Withholding::default() } else { read })
}

fn rates(violations: &mut FieldViolations, given: &[pb::WithholdingRate]) -> Vec<Rate> {
    let accounts: usize = given.iter().map(|rate| rate.accounts.len()).sum();
    if given.len() > RATES_MAX || accounts > RATE_ACCOUNTS_MAX {
        let words = format!("at most {RATES_MAX} rates, with at most {RATE_ACCOUNTS_MAX} accounts together");
        violations.add("withholding.rates", OUT_OF_RANGE, words);
        return Vec::new();
    }
    let (mut seen, mut read) = (BTreeSet::new(), Vec::new());
    for (place, rate) in given.iter().enumerate() {
        let field = format!("withholding.rates[{place}]");
        let percent = percent(violations, &format!("{field}.percent"), &rate.percent);
        if rate.group.chars().count() > GROUP_CHARS_MAX {
            violations.add(
                format!("{field}.group"),
                OUT_OF_RANGE,
                format!("at most {GROUP_CHARS_MAX} characters"),
            );
        }
        if rate.accounts.is_empty() {
            violations.add(format!("{field}.accounts"), REQUIRED, "whose rate it is");
        }
        let mut accounts = BTreeSet::new();
        for (place, text) in rate.accounts.iter().enumerate() {
            let field = format!("{field}.accounts[{place}]");
            let Some(account) = validate::parse::<Account>(violations, &field, text) else { continue };
            if !seen.insert(account) {
                violations.add(field, "DUPLICATE", "one rate for each account");
            }
            accounts.insert(account);
        }
        if let Some(percent) = percent {
            read.push(Rate { group: rate.group.clone(), percent, accounts });
        }
    }
    read
}

/// How much each holder gets.
pub(super) fn amount_rule(holders: &FromHolders, payment_token: &AssetCode) -> pb::AmountRule {
    use pb::amount_rule::Rule;
    let rule = match holders.rule {
        AmountRule::PerToken(rate) => Rule::PerToken(rate.to_string()),
        AmountRule::PerHolder(units) => Rule::PerHolder(convert::amount(units, payment_token)),
        AmountRule::PercentOfValue { percent, value } => Rule::PercentOfValue(pb::PercentOfValue {
            percent: percent.to_string(),
            value_per_token: value.to_string(),
        }),
        AmountRule::Pool { units, base } => {
            let base = match base {
                PoolBase::EligibleHolders => pb::PoolBase::EligibleHolders,
                PoolBase::TotalSupply => pb::PoolBase::TotalSupply,
            };
            Rule::Pool(pb::Pool { amount: Some(convert::amount(units, payment_token)), base: base.into() })
        }
    };
    pb::AmountRule { rule: Some(rule) }
}

/// What is withheld; none where nothing is.
pub(super) fn withholding_out(deductions: &Deductions) -> Option<pb::Withholding> {
    let withholding = &deductions.withholding;
    if withholding.is_none() {
        return None;
    }
    let rounding = match withholding.rounding {
        Rounding::Down => pb::Rounding::Down,
        Rounding::Up => pb::Rounding::Up,
        Rounding::HalfUp => pb::Rounding::HalfUp,
    };
    let rate = |rate: &Rate| pb::WithholdingRate {
        group: rate.group.clone(),
        percent: rate.percent.to_string(),
        accounts: rate.accounts.iter().map(ToString::to_string).collect(),
    };
    Some(pb::Withholding {
        default_percent: withholding.default_percent.to_string(),
        rates: withholding.rates.iter().map(rate).collect(),
        rounding: rounding.into(),
    })
}

/// The minimum; none where everything is paid.
pub(super) fn minimum_out(deductions: &Deductions, payment_token: &AssetCode) -> Option<Amount> {
    (deductions.minimum > 0).then(|| convert::amount(deductions.minimum, payment_token))
}

/// What was carried forward of one payee.
pub(super) fn carry_forward(carry: &Carry) -> pb::CarryForward {
    let status = match carry.status {
        CarryStatus::Open => pb::CarryForwardStatus::Open,
        CarryStatus::Taken => pb::CarryForwardStatus::Taken,
        CarryStatus::Void => pb::CarryForwardStatus::Void,
    };
    pb::CarryForward {
        distribution_id: carry.distribution.to_string(),
        account: carry.account.to_string(),
        amount: Some(convert::amount(carry.units, &carry.payment_token)),
        status: status.into(),
        taken_by: carry.taken_by.map(|by| by.to_string()).unwrap_or_default(),
    }
}

/// The status that a list is filtered by; none is all.
pub(super) fn status_in(status: pb::CarryForwardStatus) -> Option<CarryStatus> {
    match status {
        pb::CarryForwardStatus::Unspecified => None,
        pb::CarryForwardStatus::Open => Some(CarryStatus::Open),
        pb::CarryForwardStatus::Taken => Some(CarryStatus::Taken),
        pb::CarryForwardStatus::Void => Some(CarryStatus::Void),
    }
}
