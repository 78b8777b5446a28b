//! Decides on a file that was read: its lines against each other and against what was accepted before, then all that
//! follows, in one transaction.

use diesel_async::AsyncPgConnection;
use ids::{DistributionId, IngestFileId, RunId};

use super::IngestDraft;
use super::receive::Received;
use crate::app::App;
use crate::domain::distribution::{Distribution, FromList, Source, Terms};
use crate::domain::ingest::{Column, Decision, ERRORS_KEPT_MAX, IngestFile, IngestMode, LineError, Reason};
use crate::domain::kind::Kind;
use crate::domain::state::State;
use crate::domain::treatment::Parties;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::ingest_lines::{self, Clash, Clashes, Left};
use crate::store::{accepted, distributions, ingest_files};

/// What is decided on.
#[derive(Clone, Debug)]
pub(super) struct Decide {
    /// What is to become of it.
    pub draft: IngestDraft,
    /// The file.
    pub id: IngestFileId,
    /// Decimals of the payment token.
    pub decimals: u8,
    /// Accounts with a part in it.
    pub parties: Parties,
    /// What was read.
    pub received: Received,
    /// Who sent it.
    pub by: String,
}

/// Decides. What it wrote is rolled back when it fails.
///
/// # Errors
/// [`Error::FileAlreadyAccepted`] when a file of these bytes stands; [`Error::FileOvertaken`] when another file came between
/// looking and writing: then decide again.
pub(super) async fn decide(
    app: &App,
    conn: &mut AsyncPgConnection,
    asked: &Decide,
) -> Result<IngestFile, Error> {
    let Decide { draft, id, received, .. } = asked;
    if !ingest_lines::end(conn, *id).await? {
        return Err(Error::UploadBroken("it took longer than an hour".to_owned()));
    }
    if let Some(earlier) = accepted::file(conn, &received.digest).await? {
        return Err(Error::FileAlreadyAccepted(earlier));
    }
    let mut errors = received.errors.clone();
    let clashes = if received.refused {
        Clashes::default()
    } else {
        pg::join_sets(conn).await.map_err(crate::store::StoreError::from)?;
        ingest_lines::sift(conn, *id, ERRORS_KEPT_MAX - errors.len()).await?
    };
    if clashes.lines > 0
        && let Some(earlier) = accepted::file(conn, &received.digest).await?
    {
        // It was accepted between the two looks: what its lines clash with are themselves.
        return Err(Error::FileAlreadyAccepted(earlier));
    }
    errors.extend(clashes.first.iter().flat_map(errors_of));
    errors.truncate(ERRORS_KEPT_MAX);
    errors.sort_by_key(|error| (error.line, error.column));
    let refused_lines = received.refused_lines + clashes.lines;
    let whole = draft.mode == IngestMode::AllOrNothing;
    let Left { lines, held, units } = ingest_lines::left(conn, *id).await?;
    let decision = if received.refused || lines == 0 || (whole && refused_lines > 0) {
        Decision::Refused
    } else {
        let distribution = accept(app, conn, asked, lines).await?;
        Decision::Accepted { distribution, lines, held, units }
    };
    let file = IngestFile {
        id: *id,
        name: draft.name.clone(),
        label: draft.label.clone(),
        digest: received.digest,
        size_bytes: received.size_bytes,
        mode: draft.mode,
        decision,
        refused_lines,
        error_count: received.error_count + clashes.errors,
        payment_token: draft.payment_token.clone(),
        funding_account: draft.funding_account,
        created_by: asked.by.clone(),
        created_ns: app.now_ns(),
    };
    ingest_files::insert(conn, &file, &errors).await?;
    ingest_lines::clear(conn, *id).await?;
    here!("ingest.before_commit");
    Ok(file)
}

/// Makes what is left of the file a distribution.
async fn accept(
    app: &App,
    conn: &mut AsyncPgConnection,
    asked: &Decide,
    lines: u32,
) -> Result<DistributionId, Error> {
    let distribution = distribution(app, asked);
    ingest_lines::into_list(conn, asked.id, distribution.id).await?;
    distributions::insert(conn, &distribution).await?;
    if !accepted::accept(conn, &asked.received.digest, asked.id, distribution.id, lines).await? {
        return Err(Error::FileOvertaken);
    }
    Ok(distribution.id)
}

fn distribution(app: &App, asked: &Decide) -> Distribution {
    let draft = &asked.draft;
    let terms = Terms {
        label: draft.label.clone(),
        kind: Kind::List,
        source: Source::List(FromList { asset: None, rerun_of: None }),
        payment_token: draft.payment_token.clone(),
        payment_decimals: asked.decimals,
        funding_account: draft.funding_account,
        parties: asked.parties,
        batch_size: draft.batch_size,
        parallelism: draft.parallelism,
        retry: draft.retry,
    };
    Distribution {
        id: DistributionId::new(app.ids.as_ref()),
        run: RunId::new(app.ids.as_ref()),
        terms,
        terms_version: 1,
        amendments: Vec::new(),
        created_by: asked.by.clone(),
        created_ns: app.now_ns(),
        state: State::SnapshotWanted,
        version: 1,
        cancel_reason: String::new(),
        executed_ns: None,
        entitlements: None,
        report: None,
        requests: Vec::new(),
    }
}

/// What is wrong with a line that clashes: at most one thing with its reference, and one with its recipient.
fn errors_of(clash: &Clash) -> impl Iterator<Item = LineError> + use<> {
    let reference = match clash.same_reference {
        Some(first_line) => Some(Reason::DuplicateReference { first_line }),
        None => clash.accepted_before.then_some(Reason::ReferenceAlreadyAccepted),
    };
    let recipient = clash.same_recipient.map(|first_line| Reason::DuplicateRecipient { first_line });
    let line = clash.line;
    let error = move |column, reason| LineError { line, column, reason };
    let reference = reference.map(|reason| error(Column::Reference, reason));
    reference.into_iter().chain(recipient.map(|reason| error(Column::Recipient, reason)))
}
