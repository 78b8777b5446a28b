//! What calls have in common: on which distribution, schedule or file, and why something is stopped.

use ids::{DistributionId, IngestFileId, PayoutId, ScheduleId};
use service_kit::error::{FieldViolations, Problem};
use service_kit::validate;

/// Most payouts that are chosen at a time.
const PAYOUTS_MAX: usize = 1_000;
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

/// Payouts that were chosen, each once; may be none.
pub(super) fn payout_ids(texts: &[String]) -> Result<Vec<PayoutId>, Problem> {
    let mut violations = FieldViolations::new();
    if texts.len() > PAYOUTS_MAX {
        violations.add("payout_ids", validate::OUT_OF_RANGE, format!("at most {PAYOUTS_MAX}"));
    }
    let mut payouts = Vec::new();
    for (place, text) in texts.iter().take(PAYOUTS_MAX).enumerate() {
        let field = format!("payout_ids[{place}]");
        let Some(payout) = validate::parse(&mut violations, &field, text) else { continue };
        if payouts.contains(&payout) {
            violations.add(field, "DUPLICATE", "each payout once");
        } else {
            payouts.push(payout);
        }
    }
    violations.into_result()?;
    Ok(payouts)
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
