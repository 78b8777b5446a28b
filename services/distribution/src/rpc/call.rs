//! What calls have in common: on which distribution, schedule or file, and why something is stopped.

use ids::{DistributionId, IngestFileId, ScheduleId};
use service_kit::error::{FieldViolations, Problem};
use service_kit::validate;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// The id of a distribution.
pub(super) fn distribution_id(text: &str) -> Result<DistributionId, Problem> {
    validate::only("distribution_id", text)
}

/// The id of a file of payees.
pub(super) fn ingest_file_id(text: &str) -> Result<IngestFileId, Problem> {
    validate::only("ingest_file_id", text)
}

/// The id of a schedule.
pub(super) fn schedule_id(text: &str) -> Result<ScheduleId, Problem> {
    validate::only("schedule_id", text)
}

/// Why something is stopped or left out; may be empty.
pub(super) fn reason(text: &str) -> Result<String, Problem> {
    if !text.is_empty() {
        let mut violations = FieldViolations::new();
        validate::text(&mut violations, "reason", text, REASON_CHARS_MAX);
        violations.into_result()?;
    }
    Ok(text.to_owned())
}
