//! The journal: every change of the world as one line of JSON, written before it is answered.
//!
//! Lines are in the page cache when `append` returns: they survive the process, not the machine. A last line
//! that was torn by a kill was never answered, and is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use crate::ledger::Ledger;
use crate::ledger::change::Change;
use crate::ledger::ids::Timestamp;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("the journal cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// Another sandbox has it.
    #[error("another sandbox is running on this folder")]
    Locked,
    /// A whole line is not a change, or contradicts what came before.
    #[error("line {line} of the journal: {reason}")]
    Corrupt {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    line: Vec<u8>,
}

impl Journal {
    /// Opens the journal of a folder, which is made if it is not there, and replays it. The folder is ours until the
    /// journal is dropped.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Ledger), JournalError> {
        std::fs::create_dir_all(folder)?;
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let file = options.open(folder.join("sandbox-journal.jsonl"))?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => JournalError::Locked,
            std::fs::TryLockError::Error(error) => JournalError::Io(error),
        })?;
        let (ledger, whole) = replay(&file)?;
        file.set_len(whole)?;
        Ok((Self { file, line: Vec::new() }, ledger))
    }

    /// Appends a change that was made at `at`.
    pub(crate) fn append(&mut self, at: Timestamp, change: &Change) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, &(at, change))?;
        self.line.push(b'\n');
        self.file.write_all(&self.line)
    }
}

/// The ledger the whole lines give, and their length in bytes.
fn replay(mut file: &File) -> Result<(Ledger, u64), JournalError> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut ledger = Ledger::default();
    let mut whole = 0;
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let read = reader.read_until(b'\n', &mut text)?;
        if text.last() != Some(&b'\n') {
            break;
        }
        let corrupt = |reason: String| JournalError::Corrupt { line, reason };
        let (at, change): (Timestamp, Change) =
            serde_json::from_slice(&text).map_err(|error| corrupt(error.to_string()))?;
        if at <= ledger.last_consensus() {
            return Err(corrupt("its time is not after the line before".to_owned()));
        }
        ledger.apply(at, &change).map_err(|error| corrupt(error.to_string()))?;
        whole += u64::try_from(read).unwrap_or(u64::MAX);
    }
    Ok((ledger, whole))
}
