//! Files of payees as the contract says them.

use proto::distribution::v1 as pb;
use proto::r#type::v1::Amount;

use crate::domain::ingest::{Column, Decision, IngestFile, IngestMode};
use crate::store::ingest_files::StoredError;
use crate::time::timestamp;

/// A file.
pub(super) fn file(file: &IngestFile) -> pb::IngestFile {
    let (state, distribution_id, accepted_count, held_count, units) = match file.decision {
        Decision::Accepted { distribution, lines, held, units } => {
            (pb::IngestFileState::Accepted, distribution.to_string(), lines, held, units)
        }
        Decision::Refused => (pb::IngestFileState::Refused, String::new(), 0, 0, 0),
    };
    let mode = match file.mode {
        IngestMode::AllOrNothing => pb::IngestMode::AllOrNothing,
        IngestMode::AcceptValid => pb::IngestMode::AcceptValid,
    };
    pb::IngestFile {
        id: file.id.to_string(),
        file_name: file.name.clone(),
        label: file.label.clone(),
        digest: file.digest.to_vec(),
        size_bytes: file.size_bytes,
        mode: mode.into(),
        state: state.into(),
        distribution_id,
        accepted_count,
        refused_count: file.refused_lines,
        error_count: file.error_count,
        accepted_amount: Some(Amount { units: units.to_string(), asset: file.payment_token.to_string() }),
        payment_token: file.payment_token.to_string(),
        funding_account_id: file.funding_account.to_string(),
        created_by: file.created_by.clone(),
        create_time: Some(timestamp(file.created_ns)),
        held_count,
    }
}

/// Something wrong in a file.
pub(super) fn error(error: &StoredError) -> pb::IngestError {
    let column = match error.column {
        Column::Whole => pb::IngestColumn::Unspecified,
        Column::Reference => pb::IngestColumn::Reference,
        Column::Recipient => pb::IngestColumn::Recipient,
        Column::Amount => pb::IngestColumn::Amount,
        Column::Currency => pb::IngestColumn::Currency,
        Column::Note => pb::IngestColumn::Note,
    };
    pb::IngestError {
        line: error.line,
        column: column.into(),
        reason: error.reason.clone(),
        message: error.message.clone(),
    }
}
