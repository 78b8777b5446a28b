//! `CreateSchedule`, and with `validate_only` when it would fall due.

use auth::Actor;
use proto::distribution::v1::{CreateScheduleRequest, CreateScheduleResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{schedule_convert, schedule_draft};
use crate::app::{self, App, Scheduled};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<CreateScheduleRequest>,
) -> Result<CreateScheduleResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let (draft, count) = schedule_draft::read(request.get_ref(), app.network, app.clock.now());
    if request.get_ref().validate_only {
        let found = app::preview_schedule(app, &actor, draft, count).await?;
        let next_occurrences = found.iter().map(schedule_convert::previewed).collect();
        return Ok(CreateScheduleResponse { schedule: None, next_occurrences });
    }
    let once =
        idempotency::once("CreateSchedule", &actor, &request, |created: &Scheduled| CreateScheduleResponse {
            schedule: Some(schedule_convert::schedule(&created.schedule)),
            next_occurrences: created.next.iter().map(schedule_convert::previewed).collect(),
        })
        .map_err(Error::from)?;
    Ok(app::create_schedule(app, &actor, draft, count, &once).await?)
}
