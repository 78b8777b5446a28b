//! `TakeSnapshot`.

use auth::Actor;
use proto::holder::v1::{TakeSnapshotRequest, TakeSnapshotResponse};
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App, TakeSnapshot};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<TakeSnapshotRequest>,
) -> Result<TakeSnapshotResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("TakeSnapshot", &actor, &request, |snapshot| TakeSnapshotResponse {
        snapshot: Some(convert::snapshot(snapshot)),
    })
    .map_err(Error::from)?;
    Ok(app::take_snapshot(app, input(request.get_ref())?, &once).await?)
}

fn input(message: &TakeSnapshotRequest) -> Result<TakeSnapshot, Error> {
    let mut violations = FieldViolations::new();
    let asset = validate::parse(&mut violations, "asset_id", &message.asset_id);
    let record_ns =
        message.record_time.and_then(|time| convert::nanoseconds(&mut violations, "record_time", time));
    let id = validate::parse_optional(&mut violations, "snapshot_id", &message.snapshot_id);
    violations.into_result()?;
    let (asset, id) = asset.zip(id).expect("what is missing was noted as a violation");
    Ok(TakeSnapshot { asset, record_ns, id })
}
