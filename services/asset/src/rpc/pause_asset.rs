//! `PauseAsset`.

use auth::Actor;
use prost::Message as _;
use proto::asset::v1::{PauseAssetRequest, PauseAssetResponse};
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

const REASON_CHARS_MAX: usize = 500;

pub(super) async fn handle(
    app: &App,
    request: Request<PauseAssetRequest>,
) -> Result<PauseAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = call::once("PauseAsset", &actor, &request, |asset| {
        PauseAssetResponse { asset: Some(convert::asset(asset)) }.encode_to_vec()
    })
    .map_err(Error::from)?;
    let mut violations = FieldViolations::new();
    let message = request.get_ref();
    let id = validate::parse(&mut violations, "asset_id", &message.asset_id);
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    violations.into_result().map_err(Error::from)?;
    let (id, reason) = id.zip(reason).expect("what is missing was noted as a violation");
    let answer = app::pause_asset(app, &actor, id, reason, &once).await?;
    let mut response = PauseAssetResponse::decode(answer.as_slice()).map_err(Error::from)?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}
