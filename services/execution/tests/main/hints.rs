//! Whatever fails says what to do about it.

use std::path::Path;

use execution::domain::attempt::Cause;
use hedera::Status;
use hedera::status::{Class, Precheck, Receipt, precheck, receipt};

/// What is said of a reason that nobody thought of.
fn forgotten() -> &'static str {
    let cause = Cause { reason: "NOBODY_THOUGHT_OF_IT".to_owned(), class: Class::Bug };
    cause.hint()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !is_tests(&path) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
        }
    }
}

/// Tests that have a file of their own.
fn is_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_tests"))
}

/// The literals that directly follow `before`.
fn literals<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(before).filter_map(|(at, _)| {
        let (literal, _) = text[at + before.len()..].split_once('"')?;
        Some(literal)
    })
}

#[test]
fn every_reason_that_the_code_gives_by_itself_has_a_hint() {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let places = [
        "reason: \"",
        "recipients(\"",
        "operators(\"",
        "doubt: Some(\"",
        "then_some(\"",
        "Closed => Some(\"",
        "Full => Some(\"",
    ];
    let mut reasons: Vec<&str> =
        texts.iter().flat_map(|text| places.iter().flat_map(|place| literals(text, place))).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for known in
        ["BREAK", "FOREIGN_TRANSACTION", "NOT_SEEN_BEFORE_EXPIRY", "OPERATOR_RESOLVED", "OUTCOME_UNKNOWN"]
    {
        assert!(reasons.contains(&known), "{known} is not found any more: the places above have changed");
    }
    for reason in reasons {
        let cause = Cause { reason: reason.to_owned(), class: Class::Recipient };
        assert!(!cause.hint().is_empty() && cause.hint() != forgotten(), "{reason} has no hint");
    }
}

#[test]
fn every_reason_that_the_network_gives_has_a_hint() {
    let mut reasons = 0;
    for number in -10..2_000 {
        let status = Status(number);
        let blamed = [
            if let Precheck::Refused(class) = precheck(status) { Some(class) } else { None },
            if let Receipt::Dead(class) = receipt(status) { Some(class) } else { None },
        ];
        for class in blamed.into_iter().flatten() {
            let cause = Cause::of(status, class);
            assert!(!cause.hint().is_empty() && cause.hint() != forgotten(), "{status} has no hint");
            reasons += 1;
        }
    }
    assert!(reasons > 70, "of {reasons} only");
}
