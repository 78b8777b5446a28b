//! How the program speaks: results on standard output, everything else on standard error where results are for programs.

pub mod cells;
pub mod progress;
pub mod table;

use std::io::{self, IsTerminal as _, Write as _};

use crate::session::Globals;

/// Where lines go, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    json: bool,
    quiet: bool,
    terminal: bool,
}

impl Screen {
    /// The process's own screen.
    pub fn of(globals: &Globals) -> Screen {
        let terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
        Screen { json: globals.json, quiet: globals.quiet, terminal }
    }

    /// Results are JSON.
    pub fn json(self) -> bool {
        self.json
    }

    /// A person is watching: bars may be drawn.
    pub fn terminal(self) -> bool {
        self.terminal
    }

    /// A line for people. Beside results for programs it goes to standard error.
    pub fn say(self, line: impl AsRef<str>) -> io::Result<()> {
        if self.json || self.quiet {
            return writeln!(io::stderr(), "{}", line.as_ref());
        }
        Screen::result(line)
    }

    /// A line that people must not miss, on standard error: whatever reads the result is not disturbed.
    pub fn warn(self, line: impl AsRef<str>) -> io::Result<()> {
        writeln!(io::stderr(), "{}", line.as_ref())
    }

    /// A line of the result, flushed: whoever reads a pipe sees it at once.
    pub fn result(line: impl AsRef<str>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", line.as_ref())?;
        out.flush()
    }

    /// The result in its form: JSON, or `text`; or its id alone, where it has one.
    pub fn answer(
        self,
        json: impl FnOnce() -> serde_json::Value,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.json {
            return Screen::result(json().to_string());
        }
        match self.quiet.then(|| ids(&json())).flatten() {
            Some(ids) => ids.iter().try_for_each(Screen::result),
            None => Screen::result(text()),
        }
    }
}

/// The id of a result, or those of a list; none where something of it has none.
fn ids(result: &serde_json::Value) -> Option<Vec<String>> {
    let id = |one: &serde_json::Value| one["id"].as_str().map(str::to_owned);
    match result.as_array() {
        Some(all) => all.iter().map(id).collect(),
        None => id(result).map(|id| vec![id]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ids;

    #[test]
    fn results_are_named_by_their_ids_and_what_has_none_is_shown_whole() {
        assert_eq!(ids(&json!({"id": "ast_1"})), Some(vec!["ast_1".to_owned()]));
        assert_eq!(ids(&json!([{"id": "a"}, {"id": "b"}])), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(ids(&json!([])), Some(Vec::new()));
        assert_eq!(ids(&json!({"token": "x"})), None);
        assert_eq!(ids(&json!([{"id": "a"}, {}])), None);
    }
}
