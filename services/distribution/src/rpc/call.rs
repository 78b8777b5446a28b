//! What calls have in common: on which distribution, and why it is cancelled.

use ids::DistributionId;
use service_kit::error::{FieldViolations, Problem};
use service_kit::validate;

/// Longest reason for a cancel, in characters.
const REASON_CHARS_MAX: usize = 500;

/// The id of a distribution.
pub(super) fn distribution_id(text: &str) -> Result<DistributionId, Problem> {
    validate::only("distribution_id", text)
}

/// Why something is cancelled; may be empty.
pub(super) fn reason(text: &str) -> Result<String, Problem> {
    if !text.is_empty() {
        let mut violations = FieldViolations::new();
        validate::text(&mut violations, "reason", text, REASON_CHARS_MAX);
        violations.into_result()?;
    }
    Ok(text.to_owned())
}
