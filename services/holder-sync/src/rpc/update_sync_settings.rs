//! `UpdateSyncSettings`.

use auth::Actor;
use proto::holder::v1::{SyncSettings, UpdateSyncSettingsRequest, UpdateSyncSettingsResponse};
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::domain::{INTERVAL_S_MAX, INTERVAL_S_MIN};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<UpdateSyncSettingsRequest>,
) -> Result<UpdateSyncSettingsResponse, Status> {
    let actor = Actor::from_request(&request)?;
    // The asset is named by the request, so the stored answer is the settings alone.
    let once = idempotency::once("UpdateSyncSettings", &actor, &request, |settings| {
        convert::settings(ids::AssetId::from_uuid(ids::Uuid::nil()), settings)
    })
    .map_err(Error::from)?;
    let message = request.into_inner();
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "asset_id", &message.asset_id);
    let interval_s = match message.interval_s {
        0 => None,
        given => validate::within(&mut violations, "interval_s", given, INTERVAL_S_MIN, INTERVAL_S_MAX),
    };
    violations.into_result().map_err(Error::from)?;
    let id = id.expect("what is missing was noted as a violation");
    let stored = app::update_sync_settings(app, id, message.periodic, interval_s, &once).await?;
    Ok(UpdateSyncSettingsResponse { settings: Some(SyncSettings { asset_id: message.asset_id, ..stored }) })
}
