//! The log of a process: one line per event, to standard error.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Sends the log of this process to standard error. `BURSAR_LOG` says what is in it, in the directives of
/// `tracing-subscriber`, e.g. `info,execution=debug`; the default is `info`. Later calls change nothing.
pub fn init(format: Format) {
    let filter = EnvFilter::try_from_env("BURSAR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let outcome = match format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    // In one process with several services the first to start sets the log up.
    drop(outcome);
}
