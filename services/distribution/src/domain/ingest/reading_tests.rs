//! Files as they come: good, bad, and in pieces of every size.

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::{ERRORS_KEPT_MAX, HEADER, Line, Reading, Rules};
use crate::domain::account::Account;
use crate::domain::treatment::Parties;

fn rules() -> Rules {
    let account = |number| Account::from_number(number).expect("small");
    let parties = Parties { treasury: Account::ZERO, funding: account(2001), fee_payer: account(2002) };
    Rules { currency: "HBAR".to_owned(), decimals: 8, parties }
}

struct Outcome {
    lines: Vec<Line>,
    refused: bool,
    refused_lines: u32,
    error_count: u64,
    /// Lines with reasons.
    errors: Vec<(u32, String)>,
}

fn read(pieces: &[&[u8]]) -> Outcome {
    let (mut reading, mut lines) = (Reading::new(rules()), Vec::new());
    for piece in pieces {
        reading.feed(piece, &mut lines);
    }
    reading.finish(&mut lines);
    let refused = reading.is_refused();
    let (refused_lines, error_count, errors) = reading.into_errors();
    let errors = errors.into_iter().map(|error| (error.line, error.reason.as_str().to_owned())).collect();
    Outcome { lines, refused, refused_lines, error_count, errors }
}

fn file(body: &str) -> Vec<u8> {
    format!("{HEADER}\n{body}").into_bytes()
}

#[test]
fn a_good_file_is_read_with_either_end_of_lines_quotes_a_byte_order_mark_and_empty_lines() {
    let plain = "INV-1,0.0.5005,1.5,HBAR,first\nINV-2,0.0.5006,2,HBAR,\n";
    let expected = read(&[&file(plain)]).lines;
    assert_eq!(expected.len(), 2);
    assert_eq!((expected[0].number, expected[0].units, expected[0].note.as_str()), (2, 150_000_000, "first"));
    let end = |byte: u8| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] };
    let crlf: Vec<u8> = file(plain).into_iter().flat_map(end).collect();
    let quoted = plain.replace("INV-1", "\"INV-1\"").replace("1.5", "\"1.5\"");
    let marked = [b"\xef\xbb\xbf".as_slice(), &file(plain)].concat();
    for same in [crlf, file(&quoted), marked, file(plain.trim_end())] {
        assert_eq!(read(&[&same]).lines, expected, "{}", String::from_utf8_lossy(&same));
    }
    let with_empty = read(&[&file(&format!("\n{plain}\r\n"))]).lines;
    assert_eq!(
        with_empty.iter().map(|line| line.number).collect::<Vec<_>>(),
        [3, 4],
        "they keep their numbers"
    );
}

#[test]
fn what_is_wrong_with_a_file_refuses_all_of_it() {
    let good = "a,0.0.5005,1,HBAR,\n";
    let header = |header: &str| format!("{header}\n{good}").into_bytes();
    let utf_16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("reference".bytes().flat_map(|byte| [byte, 0])).collect();
    for (bytes, line, reason) in [
        (Vec::new(), 1, "EMPTY_FILE"),
        (b"\n".to_vec(), 1, "HEADER_MISMATCH"),
        (HEADER.as_bytes().to_vec(), 1, "NO_LINES"),
        (file("\n\r\n"), 3, "NO_LINES"),
        (header("Reference,recipient,amount,currency,note"), 1, "HEADER_MISMATCH"),
        (header("reference,recipient,amount,currency"), 1, "HEADER_MISMATCH"),
        (header("reference;recipient;amount;currency;note"), 1, "HEADER_MISMATCH"),
        (header(&"x".repeat(5_000)), 1, "HEADER_MISMATCH"),
        (good.as_bytes().to_vec(), 1, "HEADER_MISMATCH"),
        (utf_16, 1, "NOT_UTF_8"),
        (
            [file(good), b"b,0.0.5006,1,HBAR,Z\xfcrich\nc,0.0.5007,1,HBAR,\n".to_vec()].concat(),
            3,
            "NOT_UTF_8",
        ),
    ] {
        let found = read(&[&bytes]);
        assert!(found.refused, "{reason}");
        assert_eq!(found.errors, [(line, reason.to_owned())], "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn what_is_wrong_with_a_line_refuses_that_line() {
    for (line, reason) in [
        ("a,0.0.5005,1,HBAR", "WRONG_COLUMN_COUNT"),
        ("a,0.0.5005,1,000,HBAR,", "WRONG_COLUMN_COUNT"),
        ("a;0.0.5005;1;HBAR;", "WRONG_COLUMN_COUNT"),
        ("\"a,0.0.5005,1,HBAR,", "BAD_QUOTES"),
        ("a,0.0.5005,\"1\"0,HBAR,", "BAD_QUOTES"),
        ("=a,0.0.5005,1,HBAR,", "FORMULA"),
        ("a,0.0.5005,1,HBAR,\"=HYPERLINK(1)\"", "FORMULA"),
        ("a,0.0.5005,1.000000001,HBAR,", "TOO_MANY_DECIMALS"),
        ("a,ada@example,1,HBAR,", "RECIPIENT_MALFORMED"),
        ("a,0.0.5005,1,EUR,", "NOT_THE_PAYMENT_TOKEN"),
        ("a,0.0.5005,92233720368.54775807,HBAR,", "TOTAL_TOO_LARGE"),
    ] {
        let found = read(&[&file(&format!("first,0.0.6000,1,HBAR,\n{line}\nlast,0.0.6001,1,HBAR,\n"))]);
        assert_eq!(found.errors, [(3, reason.to_owned())], "{line}");
        assert_eq!((found.refused, found.refused_lines, found.lines.len()), (false, 1, 2), "{line}");
    }
    let long = format!("a,0.0.5005,1,HBAR,{}\nlast,0.0.6001,1,HBAR,\n", "x".repeat(5_000));
    let found = read(&[&file(&long)]);
    assert_eq!((found.errors, found.lines.len()), (vec![(2, "LINE_TOO_LONG".to_owned())], 1));
}

#[test]
fn an_endless_line_is_refused_and_not_kept() {
    let piece = vec![b'x'; 64 * 1024];
    let (mut reading, mut lines) = (Reading::new(rules()), Vec::new());
    reading.feed(&file("a,0.0.5005,1,HBAR,\n"), &mut lines);
    for _ in 0..100 {
        reading.feed(&piece, &mut lines);
    }
    reading.too_large();
    reading.finish(&mut lines);
    assert!(reading.is_refused());
    let (_, _, errors) = reading.into_errors();
    assert_eq!(
        errors.iter().map(|error| (error.line, error.reason.as_str())).collect::<Vec<_>>(),
        [(3, "LINE_TOO_LONG")]
    );
}

#[test]
fn a_file_that_is_too_large_is_refused_as_a_whole() {
    let (mut reading, mut lines) = (Reading::new(rules()), Vec::new());
    reading.feed(&file("a,0.0.5005,1,HBAR,\nb,0.0.5006,"), &mut lines);
    reading.too_large();
    reading.finish(&mut lines);
    let refused = reading.is_refused();
    let (_, _, errors) = reading.into_errors();
    assert_eq!((refused, errors[0].line, errors[0].reason.as_str()), (true, 3, "FILE_TOO_LARGE"));
}

#[test]
fn errors_are_counted_to_the_end_and_kept_up_to_a_bound() {
    let body = "=,=,=,=,=\n".repeat(ERRORS_KEPT_MAX);
    let found = read(&[&file(&body)]);
    let (kept, lines) = (ERRORS_KEPT_MAX, u32::try_from(ERRORS_KEPT_MAX).expect("small"));
    assert_eq!(
        (found.errors.len(), found.refused_lines, found.error_count),
        (kept, lines, 5 * u64::from(lines))
    );
}

proptest! {
    /// Wherever the bytes are cut, the same is read.
    #[test]
    fn a_file_is_read_alike_however_it_is_cut(
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        ends in "\n|\r\n",
        notes in proptest::collection::vec("[a-z\", é=]{0,20}", 1..20),
    ) {
        let mut text = format!("\u{feff}{HEADER}{ends}");
        for (number, note) in (1..).zip(&notes) {
            let account = 5000 + number;
            for part in [&format!("INV-{number},0.0.{account},{number}.5,HBAR,"), note, &ends] {
                text += part;
            }
        }
        let bytes = text.as_bytes();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let (whole, cut) = (read(&[bytes]), read(&pieces));
        prop_assert_eq!((whole.lines, whole.errors), (cut.lines, cut.errors));
    }
}
