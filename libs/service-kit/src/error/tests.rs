//! What the caller sees of an error, and what it never sees.

use std::time::Duration;

use super::{Detail, Failure, FieldViolations, Problem, to_status};
use tonic::Code;
use tonic_types::StatusExt as _;

#[derive(Debug, thiserror::Error)]
#[error("row 7 of table payout is inconsistent")]
struct Inconsistent(#[source] std::io::Error);

impl Failure for Inconsistent {
    fn problem(&self) -> Problem {
        Problem::internal()
    }
}

#[test]
fn internal_causes_stay_inside() {
    let status = to_status(&Inconsistent(std::io::Error::other("password=canary")));
    assert_eq!(status.code(), Code::Internal);
    let shown = format!("{status:?}");
    assert!(!shown.contains("row 7") && !shown.contains("canary"), "{shown}");
}

#[test]
fn every_detail_arrives_in_its_own_message() {
    let problem = Problem::user(Code::FailedPrecondition, "FUNDING_SHORT", "the account holds too little")
        .with(Detail::Precondition {
            kind: "FUNDING",
            subject: "fnd_1".to_owned(),
            description: "add 5 units".to_owned(),
        })
        .with(Detail::RetryAfter(Duration::from_secs(3)))
        .with(Detail::Meta("missing_units", "5".to_owned()));
    let status = problem.to_status();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "the account holds too little"));
    let info = status.get_details_error_info().expect("every status has one");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("FUNDING_SHORT", "bursar"));
    assert_eq!(info.metadata.get("missing_units").map(String::as_str), Some("5"));
    let failure = status.get_details_precondition_failure().expect("it was given");
    assert_eq!(failure.violations[0].subject, "fnd_1");
    let retry = status.get_details_retry_info().expect("it was given");
    assert_eq!(retry.retry_delay, Some(Duration::from_secs(3)));
    assert!(status.get_details_bad_request().is_none());
}

#[test]
fn all_fields_that_do_not_fit_are_named_at_once() {
    let mut violations = FieldViolations::new();
    assert!(violations.clone().into_result().is_ok());
    violations.add("label", "EMPTY", "say what it is for");
    violations.add("amount.units", "MALFORMED", "an unsigned integer");
    let status = violations.into_result().expect_err("two do not fit").to_status();
    assert_eq!(status.code(), Code::InvalidArgument);
    let request = status.get_details_bad_request().expect("fields were given");
    let seen: Vec<(&str, &str)> =
        request.field_violations.iter().map(|field| (field.field.as_str(), field.reason.as_str())).collect();
    assert_eq!(seen, [("label", "EMPTY"), ("amount.units", "MALFORMED")]);
}
