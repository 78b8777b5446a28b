//! How the program speaks: results on standard output, everything else on standard error where results are for programs.

pub mod cells;
pub mod progress;
pub mod table;

use std::io::{self, IsTerminal as _, Write as _};

/// Where lines go, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    json: bool,
    terminal: bool,
}

impl Screen {
    /// The process's own screen.
    pub fn new(json: bool) -> Screen {
        Screen { json, terminal: io::stderr().is_terminal() && io::stdout().is_terminal() }
    }

    /// Results are JSON.
    pub fn json(self) -> bool {
        self.json
    }

    /// A person is watching: bars may be drawn.
    pub fn terminal(self) -> bool {
        self.terminal
    }

    /// A line for people. Beside JSON results it goes to standard error.
    pub fn say(self, line: impl AsRef<str>) -> io::Result<()> {
        if self.json {
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

    /// The result in its form: JSON, or `text`.
    pub fn answer(
        self,
        json: impl FnOnce() -> serde_json::Value,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.json { Screen::result(json().to_string()) } else { Screen::result(text()) }
    }
}
