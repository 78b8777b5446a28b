//! `PauseAsset`.

use auth::Actor;
use proto::asset::v1::{PauseAssetRequest, PauseAssetResponse};
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

const REASON_CHARS_MAX: usize = 500;

pub(super) async fn handle(
    app: &App,
    request: Request<PauseAssetRequest>,
) -> Result<PauseAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("PauseAsset", &actor, &request, |asset| PauseAssetResponse {
        asset: Some(convert::asset(asset)),
    })
    .map_err(Error::from)?;
    let mut violations = FieldViolations::new();
    let message = request.get_ref();
    let id = validate::parse(&mut violations, "asset_id", &message.asset_id);
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    violations.into_result().map_err(Error::from)?;
    let (id, reason) = id.zip(reason).expect("what is missing was noted as a violation");
    let mut response = app::pause_asset(app, &actor, id, reason, &once).await?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}
