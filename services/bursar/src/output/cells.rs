//! Cells of CSV files that a spreadsheet will open.

/// A cell that no spreadsheet takes for a formula: text that starts with `=`, `+`, `-`, `@`, a tab or a carriage return
/// gets an apostrophe in front.
pub fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_that_would_be_formulas_are_defused() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(cell(bad), format!("'{bad}"));
        }
        for good in ["", "0.0.1001", "0x00", "1-1", "a=b", "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT"] {
            assert_eq!(cell(good), good);
        }
    }
}
