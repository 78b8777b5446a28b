//! `SetAssetPause`.

use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::Context;
use crate::app::pause::{AssetWord, set_asset_pause};
use crate::error::Error;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::SetAssetPauseRequest>,
) -> Result<pb::SetAssetPauseResponse, Status> {
    set_asset_pause(ctx, word(request.into_inner())?).await?;
    Ok(pb::SetAssetPauseResponse {})
}

fn word(message: pb::SetAssetPauseRequest) -> Result<AssetWord, Error> {
    let mut violations = FieldViolations::new();
    let asset = validate::parse(&mut violations, "asset_id", &message.asset_id);
    for (field, text) in [("by", &message.by), ("reason", &message.reason)] {
        if text.is_empty() {
            violations.add(field, validate::REQUIRED, "this field is required");
        }
    }
    violations.into_result()?;
    let asset = asset.expect("what is missing was noted as a violation");
    let pb::SetAssetPauseRequest { version, paused, by, reason, .. } = message;
    Ok(AssetWord { asset, version, paused, by, reason })
}
