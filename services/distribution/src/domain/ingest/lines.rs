//! From bytes that come in pieces to lines, in bounded memory whatever comes.

use super::LINE_BYTES_MAX;

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawLine<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It is longer than a line may be; its bytes are gone.
    TooLong,
}

/// Cuts lines at LF and CRLF. Holds at most one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Calls `each` with every line that ends within `bytes`; what is left is held.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(RawLine<'_>)) {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        // The last piece has no end yet.
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            if self.held.is_empty() && !self.too_long {
                each(line(piece));
            } else {
                self.hold(piece);
                self.end(&mut each);
            }
        }
        self.hold(last);
    }

    /// Calls `each` with the last line, when it has no end.
    pub(super) fn finish(mut self, mut each: impl FnMut(RawLine<'_>)) {
        if self.too_long || !self.held.is_empty() {
            self.end(&mut each);
        }
    }

    /// Whether the line that has not ended is longer than a line may be.
    pub(super) const fn is_too_long(&self) -> bool {
        self.too_long
    }

    fn end(&mut self, each: &mut impl FnMut(RawLine<'_>)) {
        each(if self.too_long { RawLine::TooLong } else { line(&self.held) });
        self.held.clear();
        self.too_long = false;
    }

    fn hold(&mut self, piece: &[u8]) {
        // One more for a CR before the LF.
        if self.too_long || self.held.len() + piece.len() > LINE_BYTES_MAX + 1 {
            self.too_long = true;
            self.held.clear();
        } else {
            self.held.extend_from_slice(piece);
        }
    }
}

fn line(bytes: &[u8]) -> RawLine<'_> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if bytes.len() > LINE_BYTES_MAX { RawLine::TooLong } else { RawLine::Whole(bytes) }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, Lines, RawLine};

    fn lines(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut found = Vec::new();
        let mut keep = |line: RawLine<'_>| {
            found.push(match line {
                RawLine::Whole(bytes) => Some(bytes.to_vec()),
                RawLine::TooLong => None,
            });
        };
        let mut lines = Lines::default();
        for piece in pieces {
            lines.feed(piece, &mut keep);
        }
        lines.finish(&mut keep);
        found
    }

    #[test]
    fn both_ends_of_lines_are_taken_and_the_last_line_needs_none() {
        let expected: Vec<Option<Vec<u8>>> =
            ["a", "b", "", "c"].map(|line| Some(line.as_bytes().to_vec())).into();
        assert_eq!(lines(&[b"a\nb\r\n\r\nc"]), expected);
        assert_eq!(lines(&[b"a\nb\r", b"\n\r\nc\n"]), expected);
        assert_eq!(lines(&[]), [] as [Option<Vec<u8>>; 0]);
    }

    #[test]
    fn a_line_without_end_is_not_held() {
        let piece = vec![b'x'; 1_000];
        let mut endless = Lines::default();
        for _ in 0..1_000 {
            endless.feed(&piece, |_| panic!("it has not ended"));
            assert!(endless.held.capacity() <= 2 * LINE_BYTES_MAX + 2);
        }
        let mut found = 0;
        endless.feed(b"\nshort\n", |line| {
            found += 1;
            assert_eq!(line == RawLine::TooLong, found == 1);
        });
        assert_eq!(found, 2, "what comes after it is read");
    }

    #[test]
    fn the_longest_line_is_taken_with_either_end() {
        for end in ["\n", "\r\n", ""] {
            let most = format!("{}{end}", "x".repeat(LINE_BYTES_MAX));
            let more = format!("{}{end}", "x".repeat(LINE_BYTES_MAX + 1));
            for cut in [0, 1, LINE_BYTES_MAX] {
                let (first, second) = most.as_bytes().split_at(cut);
                assert!(lines(&[first, second])[0].is_some(), "{end:?} {cut}");
                let (first, second) = more.as_bytes().split_at(cut);
                assert_eq!(lines(&[first, second]), [None], "{end:?} {cut}");
            }
        }
    }
}
