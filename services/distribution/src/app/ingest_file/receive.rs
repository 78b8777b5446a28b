//! Reads a file as it comes, and stores its lines where nobody reads them yet. Holds a few thousand lines at a time.

use std::time::Duration;

use auth::Actor;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use ids::IngestFileId;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::clients::Resolved;
use crate::domain::account::{Account, EvmAddress};
use crate::domain::ingest::{Column, FILE_BYTES_MAX, Line, LineError, Reading, Reason, Recipient, Rules};
use crate::domain::treatment::{Parties, never_paid};
use crate::error::Error;
use crate::failpoints::here;
use crate::store::ingest_lines::{self, Payee, StoredLine};

/// Lines stored at a time.
const LINES_PER_WRITE: usize = 5_000;
/// How long the next bytes may take.
const IDLE_MAX: Duration = Duration::from_mins(1);
/// Addresses asked about in one call, and calls at the same time: one file must not take the mirror node for itself.
const ADDRESSES_PER_CALL: usize = 500;
const CALLS_AHEAD: usize = 2;

/// A file that was read.
#[derive(Clone, Debug)]
pub(super) struct Received {
    /// SHA-256 over its bytes.
    pub digest: [u8; 32],
    /// How many they are.
    pub size_bytes: u64,
    /// Nothing of it is accepted, whatever the mode.
    pub refused: bool,
    /// Lines that are refused so far.
    pub refused_lines: u32,
    /// What is wrong so far.
    pub error_count: u64,
    /// The first of it.
    pub errors: Vec<LineError>,
}

/// Reads it to its end, or to the bound.
pub(super) async fn receive(
    app: &App,
    actor: &Actor,
    id: IngestFileId,
    rules: Rules,
    mut chunks: impl Stream<Item = Result<Vec<u8>, Error>> + Send + Unpin,
) -> Result<Received, Error> {
    ingest_lines::begin(&mut *app.conn().await?, id).await?;
    let parties = rules.parties;
    let (mut reading, mut right) = (Reading::new(rules), Vec::new());
    let (mut digest, mut size_bytes) = (Sha256::new(), 0_u64);
    while let Some(chunk) = next(&mut chunks).await? {
        let room = usize::try_from(FILE_BYTES_MAX - size_bytes).unwrap_or(usize::MAX);
        let taken = &chunk[..chunk.len().min(room)];
        digest.update(taken);
        size_bytes += taken.len() as u64;
        reading.feed(taken, &mut right);
        if right.len() >= LINES_PER_WRITE {
            store(app, actor, id, parties, &mut reading, std::mem::take(&mut right)).await?;
        }
        if taken.len() < chunk.len() {
            reading.too_large();
            break;
        }
    }
    reading.finish(&mut right);
    store(app, actor, id, parties, &mut reading, right).await?;
    let refused = reading.is_refused();
    let (refused_lines, error_count, errors) = reading.into_errors();
    let digest = digest.finalize().into();
    Ok(Received { digest, size_bytes, refused, refused_lines, error_count, errors })
}

async fn next(
    chunks: &mut (impl Stream<Item = Result<Vec<u8>, Error>> + Send + Unpin),
) -> Result<Option<Vec<u8>>, Error> {
    let next = tokio::time::timeout(IDLE_MAX, chunks.next()).await;
    next.map_err(|_| Error::UploadBroken("nothing came for a minute".to_owned()))?.transpose()
}

/// Stores lines with whom they pay; those whose address has no account are refused.
async fn store(
    app: &App,
    actor: &Actor,
    id: IngestFileId,
    parties: Parties,
    reading: &mut Reading,
    lines: Vec<Line>,
) -> Result<(), Error> {
    if reading.is_refused() || lines.is_empty() {
        return Ok(());
    }
    let mut resolved = resolve(app, actor, &lines).await?.into_iter();
    let mut stored = Vec::with_capacity(lines.len());
    for line in lines {
        let payee = match line.recipient {
            Recipient::Account(account) => Ok(Payee::Account(account)),
            Recipient::Evm(_) => account(resolved.next(), &parties).map(Payee::Account),
            Recipient::Email(email) => Ok(Payee::Email(email)),
        };
        match payee {
            Ok(payee) => stored.push(StoredLine {
                line: line.number,
                payee,
                units: line.units,
                reference: line.reference,
                note: line.note,
            }),
            Err(reason) => {
                reading.refuse(vec![LineError { line: line.number, column: Column::Recipient, reason }]);
            }
        }
    }
    ingest_lines::write(&app.copy_url, id, &stored).await?;
    here!("ingest.stored");
    Ok(())
}

fn account(resolved: Option<Resolved>, parties: &Parties) -> Result<Account, Reason> {
    match resolved.expect("each address was asked about") {
        Resolved::Account(account) if never_paid(account, parties) => Err(Reason::NeverPaid),
        Resolved::Account(account) => Ok(account),
        Resolved::Nobody { reason, hint } => Err(Reason::Rail { reason, hint }),
    }
}

/// Whose accounts the addresses are, in the order of the lines that have one.
async fn resolve(app: &App, actor: &Actor, lines: &[Line]) -> Result<Vec<Resolved>, Error> {
    let addresses: Vec<EvmAddress> = lines
        .iter()
        .filter_map(|line| match line.recipient {
            Recipient::Evm(address) => Some(address),
            Recipient::Account(_) | Recipient::Email(_) => None,
        })
        .collect();
    let calls = addresses.chunks(ADDRESSES_PER_CALL).map(|some| app.execution.resolve(actor, some));
    let answers: Vec<Vec<Resolved>> =
        stream::iter(calls.collect::<Vec<_>>()).buffered(CALLS_AHEAD).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}
