//! `ListIngestErrors`.

use auth::Actor;
use proto::distribution::v1::{ListIngestErrorsRequest, ListIngestErrorsResponse};
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use super::{call, ingest_convert};
use crate::app::{self, App};
use crate::error::Error;
use crate::store::ingest_files::ErrorCursor;

pub(super) async fn handle(
    app: &App,
    request: Request<ListIngestErrorsRequest>,
) -> Result<ListIngestErrorsResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let id = call::ingest_file_id(&message.ingest_file_id).map_err(Error::from)?;
    let size = page::size(message.page_size).map_err(Error::from)?;
    let asked = ListIngestErrorsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
    let filters = Filters::of(&asked);
    let after = PageToken::decode::<ErrorCursor>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_ingest_errors(app, id, after, size + 1).await?;
    let last: Option<ErrorCursor> =
        page::cut(&mut found, size).map(|last| (last.line.cast_signed(), last.column.number()));
    Ok(ListIngestErrorsResponse {
        errors: found.iter().map(ingest_convert::error).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}
