//! A refusal in words a person can act on.

use std::fmt::Write as _;

use tonic::Status;
use tonic_types::StatusExt as _;

/// The status as text: message, stable reason, then one line per field, precondition and hint when to try again.
pub fn explain(status: &Status) -> String {
    let details = status.get_error_details();
    let mut text = if status.message().is_empty() {
        format!("{:?}", status.code())
    } else {
        status.message().to_owned()
    };
    if let Some(info) = details.error_info() {
        let _ = write!(text, "\n  reason: {}", info.reason);
        let mut facts: Vec<_> = info.metadata.iter().collect();
        facts.sort();
        for (name, value) in facts {
            let _ = write!(text, "\n  {name}: {value}");
        }
    } else {
        let _ = write!(text, "\n  code: {:?}", status.code());
    }
    for violation in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
        let _ = write!(text, "\n  field {}: {}", violation.field, violation.description);
    }
    for violation in details.precondition_failure().iter().flat_map(|bad| &bad.violations) {
        let _ = write!(text, "\n  {}: {}", violation.subject, violation.description);
    }
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        let _ = write!(text, "\n  try again in {} s", delay.as_secs().max(1));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt as _};

    use super::explain;

    #[test]
    fn a_refusal_shows_reason_fields_and_facts() {
        let mut details = ErrorDetails::new();
        details.set_error_info(
            "INVALID_ARGUMENT",
            "bursar",
            HashMap::from([("state".to_owned(), "PAUSED".to_owned())]),
        );
        details.add_bad_request_violation("pool.amount", "must be above zero");
        details.add_precondition_failure_violation("FUNDS", "fnd_1", "holds less than the pool");
        let status = Status::with_error_details(Code::InvalidArgument, "the request has bad fields", details);
        let expected = "the request has bad fields\n  reason: INVALID_ARGUMENT\n  state: PAUSED\n  field pool.amount: must be \
                        above zero\n  fnd_1: holds less than the pool";
        assert_eq!(explain(&status), expected);
    }

    #[test]
    fn a_bare_status_shows_its_code() {
        assert_eq!(explain(&Status::unavailable("")), "Unavailable\n  code: Unavailable");
    }
}
