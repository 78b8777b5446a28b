//! `GetLimits`.

use ids::FundingAccountId;
use money::AssetCode;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{Context, limits as app};
use crate::domain::limits::SetLimits;
use crate::error::Error;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::GetLimitsRequest>,
) -> Result<pb::GetLimitsResponse, Status> {
    let message = request.get_ref();
    let mut violations = FieldViolations::new();
    let funding = validate::parse::<FundingAccountId>(
        &mut violations,
        "funding_account_id",
        &message.funding_account_id,
    );
    let asset = validate::parse::<AssetCode>(&mut violations, "asset", &message.asset);
    violations.into_result().map_err(Error::from)?;
    let (funding, asset) = funding.zip(asset).expect("what is missing was noted as a violation");
    let set = app::get(ctx, funding, &asset).await?;
    Ok(pb::GetLimitsResponse { limits: set.as_ref().map(limits) })
}

/// Limits as they are sent.
pub(super) fn limits(set: &SetLimits) -> pb::Limits {
    let units = |units: Option<u128>| units.map(|units| units.to_string()).unwrap_or_default();
    pb::Limits {
        version: set.version,
        per_payout: units(set.limits.per_payout),
        per_run: units(set.limits.per_run),
        per_day: units(set.limits.per_day),
        reserved_today: set.reserved_today.to_string(),
        set_by: set.set_by.clone(),
        reason: set.reason.clone(),
        set_time: Some(set.set_at.into()),
    }
}
