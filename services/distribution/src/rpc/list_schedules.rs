//! `ListSchedules`.

use auth::Actor;
use proto::distribution::v1::{ListSchedulesRequest, ListSchedulesResponse};
use service_kit::error::{FieldViolations, Problem};
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use super::schedule_convert;
use crate::app::{self, App};
use crate::error::Error;
use crate::store::schedules::{Cursor, Filter};

pub(super) async fn handle(
    app: &App,
    request: Request<ListSchedulesRequest>,
) -> Result<ListSchedulesResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filter = filter(&message).map_err(Error::from)?;
    let asked = ListSchedulesRequest { page_size: 0, page_token: String::new(), ..message.clone() };
    let filters = Filters::of(&asked);
    let after = PageToken::decode::<Cursor>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_schedules(app, &filter, after, size + 1).await?;
    let last: Option<Cursor> =
        page::cut(&mut found, size).map(|last| (last.created_ns, last.id.as_uuid().as_u128()));
    Ok(ListSchedulesResponse {
        schedules: found.iter().map(schedule_convert::schedule).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}

fn filter(message: &ListSchedulesRequest) -> Result<Filter, Problem> {
    let mut violations = FieldViolations::new();
    let asset = validate::parse_optional(&mut violations, "asset_id", &message.asset_id).flatten();
    let stand = validate::known(&mut violations, "state", message.state).and_then(schedule_convert::stand_in);
    violations.into_result()?;
    Ok(Filter { asset, stand })
}
