//! Reading the fields of a request: each helper gives the value, or notes a violation and gives none.

use std::fmt::Display;
use std::str::FromStr;

use crate::error::{FieldViolations, Problem};

/// The field must be there and is not.
pub const REQUIRED: &str = "REQUIRED";
/// The text does not have the form the field takes.
pub const MALFORMED: &str = "MALFORMED";
/// The number, or the length of the text, is outside what the field takes.
pub const OUT_OF_RANGE: &str = "OUT_OF_RANGE";

/// A text that `T` reads strictly, e.g. an id or an amount.
pub fn parse<T>(violations: &mut FieldViolations, field: &str, text: &str) -> Option<T>
where
    T: FromStr,
    T::Err: Display,
{
    if text.is_empty() {
        violations.add(field, REQUIRED, "this field is required");
        return None;
    }
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            violations.add(field, MALFORMED, T::Err::to_string(&error));
            None
        }
    }
}

/// The same for the one field that a request is about.
///
/// # Errors
/// `INVALID_ARGUMENT` with the field's violation.
pub fn only<T>(field: &str, text: &str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    let mut violations = FieldViolations::new();
    let value = parse(&mut violations, field, text);
    violations.into_result()?;
    Ok(value.expect("what is missing was noted as a violation"))
}

/// The same for a field that may be empty: `Some(None)` when it is.
pub fn parse_optional<T>(violations: &mut FieldViolations, field: &str, text: &str) -> Option<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    if text.is_empty() { Some(None) } else { parse(violations, field, text).map(Some) }
}

/// The value that the number of an enum field stands for, be it the unspecified one. A number that the contract does not
/// have is refused: prost's accessors give the unspecified value for it, and what was asked for would become something else.
pub fn known<T: TryFrom<i32>>(violations: &mut FieldViolations, field: &str, number: i32) -> Option<T> {
    let value = T::try_from(number).ok();
    if value.is_none() {
        violations.add(field, OUT_OF_RANGE, "one of the values that the contract names");
    }
    value
}

/// A message field that must be there.
pub fn required<T>(violations: &mut FieldViolations, field: &str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        violations.add(field, REQUIRED, "this field is required");
    }
    value
}

/// A text for people: 1 to `chars_max` characters, no control characters, no blanks around it.
pub fn text(violations: &mut FieldViolations, field: &str, value: &str, chars_max: usize) -> Option<String> {
    if value.is_empty() {
        violations.add(field, REQUIRED, "this field is required");
    } else if value.chars().count() > chars_max {
        violations.add(field, OUT_OF_RANGE, format!("at most {chars_max} characters"));
    } else if value.chars().any(char::is_control) || value.trim() != value {
        violations.add(field, MALFORMED, "no control characters, and no blanks at either end");
    } else {
        return Some(value.to_owned());
    }
    None
}

/// A number between `min` and `max`, both included.
pub fn within<T>(violations: &mut FieldViolations, field: &str, value: T, min: T, max: T) -> Option<T>
where
    T: PartialOrd + Display + Copy,
{
    if value < min || value > max {
        violations.add(field, OUT_OF_RANGE, format!("between {min} and {max}"));
        return None;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::{known, only, parse, parse_optional, required, text, within};
    use crate::error::{Detail, FieldViolations};

    /// As prost makes them of a contract's enum.
    #[derive(Debug, PartialEq, Eq)]
    enum Mode {
        Unspecified,
        Whole,
    }

    impl TryFrom<i32> for Mode {
        type Error = ();

        fn try_from(number: i32) -> Result<Mode, ()> {
            [Mode::Unspecified, Mode::Whole].into_iter().nth(usize::try_from(number).map_err(drop)?).ok_or(())
        }
    }

    fn reasons(violations: FieldViolations) -> Vec<(String, &'static str)> {
        let details = violations.into_result().err().map(|problem| problem.details).unwrap_or_default();
        let field = |detail| {
            if let Detail::Field { field, reason, .. } = detail { Some((field, reason)) } else { None }
        };
        details.into_iter().filter_map(field).collect()
    }

    #[test]
    fn what_fits_is_given_back_without_a_violation() {
        let mut violations = FieldViolations::new();
        assert_eq!(parse::<u32>(&mut violations, "count", "7"), Some(7));
        assert_eq!(parse_optional::<u32>(&mut violations, "count", ""), Some(None));
        assert_eq!(known(&mut violations, "mode", 0), Some(Mode::Unspecified));
        assert_eq!(known(&mut violations, "mode", 1), Some(Mode::Whole));
        assert_eq!(required(&mut violations, "rule", Some(())), Some(()));
        assert_eq!(text(&mut violations, "label", "Dividend Q3", 20).as_deref(), Some("Dividend Q3"));
        assert_eq!(within(&mut violations, "size", 100, 1, 100), Some(100));
        assert!(violations.is_empty());
    }

    #[test]
    fn a_request_about_one_field_is_refused_for_that_field() {
        assert_eq!(only("count", "7"), Ok(7));
        let problem = only::<u32>("count", "").expect_err("nothing");
        assert!(
            matches!(&problem.details[..], [Detail::Field { field, reason: "REQUIRED", .. }] if field == "count")
        );
    }

    #[test]
    fn what_does_not_fit_is_noted_with_its_reason() {
        let mut violations = FieldViolations::new();
        assert_eq!(parse::<u32>(&mut violations, "a", ""), None);
        assert_eq!(parse::<u32>(&mut violations, "b", "1e3"), None);
        assert_eq!(required::<()>(&mut violations, "c", None), None);
        assert_eq!(text(&mut violations, "d", "äöü", 2), None);
        assert_eq!(text(&mut violations, "e", " padded", 20), None);
        assert_eq!(within(&mut violations, "f", 0, 1, 100), None);
        assert_eq!(known::<Mode>(&mut violations, "g", 2), None);
        assert_eq!(known::<Mode>(&mut violations, "h", -1), None);
        let expected = [
            ("a", "REQUIRED"),
            ("b", "MALFORMED"),
            ("c", "REQUIRED"),
            ("d", "OUT_OF_RANGE"),
            ("e", "MALFORMED"),
            ("f", "OUT_OF_RANGE"),
            ("g", "OUT_OF_RANGE"),
            ("h", "OUT_OF_RANGE"),
        ];
        assert_eq!(reasons(violations), expected.map(|(field, reason)| (field.to_owned(), reason)));
    }
}
