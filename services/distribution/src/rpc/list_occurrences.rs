//! `ListOccurrences`.

use auth::Actor;
use ids::ScheduleId;
use proto::distribution::v1::{ListOccurrencesRequest, ListOccurrencesResponse};
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use super::{call, schedule_convert};
use crate::app::{self, App};
use crate::error::Error;
use crate::store::occurrences::Cursor;

pub(super) async fn handle(
    app: &App,
    request: Request<ListOccurrencesRequest>,
) -> Result<ListOccurrencesResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let id = call::schedule_id(&message.schedule_id).map_err(Error::from)?;
    let size = page::size(message.page_size).map_err(Error::from)?;
    let asked = ListOccurrencesRequest { page_size: 0, page_token: String::new(), ..message.clone() };
    let filters = Filters::of(&asked);
    let after = PageToken::decode::<Cursor>(&message.page_token, filters).map_err(Error::from)?;
    if message.upcoming {
        return Ok(upcoming(app, id, after, size, filters).await?);
    }
    let mut found = app::list_recorded(app, id, after, size + 1).await?;
    let last: Option<Cursor> = page::cut(&mut found, size).map(|last| (last.series, last.number));
    Ok(ListOccurrencesResponse {
        occurrences: found.iter().map(schedule_convert::recorded).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}

/// A page of those to come. When the timing changes between two pages, the next one begins with the new series.
async fn upcoming(
    app: &App,
    id: ScheduleId,
    after: Option<Cursor>,
    size: u32,
    filters: Filters,
) -> Result<ListOccurrencesResponse, Error> {
    let current = app::get_schedule(app, id).await?.plan.series;
    let above = after.filter(|(series, _)| *series == current).map_or(0, |(_, number)| number);
    let (schedule, mut found) = app::list_upcoming(app, id, above, size as usize + 1).await?;
    let last: Option<Cursor> = page::cut(&mut found, size).map(|last| (schedule.plan.series, last.number));
    let shown = |one| schedule_convert::upcoming(&schedule, one);
    Ok(ListOccurrencesResponse {
        occurrences: found.iter().map(shown).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}
