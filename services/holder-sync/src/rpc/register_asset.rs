//! `RegisterAsset`.

use proto::holder::v1::{RegisterAssetRequest, RegisterAssetResponse};
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

/// Needs no idempotency key: the asset's id is one.
pub(super) async fn handle(
    app: &App,
    request: Request<RegisterAssetRequest>,
) -> Result<RegisterAssetResponse, Status> {
    let message = request.into_inner();
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "asset_id", &message.asset_id);
    let token = validate::parse(&mut violations, "token_id", &message.token_id);
    violations.into_result().map_err(Error::from)?;
    let (id, token) = id.zip(token).expect("what is missing was noted as a violation");
    let status = app::register_asset(app, id, token).await?;
    Ok(RegisterAssetResponse { status: Some(convert::status(&status)) })
}
