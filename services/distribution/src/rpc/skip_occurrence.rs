//! `SkipOccurrence`.

use auth::Actor;
use proto::distribution::v1::{SkipOccurrenceRequest, SkipOccurrenceResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{call, schedule_convert};
use crate::app::{self, App, Skipping};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<SkipOccurrenceRequest>,
) -> Result<SkipOccurrenceResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let message = request.get_ref();
    let skipping = Skipping {
        id: call::schedule_id(&message.schedule_id).map_err(Error::from)?,
        series: message.series,
        number: message.number,
        reason: call::reason(&message.reason).map_err(Error::from)?,
    };
    let once = idempotency::once("SkipOccurrence", &actor, &request, |schedule| SkipOccurrenceResponse {
        schedule: Some(schedule_convert::schedule(schedule)),
    })
    .map_err(Error::from)?;
    Ok(app::skip_occurrence(app, &actor, skipping, &once).await?)
}
