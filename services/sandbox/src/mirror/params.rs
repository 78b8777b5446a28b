//! Query parameters: `name=value` or `name=op:value`, some of them repeatable; and the link to the next page.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;

use super::ask::Refusal;
use crate::ledger::ids::{EntityId, Timestamp};

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 100;

/// The parameters of a request.
pub(super) struct Params {
    path: String,
    pairs: Vec<(String, String)>,
}

/// How a parameter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The numbers that all conditions on a parameter leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    /// Least and greatest, both included.
    pub(super) from: u64,
    pub(super) to: u64,
    /// If present, only these.
    pub(super) only: Option<BTreeSet<u64>>,
    not: BTreeSet<u64>,
}

impl Params {
    pub(super) fn parse(uri: &Uri) -> Result<Self, Refusal> {
        let Query(pairs) =
            Query::try_from_uri(uri).map_err(|_| Refusal::bad("Invalid query string".to_owned()))?;
        Ok(Self { path: uri.path().to_owned(), pairs })
    }

    /// Refuses parameters that the endpoint does not know.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(Refusal::bad(format!("Unknown query parameter: {name}"))),
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        self.text(name).map_or(Ok(default), |text| text.parse().map_err(|_| Refusal::parameter(name)))
    }

    /// At least 1; more than 100 is taken as 100.
    pub(super) fn limit(&self) -> Result<usize, Refusal> {
        let limit = self.text("limit").map_or(Ok(DEFAULT_LIMIT), str::parse);
        let limit = limit.ok().filter(|limit| *limit > 0).ok_or(Refusal::parameter("limit"))?;
        Ok(limit.min(MAX_LIMIT))
    }

    pub(super) fn descending(&self, default: bool) -> Result<bool, Refusal> {
        match self.text("order") {
            None => Ok(default),
            Some("asc") => Ok(false),
            Some("desc") => Ok(true),
            Some(_) => Err(Refusal::parameter("order")),
        }
    }

    /// Conditions on an entity id.
    pub(super) fn entities(&self, name: &str) -> Result<Selection, Refusal> {
        self.selection::<EntityId>(name, |id| id.0)
    }

    /// Conditions on a time.
    pub(super) fn moments(&self, name: &str) -> Result<Selection, Refusal> {
        self.selection::<Timestamp>(name, |moment| moment.0)
    }

    /// The latest moment that a parameter admits; none when it is absent. It may come as `eq`, `lt` or `lte`, of which `eq` means
    /// "at or before", and of several the last counts, as at the real mirror node.
    pub(super) fn as_of(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let mut latest = None;
        for value in self.all(name) {
            let (operator, value) = operator(value);
            let moment: Timestamp = value.parse().map_err(|_| Refusal::parameter(name))?;
            latest = Some(match operator {
                Operator::Equal | Operator::LessOrEqual => moment,
                // Nothing was there at the epoch, nor before it.
                Operator::Less => Timestamp(moment.0.saturating_sub(1)),
                Operator::NotEqual | Operator::Greater | Operator::GreaterOrEqual => {
                    return Err(Refusal::parameter(name));
                }
            });
        }
        Ok(latest)
    }

    /// Conditions on a plain number.
    pub(super) fn numbers(&self, name: &str) -> Result<Selection, Refusal> {
        self.selection::<u64>(name, |number| number)
    }

    /// The link to the page after `last`, the value of `name` in the last row; none if this page was not full.
    pub(super) fn next(
        &self,
        rows: usize,
        name: &str,
        last: Option<String>,
        descending: bool,
    ) -> Option<String> {
        let last = last.filter(|_| self.limit() == Ok(rows))?;
        let passed = |value: &str| match operator(value).0 {
            Operator::Less | Operator::LessOrEqual => descending,
            Operator::Greater | Operator::GreaterOrEqual => !descending,
            Operator::Equal | Operator::NotEqual => false,
        };
        let kept = self.pairs.iter().filter(|(key, value)| key != name || !passed(value));
        let mut query: Vec<_> = kept.map(|(key, value)| format!("{key}={value}")).collect();
        query.push(format!("{name}={}:{last}", if descending { "lt" } else { "gt" }));
        Some(format!("{}?{}", self.path, query.join("&")))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn selection<T: FromStr>(&self, name: &str, number: impl Fn(T) -> u64) -> Result<Selection, Refusal> {
        let mut selection = Selection { from: 0, to: u64::MAX, only: None, not: BTreeSet::new() };
        for value in self.all(name) {
            let (operator, value) = operator(value);
            let value = number(value.parse().map_err(|_| Refusal::parameter(name))?);
            selection.add(operator, value);
        }
        Ok(selection)
    }
}

fn operator(value: &str) -> (Operator, &str) {
    match value.split_once(':') {
        Some(("eq", rest)) => (Operator::Equal, rest),
        Some(("ne", rest)) => (Operator::NotEqual, rest),
        Some(("lt", rest)) => (Operator::Less, rest),
        Some(("lte", rest)) => (Operator::LessOrEqual, rest),
        Some(("gt", rest)) => (Operator::Greater, rest),
        Some(("gte", rest)) => (Operator::GreaterOrEqual, rest),
        _ => (Operator::Equal, value),
    }
}

impl Selection {
    fn add(&mut self, operator: Operator, value: u64) {
        match operator {
            Operator::Equal => {
                self.only.get_or_insert_default().insert(value);
            }
            Operator::NotEqual => {
                self.not.insert(value);
            }
            Operator::Less => match value.checked_sub(1) {
                Some(to) => self.to = self.to.min(to),
                None => self.only = Some(BTreeSet::new()),
            },
            Operator::LessOrEqual => self.to = self.to.min(value),
            Operator::Greater => match value.checked_add(1) {
                Some(from) => self.from = self.from.max(from),
                None => self.only = Some(BTreeSet::new()),
            },
            Operator::GreaterOrEqual => self.from = self.from.max(value),
        }
    }

    /// Whether a number is selected.
    pub(super) fn has(&self, number: u64) -> bool {
        (self.from..=self.to).contains(&number)
            && self.only.as_ref().is_none_or(|only| only.contains(&number))
            && !self.not.contains(&number)
    }

    /// The selected entries of a map, in order. The cost is that of the entries read, not of the map.
    pub(super) fn of<'a, T>(
        &'a self,
        map: &'a BTreeMap<u64, T>,
        descending: bool,
    ) -> Box<dyn Iterator<Item = (u64, &'a T)> + 'a> {
        if self.from > self.to {
            return Box::new(std::iter::empty());
        }
        let wanted = |number: &u64| self.has(*number);
        match (&self.only, descending) {
            (Some(only), false) => Box::new(
                only.iter().copied().filter(wanted).filter_map(|number| Some((number, map.get(&number)?))),
            ),
            (Some(only), true) => {
                let numbers = only.iter().rev().copied().filter(wanted);
                Box::new(numbers.filter_map(|number| Some((number, map.get(&number)?))))
            }
            (None, false) => {
                let range = map.range(self.from..=self.to).map(|(number, value)| (*number, value));
                Box::new(range.filter(move |(number, _)| wanted(number)))
            }
            (None, true) => {
                let range = map.range(self.from..=self.to).rev().map(|(number, value)| (*number, value));
                Box::new(range.filter(move |(number, _)| wanted(number)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(uri: &str) -> Params {
        Params::parse(&uri.parse().expect("a uri")).expect("parameters")
    }

    #[test]
    fn conditions_on_one_parameter_narrow_each_other() {
        let selection =
            params("/a?account.id=gte:0.0.5&account.id=lt:9&account.id=ne:7").entities("account.id");
        let selection = selection.expect("a selection");
        let map: BTreeMap<u64, char> = (0..20).zip('a'..).collect();
        let read = |descending| selection.of(&map, descending).map(|(number, _)| number).collect::<Vec<_>>();
        assert_eq!(read(false), [5, 6, 8]);
        assert_eq!(read(true), [8, 6, 5]);
    }

    #[test]
    fn repeated_equals_are_a_list() {
        let selection =
            params("/a?account.id=3&account.id=eq:0.0.7").entities("account.id").expect("a selection");
        let map: BTreeMap<u64, char> = (0..5).zip('a'..).collect();
        assert_eq!(selection.of(&map, false).map(|(number, _)| number).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn the_next_link_keeps_everything_but_the_bound_it_replaces() {
        let params =
            params("/api/v1/tokens/0.0.9/balances?limit=1&timestamp=lte:5.000000000&account.id=lt:0.0.50");
        let next = params.next(1, "account.id", Some("0.0.40".to_owned()), true);
        let expected = "/api/v1/tokens/0.0.9/balances?limit=1&timestamp=lte:5.000000000&account.id=lt:0.0.40";
        assert_eq!(next.as_deref(), Some(expected));
        assert_eq!(params.next(0, "account.id", None, true), None);
    }

    #[test]
    fn a_limit_is_at_least_one_and_at_most_a_hundred() {
        assert_eq!(params("/a").limit(), Ok(25));
        assert_eq!(params("/a?limit=1000").limit(), Ok(100));
        assert_eq!(params("/a?limit=0").limit(), Err(Refusal::parameter("limit")));
        assert_eq!(params("/a?limit=x").limit(), Err(Refusal::parameter("limit")));
    }
}
