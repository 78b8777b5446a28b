//! `GetSchedule`.

use auth::Actor;
use proto::distribution::v1::{GetScheduleRequest, GetScheduleResponse};
use tonic::{Request, Status};

use super::{call, schedule_convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<GetScheduleRequest>,
) -> Result<GetScheduleResponse, Status> {
    Actor::from_request(&request)?;
    let id = call::schedule_id(&request.get_ref().schedule_id).map_err(Error::from)?;
    let found = app::get_schedule(app, id).await?;
    Ok(GetScheduleResponse { schedule: Some(schedule_convert::schedule(&found)) })
}
