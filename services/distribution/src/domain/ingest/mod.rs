//! Files of payees: read line by line, every line judged, nothing of them repeated in what is said about them.

mod cells;
mod file;
mod judge;
mod lines;
mod reading;
mod recipient;

pub(crate) use file::{Column, Decision, IngestFile, IngestMode, LineError, Reason};
pub(crate) use judge::{Line, Rules};
pub(crate) use reading::{ERRORS_KEPT_MAX, Reading};
pub(crate) use recipient::{Email, Recipient};

/// The first line of every file.
pub(crate) const HEADER: &str = "reference,recipient,amount,currency,note";
/// Bytes of a line, without its end.
pub(crate) const LINE_BYTES_MAX: usize = 4_096;
/// Lines of a file, without the header.
pub(crate) const LINES_MAX: u32 = 2_000_000;
/// Bytes of a file.
pub(crate) const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Characters of a reference and of a note, as in the database.
pub(crate) const REFERENCE_CHARS_MAX: usize = 100;
pub(crate) const NOTE_CHARS_MAX: usize = 500;
