//! `bursar distribution ingest`.

use std::path::{Path, PathBuf};

use futures::stream;
use proto::distribution::v1::ingest_file_request::Part;
use proto::distribution::v1::{IngestFile, IngestFileRequest, IngestFileState, IngestHeader, IngestMode};
use proto::execution::v1::ListFundingAccountsRequest;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use super::terms::Paying;
use crate::commands::ingest::show;
use crate::error::CommandError;
use crate::session::Session;

const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that may wait to be sent.
const CHUNKS_AHEAD: usize = 4;
/// As many errors as a service keeps.
const ERRORS_MAX: usize = 10_000;
const LABEL_CHARS_MAX: usize = 100;
const CURRENCY_COLUMN: usize = 3;

/// Make a distribution of a CSV file of payees (reference,recipient,amount,currency,note); nothing is paid until it is
/// executed.
#[derive(Debug, clap::Args)]
pub struct Ingest {
    /// The file.
    file: PathBuf,
    /// What people call the distribution; the file's name when absent.
    #[arg(long)]
    label: Option<String>,
    /// Where the money comes from ("fnd_…"); the only one there is when absent.
    #[arg(long, alias = "funding", value_name = "ID")]
    funding_account: Option<String>,
    /// In what: "hbar" or the id of an accepted token ("0.0.456858"); the currency of the file's first line when absent.
    #[arg(long, value_name = "TOKEN")]
    payment_token: Option<String>,
    /// Accept the lines that are valid when others are not; otherwise nothing is accepted then.
    #[arg(long)]
    accept_valid: bool,
    #[command(flatten)]
    paying: Paying,
}

impl Ingest {
    /// Sends the file and prints what became of it; fails when nothing of it is accepted.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let header = self.header(session).await?;
        let file = send(session, header, &self.file).await?;
        let errors = if file.error_count == 0 {
            Vec::new()
        } else {
            show::errors(session, &file.id, ERRORS_MAX).await?
        };
        session.screen.answer(|| show::json(&file, &errors), || show::text(&file, &errors))?;
        match file.state() {
            IngestFileState::Accepted => Ok(()),
            IngestFileState::Refused | IngestFileState::Unspecified => {
                let found = file.error_count;
                Err(CommandError::input(format!("nothing of the file is accepted: {found} mistakes in it")))
            }
        }
    }

    async fn header(&self, session: &Session) -> Result<IngestHeader, CommandError> {
        let funding_account_id = match &self.funding_account {
            Some(id) => id.clone(),
            None => only_funding_account(session).await?,
        };
        let payment_token = match &self.payment_token {
            Some(token) => token.clone(),
            None => first_currency(&self.file)?,
        };
        let mode = if self.accept_valid { IngestMode::AcceptValid } else { IngestMode::AllOrNothing };
        Ok(IngestHeader {
            file_name: text_of(self.file.file_name()),
            label: self.label.clone().unwrap_or_else(|| text_of(self.file.file_stem())),
            funding_account_id,
            payment_token,
            mode: mode.into(),
            batch_size: self.paying.batch_size,
            parallelism: self.paying.parallelism,
            retry_policy: self.paying.retry_policy(),
        })
    }
}

fn text_of(name: Option<&std::ffi::OsStr>) -> String {
    let name = name.map(|name| name.to_string_lossy()).unwrap_or_default();
    name.trim().chars().take(LABEL_CHARS_MAX).collect()
}

async fn only_funding_account(session: &Session) -> Result<String, CommandError> {
    let request = ListFundingAccountsRequest { page_size: 2, page_token: String::new() };
    let found = session.edge.funding_accounts().list_funding_accounts(request).await?.into_inner();
    match found.funding_accounts.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => Err(CommandError::input("there is no funding account: make one with `bursar funding create`")),
        _ => Err(CommandError::input("there are several funding accounts: say which with --funding-account")),
    }
}

/// What the file says its first line is paid in. A file that cannot be read so is refused for its own reasons.
fn first_currency(file: &Path) -> Result<String, CommandError> {
    let opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
    let mut first = csv::ByteRecord::new();
    // One line is looked at, however long the first one is.
    let head = std::io::Read::take(opened, CHUNK_BYTES as u64);
    let mut lines = csv::ReaderBuilder::new().flexible(true).from_reader(head);
    let read = lines.read_byte_record(&mut first).unwrap_or_default();
    let cell = first.get(CURRENCY_COLUMN).filter(|_| read).and_then(|cell| std::str::from_utf8(cell).ok());
    let currency = cell.filter(|cell| cell.starts_with("0.0.")).map(str::to_owned);
    Ok(currency.unwrap_or_else(|| "hbar".to_owned()))
}

fn unreadable(file: &Path, error: &std::io::Error) -> CommandError {
    CommandError::input(format!("cannot read {}: {error}", file.display()))
}

/// Sends a file as it is read. One that cannot be read to its end is broken off, so that it is not taken for whole.
async fn send(session: &Session, header: IngestHeader, file: &Path) -> Result<IngestFile, CommandError> {
    let opened = File::open(file).await.map_err(|error| unreadable(file, &error))?;
    let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    let parts = stream::unfold((Some(header), receiver), |(header, mut receiver)| async move {
        let part = match header {
            Some(header) => Part::Header(header),
            None => Part::Chunk(receiver.recv().await?),
        };
        Some((IngestFileRequest { part: Some(part) }, (None, receiver)))
    });
    let mut client = session.edge.ingests();
    let call = client.ingest_file(Box::pin(parts));
    let reading = async {
        match read(opened, &sender).await {
            Ok(()) => drop(sender),
            Err(error) => return unreadable(file, &error),
        }
        std::future::pending().await
    };
    let answer = tokio::select! {
        answer = call => answer?.into_inner(),
        error = reading => return Err(error),
    };
    answer.ingest_file.ok_or(CommandError::missing("ingest_file"))
}

async fn read(mut file: File, sender: &mpsc::Sender<Vec<u8>>) -> std::io::Result<()> {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        if file.read_buf(&mut chunk).await? == 0 {
            return Ok(());
        }
        if sender.send(chunk).await.is_err() {
            // The call is over, and says why itself.
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_currency;

    #[test]
    fn the_currency_is_that_of_the_first_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("payees.csv");
        for (text, expected) in [
            ("reference,recipient,amount,currency,note\na,\"0.0.5005\",1,0.0.7000,x\n", "0.0.7000"),
            ("\u{feff}reference,recipient,amount,currency,note\r\na,0.0.5005,1,HBAR,\r\n", "hbar"),
            ("reference,recipient,amount,currency,note\n", "hbar"),
            ("", "hbar"),
            ("x", "hbar"),
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(first_currency(&path).expect("a file"), expected, "{text:?}");
        }
        assert!(first_currency(&folder.path().join("none.csv")).is_err());
    }
}
