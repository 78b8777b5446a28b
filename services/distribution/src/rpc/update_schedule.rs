//! `UpdateSchedule`.

use auth::Actor;
use proto::distribution::v1::{UpdateScheduleRequest, UpdateScheduleResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{call, schedule_convert, schedule_draft};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<UpdateScheduleRequest>,
) -> Result<UpdateScheduleResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let message = request.get_ref();
    let id = call::schedule_id(&message.schedule_id).map_err(Error::from)?;
    let draft = schedule_draft::read_update(message, app.network, app.clock.now());
    let version = message.version;
    let once = idempotency::once("UpdateSchedule", &actor, &request, |schedule| UpdateScheduleResponse {
        schedule: Some(schedule_convert::schedule(schedule)),
    })
    .map_err(Error::from)?;
    Ok(app::update_schedule(app, &actor, id, version, draft, &once).await?)
}
