//! What every call has in common: on which distribution.

use ids::DistributionId;
use service_kit::error::Problem;
use service_kit::validate;

/// The id of a distribution.
pub(super) fn distribution_id(text: &str) -> Result<DistributionId, Problem> {
    validate::only("distribution_id", text)
}
