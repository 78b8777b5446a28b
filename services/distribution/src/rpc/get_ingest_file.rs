//! `GetIngestFile`.

use auth::Actor;
use proto::distribution::v1::{GetIngestFileRequest, GetIngestFileResponse};
use tonic::{Request, Status};

use super::{call, ingest_convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<GetIngestFileRequest>,
) -> Result<GetIngestFileResponse, Status> {
    Actor::from_request(&request)?;
    let id = call::ingest_file_id(&request.get_ref().ingest_file_id).map_err(Error::from)?;
    let file = app::get_ingest_file(app, id).await?;
    Ok(GetIngestFileResponse { ingest_file: Some(ingest_convert::file(&file)) })
}
