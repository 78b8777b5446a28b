//! A file that is being read: its bytes in pieces, its lines as they are right.

use super::cells::cells;
use super::judge::{Line, Rules, judge};
use super::lines::{Lines, RawLine};
use super::{Column, HEADER, LINES_MAX, LineError, Reason};
use crate::domain::calculation::RAIL_UNITS_MAX;

/// What is wrong in a file is counted to the end, and kept up to here.
pub(crate) const ERRORS_KEPT_MAX: usize = 10_000;

/// A file that is being read. Holds one line, and what was found wrong.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    lines: Lines,
    found: Found,
}

/// What was found so far.
#[derive(Clone, Debug)]
struct Found {
    rules: Rules,
    /// The number of the last line.
    line: u32,
    /// Lines after the header that are not empty.
    count: u32,
    refused_lines: u32,
    error_count: u64,
    errors: Vec<LineError>,
    /// Nothing of it is accepted, and nothing more of it is read.
    refused: bool,
    /// What all lines that are right get, in smallest units.
    total: u128,
}

impl Reading {
    /// Nothing was read.
    pub(crate) fn new(rules: Rules) -> Self {
        let found = Found {
            rules,
            line: 0,
            count: 0,
            refused_lines: 0,
            error_count: 0,
            errors: Vec::new(),
            refused: false,
            total: 0,
        };
        Self { lines: Lines::default(), found }
    }

    /// Reads more, and gives the lines that ended and are right.
    pub(crate) fn feed(&mut self, bytes: &[u8], right: &mut Vec<Line>) {
        let Self { lines, found } = self;
        if !found.refused {
            lines.feed(bytes, |line| right.extend(found.read(&line)));
        }
    }

    /// There is no more.
    pub(crate) fn finish(&mut self, right: &mut Vec<Line>) {
        let Self { lines, found } = self;
        if !found.refused {
            std::mem::take(lines).finish(|line| right.extend(found.read(&line)));
        }
        if found.line == 0 {
            found.refuse_all(1, Reason::EmptyFile);
        } else if found.count == 0 && !found.refused {
            found.refuse_all(found.line, Reason::NoLines);
        }
    }

    /// More bytes came than a file may have; an endless line is the cause that is told.
    pub(crate) fn too_large(&mut self) {
        if !self.found.refused {
            let endless = self.lines.is_too_long();
            let reason = if endless { Reason::LineTooLong } else { Reason::FileTooLarge };
            self.found.refuse_all(self.found.line + 1, reason);
        }
    }

    /// Refuses a line that was right by itself.
    pub(crate) fn refuse(&mut self, errors: Vec<LineError>) {
        self.found.refuse(errors);
    }

    /// Whether nothing of it is accepted, whatever the mode.
    pub(crate) const fn is_refused(&self) -> bool {
        self.found.refused
    }

    /// How many lines are refused, how much is wrong, and what of it is kept.
    pub(crate) fn into_errors(self) -> (u32, u64, Vec<LineError>) {
        (self.found.refused_lines, self.found.error_count, self.found.errors)
    }
}

impl Found {
    fn read(&mut self, raw: &RawLine<'_>) -> Option<Line> {
        // What came with the piece in which the file was refused.
        if self.refused {
            return None;
        }
        self.line += 1;
        if self.line == 1 {
            self.header(raw);
            return None;
        }
        if *raw == RawLine::Whole(b"") {
            return None;
        }
        if self.count == LINES_MAX {
            self.refuse_all(self.line, Reason::TooManyLines);
            return None;
        }
        self.count += 1;
        self.judge(raw).map_err(|errors| self.refuse(errors)).ok().flatten()
    }

    fn header(&mut self, raw: &RawLine<'_>) {
        let RawLine::Whole(bytes) = raw else { return self.refuse_all(1, Reason::HeaderMismatch) };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Err(_) => self.refuse_all(1, Reason::NotUtf8),
            Ok(HEADER) => {}
            Ok(_) => self.refuse_all(1, Reason::HeaderMismatch),
        }
    }

    fn judge(&mut self, raw: &RawLine<'_>) -> Result<Option<Line>, Vec<LineError>> {
        let number = self.line;
        let wrong = |column, reason| vec![LineError { line: number, column, reason }];
        let RawLine::Whole(bytes) = raw else { return Err(wrong(Column::Whole, Reason::LineTooLong)) };
        let Ok(text) = std::str::from_utf8(bytes) else {
            // What is not UTF-8 here may be misread everywhere.
            self.refuse_all(number, Reason::NotUtf8);
            return Ok(None);
        };
        let cells = cells(text).map_err(|_| wrong(Column::Whole, Reason::BadQuotes))?;
        let line = judge(number, &cells, &self.rules)?;
        let total = self.total.checked_add(line.units).filter(|total| *total <= RAIL_UNITS_MAX);
        self.total = total.ok_or_else(|| wrong(Column::Amount, Reason::TotalTooLarge))?;
        Ok(Some(line))
    }

    fn refuse_all(&mut self, line: u32, reason: Reason) {
        self.refused = true;
        self.refuse(vec![LineError { line, column: Column::Whole, reason }]);
    }

    fn refuse(&mut self, errors: Vec<LineError>) {
        self.refused_lines += 1;
        for error in errors {
            self.error_count += 1;
            if self.errors.len() < ERRORS_KEPT_MAX {
                self.errors.push(error);
            }
        }
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
