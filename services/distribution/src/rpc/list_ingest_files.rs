//! `ListIngestFiles`.

use auth::Actor;
use proto::distribution::v1::{ListIngestFilesRequest, ListIngestFilesResponse};
use service_kit::error::{FieldViolations, Problem};
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use super::{draft, ingest_convert};
use crate::app::{self, App};
use crate::error::Error;
use crate::store::ingest_files::{Cursor, Filter};

pub(super) async fn handle(
    app: &App,
    request: Request<ListIngestFilesRequest>,
) -> Result<ListIngestFilesResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filter = filter(&message).map_err(Error::from)?;
    let asked = ListIngestFilesRequest { page_size: 0, page_token: String::new(), ..message.clone() };
    let filters = Filters::of(&asked);
    let after = PageToken::decode::<Cursor>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_ingest_files(app, &filter, after, size + 1).await?;
    let last: Option<Cursor> =
        page::cut(&mut found, size).map(|last| (last.created_ns, last.id.as_uuid().as_u128()));
    Ok(ListIngestFilesResponse {
        ingest_files: found.iter().map(ingest_convert::file).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}

fn filter(message: &ListIngestFilesRequest) -> Result<Filter, Problem> {
    let mut violations = FieldViolations::new();
    let mut time = |field, time| draft::time(&mut violations, field, time);
    let created_from_ns = time("created_from", message.created_from.as_ref());
    let created_before_ns = time("created_before", message.created_before.as_ref());
    violations.into_result()?;
    Ok(Filter { only_with_errors: message.only_with_errors, created_from_ns, created_before_ns })
}
