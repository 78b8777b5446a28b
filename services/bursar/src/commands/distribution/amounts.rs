//! How much each holder gets and what comes off, as typed: shared by distributions and schedules.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, Distribution, PercentOfValue, Pool, PoolBase, Rounding, Withholding, WithholdingRate,
};
use proto::r#type::v1::Amount;

use crate::commands::asset::payment_token;
use crate::error::CommandError;
use crate::session::Session;

/// The flags of which one says how much each holder gets; commands make a group of them.
pub(in crate::commands) const RULES: [&str; 4] = ["pool", "per_token", "per_holder", "percent"];

/// Lines of a file of rates, and its size.
const RATES_MAX: usize = 10_000;
const RATES_BYTES_MAX: u64 = 4 << 20;
const RATE_COLUMNS: [&str; 3] = ["account", "percent", "group"];

/// How much each holder gets.
#[derive(Debug, Default, clap::Args)]
pub(in crate::commands) struct Share {
    /// A sum to split pro rata, as in 1000000.50.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pool: Option<String>,
    /// Over what the pool is split; as before when absent, and at first over eligible holders.
    #[arg(long, value_enum, requires = "pool", conflicts_with_all = ["per_token", "per_holder", "percent"])]
    base: Option<Base>,
    /// Whole payment tokens per whole token held, as in 0.125.
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    per_token: Option<String>,
    /// The same sum for each holder, as in 12.50.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    per_holder: Option<String>,
    /// A percentage of what the holding is worth, as in 2.75.
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    percent: Option<String>,
    /// What a whole token held is worth in whole payment tokens; the bond's nominal value when absent.
    #[arg(
        long,
        value_name = "VALUE",
        requires = "percent",
        conflicts_with_all = ["pool", "per_token", "per_holder"],
        allow_hyphen_values = true
    )]
    value_per_token: Option<String>,
}

/// What comes off before it is paid.
#[derive(Debug, Default, clap::Args)]
pub(in crate::commands) struct Deductions {
    /// Withhold this percentage of the gross amount of everybody without a rate of their own, as in 26.375.
    #[arg(long, value_name = "PERCENT", requires = "withhold_rounding", allow_hyphen_values = true)]
    withhold: Option<String>,
    /// A CSV file of payees with rates of their own: account,percent,group; the group may be empty.
    #[arg(long, value_name = "FILE", requires = "withhold_rounding")]
    withhold_rates: Option<PathBuf>,
    /// How each withheld amount is rounded to the smallest unit.
    #[arg(long, value_enum)]
    withhold_rounding: Option<Direction>,
    /// Carry forward what is less than this to the payee's next distribution, as in 1.00.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    minimum: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Base {
    EligibleHolders,
    TotalSupply,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Direction {
    Down,
    Up,
    HalfUp,
}

/// In what amounts are typed.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) enum Currency<'a> {
    /// In this payment token.
    Token(&'a str),
    /// In what the distribution pays already.
    Same(&'a Distribution),
}

impl Currency<'_> {
    /// The amount that was typed after a flag, in smallest units.
    async fn amount(self, session: &Session, flag: &str, text: &str) -> Result<Amount, CommandError> {
        let (asset, decimals) = match self {
            Self::Token(token) => payment_token(session, token).await?,
            Self::Same(read) => {
                let decimals = u8::try_from(read.payment_decimals);
                let decimals =
                    decimals.map_err(|_| CommandError::Unexpected("too many decimals".to_owned()))?;
                (read.payment_token.clone(), decimals)
            }
        };
        let units = money::parse_units(text, decimals)
            .map_err(|error| CommandError::input(format!("{flag} {text:?} {error}")))?;
        Ok(Amount { units: units.to_string(), asset })
    }
}

impl Share {
    /// As a request has it; none when nothing of it was typed. `before` is what a pool was split over.
    pub(in crate::commands) async fn rule(
        &self,
        session: &Session,
        currency: Currency<'_>,
        before: PoolBase,
    ) -> Result<Option<AmountRule>, CommandError> {
        let rule = if let Some(pool) = &self.pool {
            let amount = Some(currency.amount(session, "--pool", pool).await?);
            let base = self.base.map_or(before, Base::to_proto).into();
            Some(Rule::Pool(Pool { amount, base }))
        } else if let Some(each) = &self.per_holder {
            Some(Rule::PerHolder(currency.amount(session, "--per-holder", each).await?))
        } else if let Some(percent) = &self.percent {
            let percent = percent.clone();
            let value_per_token = self.value_per_token.clone().unwrap_or_default();
            Some(Rule::PercentOfValue(PercentOfValue { percent, value_per_token }))
        } else {
            self.per_token.clone().map(Rule::PerToken)
        };
        Ok(rule.map(|rule| AmountRule { rule: Some(rule) }))
    }
}

impl Deductions {
    /// A minimum of nothing.
    pub(in crate::commands) fn none() -> Self {
        Self { minimum: Some("0".to_owned()), ..Self::default() }
    }

    /// What is withheld, as a request has it; none when nothing of it was typed. What is not typed stays as it was before.
    pub(in crate::commands) fn withholding(
        &self,
        before: Option<&Withholding>,
    ) -> Result<Option<Withholding>, CommandError> {
        // It goes with each of the others, as flags that require it.
        let Some(direction) = self.withhold_rounding else { return Ok(None) };
        if self.withhold.is_none() && self.withhold_rates.is_none() && before.is_none() {
            return Err(CommandError::input("--withhold-rounding goes with --withhold or --withhold-rates"));
        }
        let before = before.cloned().unwrap_or_else(|| nothing(direction.to_proto()));
        Ok(Some(Withholding {
            default_percent: self.withhold.clone().unwrap_or(before.default_percent),
            rates: match &self.withhold_rates {
                Some(path) => read_rates(path)?,
                None => before.rates,
            },
            rounding: direction.to_proto().into(),
        }))
    }

    /// The minimum, as a request has it; none when it was not typed.
    pub(in crate::commands) async fn minimum(
        &self,
        session: &Session,
        currency: Currency<'_>,
    ) -> Result<Option<Amount>, CommandError> {
        match &self.minimum {
            Some(text) => currency.amount(session, "--minimum", text).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Nothing is withheld.
pub(in crate::commands) fn nothing(rounding: Rounding) -> Withholding {
    Withholding { default_percent: "0".to_owned(), rates: Vec::new(), rounding: rounding.into() }
}

/// Over what a pool was split.
pub(in crate::commands) fn base_of(rule: Option<&AmountRule>) -> PoolBase {
    match rule.and_then(|rule| rule.rule.as_ref()) {
        Some(Rule::Pool(pool)) => pool.base(),
        Some(Rule::PerToken(_) | Rule::PerHolder(_) | Rule::PercentOfValue(_)) | None => {
            PoolBase::EligibleHolders
        }
    }
}

/// Reads a file of rates; lines with the same percentage and group are one rate.
fn read_rates(path: &Path) -> Result<Vec<WithholdingRate>, CommandError> {
    let wrong =
        |wrong: &dyn Display| CommandError::input(format!("--withhold-rates {}: {wrong}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(|error| wrong(&error))?;
    file.take(RATES_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| wrong(&error))?;
    if text.len() as u64 > RATES_BYTES_MAX {
        return Err(wrong(&format!("more than {RATES_BYTES_MAX} bytes")));
    }
    rates(&text).map_err(|what| wrong(&what))
}

fn rates(text: &str) -> Result<Vec<WithholdingRate>, String> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?;
    if header.iter().ne(RATE_COLUMNS) {
        return Err(format!("line 1: the columns are {}", RATE_COLUMNS.join(",")));
    }
    let mut rates: Vec<WithholdingRate> = Vec::new();
    let mut seen = HashMap::new();
    for (place, record) in reader.records().enumerate() {
        if place == RATES_MAX {
            return Err(format!("more than {RATES_MAX} lines"));
        }
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, |position| line_at(text, position.byte()));
        if record.len() != RATE_COLUMNS.len() {
            return Err(format!("line {line}: {} cells and not {}", record.len(), RATE_COLUMNS.join(",")));
        }
        let (account, percent, group) = (&record[0], &record[1], &record[2]);
        let wrong = |column: &str, what: &str| Err(format!("line {line}, column {column}: {what}"));
        if !is_account(account) {
            return wrong("account", "an account, as in 0.0.5005");
        }
        let hundred = money::Decimal::new(100, 0).expect("an integer has no digits after the point");
        if !percent.parse::<money::Decimal>().is_ok_and(|percent| percent <= hundred) {
            return wrong("percent", "a number from 0 to 100 without needless zeros, as in 26.375");
        }
        if group.chars().any(char::is_control) {
            return wrong("group", "no control characters");
        }
        if let Some(first) = seen.insert(account.to_owned(), line) {
            return wrong("account", &format!("it has a rate in line {first} already"));
        }
        let same = rates.iter_mut().find(|rate| rate.percent == percent && rate.group == group);
        match same {
            Some(rate) => rate.accounts.push(account.to_owned()),
            None => rates.push(WithholdingRate {
                group: group.to_owned(),
                percent: percent.to_owned(),
                accounts: vec![account.to_owned()],
            }),
        }
    }
    if rates.is_empty() { Err("there is no line with a rate".to_owned()) } else { Ok(rates) }
}

/// The number of the line that what begins here is in; empty lines before it are skipped.
fn line_at(text: &str, byte: u64) -> usize {
    let from = usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
    let rest = text[from..].trim_start_matches(['\r', '\n']);
    text[..text.len() - rest.len()].matches('\n').count() + 1
}

/// Whether this is an account above zero, as the network writes it.
fn is_account(text: &str) -> bool {
    let number = text.strip_prefix("0.0.").and_then(|digits| digits.parse::<u64>().ok());
    number.is_some_and(|number| number > 0 && text == format!("0.0.{number}"))
}

impl Base {
    fn to_proto(self) -> PoolBase {
        match self {
            Base::EligibleHolders => PoolBase::EligibleHolders,
            Base::TotalSupply => PoolBase::TotalSupply,
        }
    }
}

impl Direction {
    fn to_proto(self) -> Rounding {
        match self {
            Direction::Down => Rounding::Down,
            Direction::Up => Rounding::Up,
            Direction::HalfUp => Rounding::HalfUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Deductions, Direction, rates};

    #[test]
    fn lines_with_the_same_percentage_and_group_are_one_rate() {
        let file = "account,percent,group\n0.0.5,15,treaty\n0.0.6,0,\n0.0.7,15,treaty\n0.0.8,15,other\n";
        let found = rates(file).expect("it is right");
        let seen: Vec<(&str, &str, usize)> = found
            .iter()
            .map(|rate| (rate.group.as_str(), rate.percent.as_str(), rate.accounts.len()))
            .collect();
        assert_eq!(seen, [("treaty", "15", 2), ("", "0", 1), ("other", "15", 1)]);
    }

    #[test]
    fn what_is_wrong_in_a_file_of_rates_is_named_by_line_and_column() {
        let wrong = |lines: &str| rates(&format!("account,percent,group\n{lines}")).expect_err("it is wrong");
        assert_eq!(wrong("0.0.5,15,\n0.0.x,15,"), "line 3, column account: an account, as in 0.0.5005");
        assert_eq!(
            wrong("0.0.5,100.1,"),
            "line 2, column percent: a number from 0 to 100 without needless zeros, as in 26.375"
        );
        assert_eq!(
            wrong("0.0.5,15 %,"),
            "line 2, column percent: a number from 0 to 100 without needless zeros, as in 26.375"
        );
        assert_eq!(
            wrong("0.0.5,15,\n0.0.6,15,\n0.0.5,10,"),
            "line 4, column account: it has a rate in line 2 already"
        );
        assert_eq!(
            wrong("\n\r\n0.0.5,15,\n\n0.0.05,1,"),
            "line 6, column account: an account, as in 0.0.5005"
        );
        for account in ["0.0.0", "1.2.5", "+0.0.5", "0.0.", "5"] {
            assert!(wrong(&format!("{account},1,")).starts_with("line 2, column account"), "{account}");
        }
        assert_eq!(wrong("0.0.5,1,a\u{7}b"), "line 2, column group: no control characters");
        assert_eq!(wrong("0.0.5,15"), "line 2: 2 cells and not account,percent,group");
        assert_eq!(wrong(""), "there is no line with a rate");
        assert_eq!(rates("a,b\n").expect_err("it is wrong"), "line 1: the columns are account,percent,group");
        let long: Vec<String> = (1..=10_001).map(|number| format!("0.0.{number},1,")).collect();
        assert_eq!(wrong(&long.join("\n")), "more than 10000 lines");
    }

    #[test]
    fn what_is_not_typed_of_what_is_withheld_stays_and_a_rounding_alone_is_a_mistake_at_first() {
        assert_eq!(Deductions::default().withholding(None).expect("nothing"), None);
        let rounding = Deductions { withhold_rounding: Some(Direction::Up), ..Deductions::default() };
        assert!(rounding.withholding(None).is_err());
        let typed = Deductions {
            withhold: Some("26.375".to_owned()),
            withhold_rounding: Some(Direction::HalfUp),
            ..Deductions::default()
        };
        let first = typed.withholding(None).expect("it is right").expect("it is there");
        assert_eq!((first.default_percent.as_str(), first.rates.len()), ("26.375", 0));
        let before = super::Withholding {
            default_percent: "10".to_owned(),
            rates: rates("account,percent,group\n0.0.5,15,\n").expect("it is right"),
            rounding: Direction::Down.to_proto().into(),
        };
        let changed = typed.withholding(Some(&before)).expect("it is right").expect("it is there");
        assert_eq!((changed.default_percent.as_str(), &changed.rates), ("26.375", &before.rates));
        let changed = rounding.withholding(Some(&before)).expect("it is right").expect("it is there");
        assert_eq!(
            (changed.default_percent.as_str(), changed.rounding),
            ("10", Direction::Up.to_proto().into())
        );
    }
}
