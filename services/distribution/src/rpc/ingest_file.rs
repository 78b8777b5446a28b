//! `IngestFile`.

use auth::Actor;
use futures::{Stream, stream};
use money::Network;
use pg::idempotency::Once;
use proto::distribution::v1 as pb;
use proto::distribution::v1::ingest_file_request::Part;
use service_kit::error::{FieldViolations, Problem};
use service_kit::idempotency;
use service_kit::validate::{self, OUT_OF_RANGE, REQUIRED};
use sha2::{Digest as _, Sha256};
use tonic::{Request, Status, Streaming};

use super::draft::{
    BATCH_SIZE_DEFAULT, BATCH_SIZE_MAX, LABEL_CHARS_MAX, PARALLELISM_MAX, or_default, payment_token,
    retry_policy,
};
use super::ingest_convert;
use crate::app::{self, App, IngestDraft};
use crate::domain::ingest::{IngestFile, IngestMode};
use crate::error::Error;

const FILE_NAME_CHARS_MAX: usize = 255;
const CHUNK_BYTES_MAX: usize = 1024 * 1024;

pub(super) async fn handle(
    app: &App,
    request: Request<Streaming<pb::IngestFileRequest>>,
) -> Result<pb::IngestFileResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let key = idempotency::key(request.metadata()).map_err(Error::from)?;
    let mut parts = request.into_inner();
    let header = header(&mut parts).await?;
    let draft = draft(&header, app.network).map_err(Error::from)?;
    let scope = format!("IngestFile:{}", actor.subject);
    // What tells one request from another is the header and the bytes.
    let once = move |digest: [u8; 32]| {
        let hash = Sha256::new().chain_update(idempotency::request_hash(&header)).chain_update(digest);
        Once::new(scope, key.as_str().to_owned(), hash.finalize().into(), answer)
    };
    Ok(app::ingest_file(app, &actor, draft, Box::pin(chunks(parts)), once).await?)
}

fn answer(file: &IngestFile) -> pb::IngestFileResponse {
    pb::IngestFileResponse { ingest_file: Some(ingest_convert::file(file)) }
}

async fn header(parts: &mut Streaming<pb::IngestFileRequest>) -> Result<pb::IngestHeader, Error> {
    let first = parts.message().await.map_err(|status| broken(&status))?.and_then(|message| message.part);
    match first {
        Some(Part::Header(header)) => Ok(header),
        Some(Part::Chunk(_)) | None => {
            Err(Problem::field("header", REQUIRED, "the first message is the header").into())
        }
    }
}

fn broken(status: &Status) -> Error {
    Error::UploadBroken(status.message().to_owned())
}

fn chunks(parts: Streaming<pb::IngestFileRequest>) -> impl Stream<Item = Result<Vec<u8>, Error>> + Send {
    stream::try_unfold(parts, |mut parts| async {
        let Some(message) = parts.message().await.map_err(|status| broken(&status))? else { return Ok(None) };
        let Some(Part::Chunk(chunk)) = message.part else {
            return Err(Problem::field("chunk", REQUIRED, "bytes after the header").into());
        };
        if chunk.len() > CHUNK_BYTES_MAX {
            let rule = format!("at most {CHUNK_BYTES_MAX} bytes in a message");
            return Err(Problem::field("chunk", OUT_OF_RANGE, rule).into());
        }
        Ok(Some((chunk, parts)))
    })
}

fn draft(header: &pb::IngestHeader, network: Network) -> Result<IngestDraft, Problem> {
    let mut violations = FieldViolations::new();
    let found = &mut violations;
    let name = validate::text(found, "header.file_name", &header.file_name, FILE_NAME_CHARS_MAX);
    let label = validate::text(found, "header.label", &header.label, LABEL_CHARS_MAX);
    let funding = validate::parse(found, "header.funding_account_id", &header.funding_account_id);
    let token = payment_token(found, "header.payment_token", network, &header.payment_token);
    let mode = validate::known(found, "header.mode", header.mode).and_then(|mode| match mode {
        pb::IngestMode::Unspecified => {
            found.add("header.mode", REQUIRED, "ALL_OR_NOTHING or ACCEPT_VALID");
            None
        }
        pb::IngestMode::AllOrNothing => Some(IngestMode::AllOrNothing),
        pb::IngestMode::AcceptValid => Some(IngestMode::AcceptValid),
    });
    let batch = "header.batch_size";
    let batch_size = or_default(found, batch, header.batch_size, BATCH_SIZE_DEFAULT, BATCH_SIZE_MAX);
    let parallelism = or_default(found, "header.parallelism", header.parallelism, 1, PARALLELISM_MAX);
    let retry = retry_policy(found, "header.", header.retry_policy.as_ref());
    violations.into_result()?;
    let names = name.zip(label).zip(funding.zip(token));
    let paying = mode.zip(batch_size).zip(parallelism.zip(retry));
    let (((name, label), (funding_account, payment_token)), ((mode, batch_size), (parallelism, retry))) =
        names.zip(paying).expect("what is missing was noted as a violation");
    Ok(IngestDraft { name, label, funding_account, payment_token, mode, batch_size, parallelism, retry })
}
