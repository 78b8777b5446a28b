//! `EndSchedule`.

use auth::Actor;
use proto::distribution::v1::{EndScheduleRequest, EndScheduleResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{call, schedule_convert};
use crate::app::{self, App};
use crate::domain::schedule::Steer;
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<EndScheduleRequest>,
) -> Result<EndScheduleResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let id = call::schedule_id(&request.get_ref().schedule_id).map_err(Error::from)?;
    let reason = call::reason(&request.get_ref().reason).map_err(Error::from)?;
    let once = idempotency::once("EndSchedule", &actor, &request, |schedule| EndScheduleResponse {
        schedule: Some(schedule_convert::schedule(schedule)),
    })
    .map_err(Error::from)?;
    Ok(app::steer_schedule(app, &actor, id, Steer::End, reason, &once).await?)
}
