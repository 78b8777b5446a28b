//! Files of payees and what is wrong in them, for people and for programs.

use proto::distribution::v1::{IngestColumn, IngestError, IngestFile, ListIngestErrorsRequest};
use serde_json::{Value, json};

use crate::edge::pages;
use crate::error::CommandError;
use crate::names;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

/// The columns of a list of files.
pub(super) const COLUMNS: [&str; 8] =
    ["id", "file", "state", "accepted", "held", "refused", "distribution", "time"];

/// A file as a row.
pub(super) fn row(file: &IngestFile) -> [String; 8] {
    [
        file.id.clone(),
        file.file_name.clone(),
        state(file),
        file.accepted_count.to_string(),
        file.held_count.to_string(),
        file.refused_count.to_string(),
        file.distribution_id.clone(),
        time::show(file.create_time.as_ref()),
    ]
}

fn state(file: &IngestFile) -> String {
    names::short(Some(file.state().as_str_name()), "INGEST_FILE_STATE_")
}

/// A file with what is wrong in it, for programs.
pub(in crate::commands) fn json(file: &IngestFile, errors: &[IngestError]) -> Value {
    json!({
        "ingest_file_id": file.id,
        "file_name": file.file_name,
        "state": state(file),
        "accepted": file.accepted_count,
        "held": file.held_count,
        "refused": file.refused_count,
        "accepted_units": file.accepted_amount.as_ref().map(|amount| amount.units.clone()),
        "payment_token": file.payment_token,
        "distribution_id": file.distribution_id,
        "digest": hex::encode(&file.digest),
        "error_count": file.error_count,
        "errors": errors.iter().map(error_json).collect::<Vec<_>>(),
    })
}

fn error_json(error: &IngestError) -> Value {
    json!({ "line": error.line, "column": column(error), "reason": error.reason, "message": error.message })
}

/// All that is wrong in a file, for programs.
pub(super) fn errors_json(errors: &[IngestError]) -> Value {
    errors.iter().map(error_json).collect()
}

/// The name that stands in the header; "line" for the line as a whole.
fn column(error: &IngestError) -> String {
    match error.column() {
        IngestColumn::Unspecified => "line".to_owned(),
        named => names::short(Some(named.as_str_name()), "INGEST_COLUMN_").to_lowercase(),
    }
}

/// A file with what is wrong in it, in a few lines.
pub(in crate::commands) fn text(file: &IngestFile, errors: &[IngestError]) -> String {
    let counts = format!("{} accepted, {} refused", file.accepted_count, file.refused_count);
    let mut lines = vec![
        format!("{}: {}, {counts}", file.id, state(file)),
        format!("  SHA-256 {}", hex::encode(&file.digest)),
    ];
    if !file.distribution_id.is_empty() {
        let id = &file.distribution_id;
        lines.push(format!("  {id}: nothing is paid until `bursar distribution execute {id}`"));
    }
    if file.held_count > 0 {
        let held = file.held_count;
        lines.push(format!(
            "  {held} of them are named by email, which nothing pays: they are held, and may come again with an account once the others are executed"
        ));
    }
    if !errors.is_empty() {
        lines.push(errors_text(errors));
    }
    lines.join("\n")
}

/// What is wrong in a file, in a table.
pub(super) fn errors_text(errors: &[IngestError]) -> String {
    let row = |error: &IngestError| {
        [error.line.to_string(), column(error), error.reason.clone(), error.message.clone()]
    };
    table(&["line", "column", "reason", "message"], errors.iter().map(row))
}

/// Up to `limit` of what is wrong in a file.
pub(in crate::commands) async fn errors(
    session: &Session,
    id: &str,
    limit: usize,
) -> Result<Vec<IngestError>, CommandError> {
    let errors = pages::shown(session.screen, limit, async |page_size, page_token| {
        let request = ListIngestErrorsRequest { ingest_file_id: id.to_owned(), page_size, page_token };
        let page = session.edge.ingests().list_ingest_errors(request).await?.into_inner();
        Ok((page.errors, page.next_page_token))
    });
    errors.await
}
