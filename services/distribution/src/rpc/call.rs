//! What every call has in common: on which distribution.

use ids::DistributionId;
use service_kit::error::{FieldViolations, Problem};
use service_kit::validate;

/// The id of a distribution.
pub(super) fn distribution_id(text: &str) -> Result<DistributionId, Problem> {
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "distribution_id", text);
    violations.into_result()?;
    Ok(id.expect("what is missing was noted as a violation"))
}
