//! How much each holder gets and what comes off, as text: of distributions and of schedules.

use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{AmountRule, PoolBase, Rounding, Withholding};
use proto::r#type::v1::Amount;

use super::show::units;

/// The terms of amounts in a few lines; without decimals amounts are in smallest units.
pub(in crate::commands) fn lines(
    rule: Option<&AmountRule>,
    withholding: Option<&Withholding>,
    minimum: Option<&Amount>,
    decimals: Option<u32>,
) -> Vec<String> {
    let amount = |amount: Option<&Amount>| {
        let digits = amount.map_or("", |amount| amount.units.as_str());
        decimals.map_or_else(|| format!("{digits} smallest units"), |decimals| units(digits, decimals))
    };
    let mut lines = Vec::new();
    lines.extend(rule.and_then(|rule| rule.rule.as_ref()).map(|rule| match rule {
        Rule::PerToken(rate) => format!("  amount: {rate} per whole token"),
        Rule::PerHolder(each) => format!("  amount: {} for each holder", amount(Some(each))),
        Rule::PercentOfValue(of) => {
            format!("  amount: {} % of the value, {} per whole token", of.percent, of.value_per_token)
        }
        Rule::Pool(pool) => {
            let base = match pool.base() {
                PoolBase::TotalSupply => "the total supply",
                PoolBase::EligibleHolders | PoolBase::Unspecified => "eligible holders",
            };
            format!("  amount: a pool of {} over {base}", amount(pool.amount.as_ref()))
        }
    }));
    lines.extend(withholding.map(self::withholding));
    if minimum.is_some() {
        lines.push(format!("  minimum: {}; what is less is carried forward", amount(minimum)));
    }
    lines
}

fn withholding(terms: &Withholding) -> String {
    let rounded = match terms.rounding() {
        Rounding::Down | Rounding::Unspecified => "rounded down",
        Rounding::Up => "rounded up",
        Rounding::HalfUp => "rounded to the nearest unit, up from half",
    };
    let accounts: usize = terms.rates.iter().map(|rate| rate.accounts.len()).sum();
    let own = if accounts == 0 {
        String::new()
    } else {
        format!("; {} rates of {accounts} accounts of their own", terms.rates.len())
    };
    format!("  withheld: {} %, {rounded}{own}", terms.default_percent)
}

#[cfg(test)]
mod tests {
    use proto::distribution::v1::{PercentOfValue, WithholdingRate};

    use super::*;

    #[test]
    fn terms_are_told_in_words_with_amounts_as_people_write_them() {
        let usd = |digits: &str| Amount { units: digits.to_owned(), asset: "hedera:sandbox/hbar".to_owned() };
        let each = AmountRule { rule: Some(Rule::PerHolder(usd("12500000"))) };
        let rate = WithholdingRate { accounts: vec!["0.0.5".to_owned(); 2], ..WithholdingRate::default() };
        let terms = Withholding {
            default_percent: "26.375".to_owned(),
            rates: vec![rate],
            rounding: Rounding::HalfUp.into(),
        };
        let expected = [
            "  amount: 12.500000 for each holder",
            "  withheld: 26.375 %, rounded to the nearest unit, up from half; 1 rates of 2 accounts of their own",
            "  minimum: 1.000000; what is less is carried forward",
        ];
        assert_eq!(lines(Some(&each), Some(&terms), Some(&usd("1000000")), Some(6)), expected);
        let of = PercentOfValue { percent: "2.75".to_owned(), value_per_token: "1000".to_owned() };
        let of = AmountRule { rule: Some(Rule::PercentOfValue(of)) };
        assert_eq!(
            lines(Some(&of), None, None, None),
            ["  amount: 2.75 % of the value, 1000 per whole token"]
        );
    }
}
