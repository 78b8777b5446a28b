//! From a line to its cells, strictly: what programs read differently is refused, since amounts are among it.

use std::borrow::Cow;

/// A quote where none may be: within a cell that does not begin with one, after the end of one that does, or never ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadQuotes;

/// The cells of a line, without their quotes.
pub(super) fn cells(line: &str) -> Result<Vec<Cow<'_, str>>, BadQuotes> {
    let mut cells = Vec::with_capacity(5);
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => plain_cell(rest)?,
        };
        cells.push(cell);
        let Some(next) = after else { return Ok(cells) };
        rest = next;
    }
}

/// A cell, and what comes after its comma.
type Cell<'a> = (Cow<'a, str>, Option<&'a str>);

fn plain_cell(rest: &str) -> Result<Cell<'_>, BadQuotes> {
    let (cell, after) = rest.split_once(',').map_or((rest, None), |(cell, after)| (cell, Some(after)));
    if cell.contains('"') { Err(BadQuotes) } else { Ok((cell.into(), after)) }
}

fn quoted_cell(quoted: &str) -> Result<Cell<'_>, BadQuotes> {
    let mut from = 0;
    let mut doubled = false;
    loop {
        let end = from + quoted[from..].find('"').ok_or(BadQuotes)?;
        let after = &quoted[end + 1..];
        if after.starts_with('"') {
            doubled = true;
            from = end + 2;
            continue;
        }
        let cell = &quoted[..end];
        let cell = if doubled { cell.replace("\"\"", "\"").into() } else { cell.into() };
        return match after.strip_prefix(',') {
            Some(next) => Ok((cell, Some(next))),
            None if after.is_empty() => Ok((cell, None)),
            None => Err(BadQuotes),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{BadQuotes, cells};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn quotes_are_taken_off_and_doubled_ones_are_one() {
        for (line, expected) in [
            ("a,b", &["a", "b"][..]),
            ("", &[""]),
            (",", &["", ""]),
            (r#""a,b",c"#, &["a,b", "c"]),
            (r#""","""""#, &["", "\""]),
            (r#""a ""b"" c","#, &[r#"a "b" c"#, ""]),
        ] {
            assert_eq!(cells(line).expect(line), expected, "{line:?}");
        }
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        for line in [r#"a"b"#, r#""a"b"#, r#""a" ,b"#, r#" "a""#, r#""a"#, r#"""#, r#"""""#, r#"1,"1"0,x"#] {
            assert_eq!(cells(line), Err(BadQuotes), "{line:?}");
        }
    }

    proptest! {
        /// An independent reader finds the same cells in what an independent writer wrote.
        #[test]
        fn cells_are_those_of_an_independent_reader(written in proptest::collection::vec("[a,\" é.0-9<>@]{0,12}", 1..7)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&written).expect("in memory");
            let text = String::from_utf8(writer.into_inner().expect("in memory")).expect("UTF-8");
            let line = text.strip_suffix('\n').expect("a line");
            prop_assert_eq!(cells(line).expect("well formed"), written);
        }

        /// Whatever is taken is read by an independent reader in the same way.
        #[test]
        fn what_is_taken_is_read_alike_elsewhere(line in "[a,\" é]{1,20}") {
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
            let elsewhere = reader.records().next().expect("a record").expect("UTF-8");
            if let Ok(found) = cells(&line) {
                prop_assert_eq!(found, elsewhere.iter().collect::<Vec<_>>());
            }
        }
    }
}
