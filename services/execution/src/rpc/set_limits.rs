//! `SetLimits`.

use auth::Actor;
use ids::FundingAccountId;
use money::{AssetCode, Units};
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::{Context, limits as app};
use crate::domain::limits::Limits;
use crate::error::Error;
use crate::rpc::{REASON_CHARS_MAX, get_limits};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::SetLimitsRequest>,
) -> Result<pb::SetLimitsResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("SetLimits", &actor, &request, |set| pb::SetLimitsResponse {
        limits: Some(get_limits::limits(set)),
    })
    .map_err(Error::from)?;
    let (what, limits, reason) = read(request.get_ref())?;
    Ok(app::set(ctx, &actor, what, limits, reason, &once).await?)
}

type Read = ((FundingAccountId, AssetCode), Limits, String);

fn read(message: &pb::SetLimitsRequest) -> Result<Read, Error> {
    let mut violations = FieldViolations::new();
    let funding = validate::parse(&mut violations, "funding_account_id", &message.funding_account_id);
    let asset = validate::parse(&mut violations, "asset", &message.asset);
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    let mut units = |field: &str, text: &str| {
        let units = validate::parse_optional::<Units>(&mut violations, field, text).flatten();
        if units.is_some_and(|units| units.0 == 0) {
            violations.add(field, validate::OUT_OF_RANGE, "above zero; empty for no limit");
        }
        units.map(|units| units.0)
    };
    let limits = Limits {
        per_payout: units("per_payout", &message.per_payout),
        per_run: units("per_run", &message.per_run),
        per_day: units("per_day", &message.per_day),
    };
    violations.into_result()?;
    let (what, reason) = funding.zip(asset).zip(reason).expect("what is missing was noted as a violation");
    Ok((what, limits, reason))
}
