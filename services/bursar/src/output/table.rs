//! Tables for people.

use comfy_table::{Table, presets};

/// A plain table with these columns; numbers are the caller's to format.
pub fn table<R>(columns: &[&str], rows: impl IntoIterator<Item = R>) -> String
where
    R: IntoIterator<Item = String>,
{
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().copied());
    for row in rows {
        table.add_row(row.into_iter().map(|cell| visible(&cell)));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The text without control characters: names come from the network, and a terminal obeys escape sequences.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{table, visible};

    #[test]
    fn a_table_has_its_columns_and_rows() {
        let text = table(&["account", "units"], [["0.0.1".to_owned(), "5".to_owned()]]);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with("account") && lines[1].starts_with("0.0.1"), "{text}");
    }

    #[test]
    fn a_name_cannot_command_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
