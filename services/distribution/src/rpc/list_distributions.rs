//! `ListDistributions`.

use auth::Actor;
use proto::distribution::v1::{ListDistributionsRequest, ListDistributionsResponse};
use service_kit::error::{FieldViolations, Problem};
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use super::{convert, draft};
use crate::app::{self, App};
use crate::error::Error;
use crate::store::distributions::{Cursor, Filter};

pub(super) async fn handle(
    app: &App,
    request: Request<ListDistributionsRequest>,
) -> Result<ListDistributionsResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filter = filter(&message).map_err(Error::from)?;
    let asked = ListDistributionsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
    let filters = Filters::of(&asked);
    let after = PageToken::decode::<Cursor>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_distributions(app, &filter, after, size + 1).await?;
    let last: Option<Cursor> =
        page::cut(&mut found, size).map(|last| (last.created_ns, last.id.as_uuid().as_u128()));
    Ok(ListDistributionsResponse {
        distributions: found.iter().map(convert::distribution).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}

fn filter(message: &ListDistributionsRequest) -> Result<Filter, Problem> {
    let mut violations = FieldViolations::new();
    let asset = validate::parse_optional(&mut violations, "asset_id", &message.asset_id).flatten();
    let mut time = |field, time| draft::time(&mut violations, field, time);
    let created_from_ns = time("created_from", message.created_from.as_ref());
    let created_before_ns = time("created_before", message.created_before.as_ref());
    let phase = validate::known(&mut violations, "state", message.state).and_then(convert::phase_in);
    violations.into_result()?;
    Ok(Filter { asset, phase, created_from_ns, created_before_ns })
}
