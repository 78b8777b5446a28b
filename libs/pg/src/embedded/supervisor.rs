//! The child that keeps the server exactly as long as we live.
//!
//! A shell in a process group of its own (a terminal's Ctrl-C does not reach it) starts the server and waits for it.
//! A second one, the guard, reads a pipe whose other end only we hold: when we end, however we end, the kernel closes
//! it and the guard asks the server for a fast shutdown. The two are separate processes, so that killing either
//! leaves the other at work.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::EmbeddedError;
use super::account::Account;

/// `$1` (the socket folder) and `$2` (nothing, or another folder) are removed after the server's end; the rest is the
/// server's command line. Signals are ignored here; the server installs its own handlers.
const SCRIPT: &str = r#"
sockets=$1 folder=$2; shift 2
trap '' HUP INT QUIT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{ while read -r _ <&3; do :; done; kill -INT "$server"; } 2>/dev/null &
guard=$!
exec 3<&-
wait "$server"
status=$?
kill -KILL "$guard" 2>/dev/null
rm -rf -- "$sockets" ${folder:+"$folder"}
exit "$status"
"#;

/// A fast shutdown writes a checkpoint; on a slow disk with much to write that takes a while.
const STOP_DEADLINE: Duration = Duration::from_mins(1);
const STOP_POLL: Duration = Duration::from_millis(5);
/// The log is rolled when it is larger; one older file is kept beside it.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;
const LOG_CHECK: Duration = Duration::from_mins(1);
/// How much of the log an error quotes.
const LOG_TAIL_BYTES: u64 = 2_000;

/// A running server and the pipe that keeps it running.
pub(super) struct Supervisor {
    child: Child,
    lifeline: Option<ChildStdin>,
    // Dropping it ends the thread that rolls the log.
    _rolling: Sender<()>,
    log: PathBuf,
}

impl Supervisor {
    /// Starts `server` (program and arguments) as `account`, logging to `log`; removes `sockets`, and `removed` if any,
    /// after its end.
    pub(super) fn start(
        account: &Account,
        server: &[String],
        log: &Path,
        sockets: &Path,
        removed: Option<&Path>,
    ) -> Result<Self, EmbeddedError> {
        roll(log).map_err(EmbeddedError::file("rolling", log))?;
        let output = File::options().create(true).append(true).mode(0o600).open(log);
        let output = output.map_err(EmbeddedError::file("opening", log))?;
        let errors = output.try_clone().map_err(EmbeddedError::file("opening", log))?;
        let mut command = account.command(Path::new("/bin/sh"));
        command
            .args(["-c", SCRIPT, "bursar-postgres"])
            .arg(sockets)
            .arg(removed.unwrap_or(Path::new("")))
            .args(server);
        command.stdin(Stdio::piped()).stdout(output).stderr(errors).process_group(0);
        let mut child = command.spawn().map_err(EmbeddedError::file("running", Path::new("/bin/sh")))?;
        let lifeline = child.stdin.take();
        Ok(Self { child, lifeline, _rolling: keep_rolling(log.to_path_buf()), log: log.to_path_buf() })
    }

    /// Whether the server has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The last lines of the log.
    pub(super) fn log_tail(&self) -> String {
        log_tail(&self.log).unwrap_or_else(|error| format!("(unreadable: {error})"))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let deadline = Instant::now() + STOP_DEADLINE;
        while !self.has_ended() {
            if Instant::now() > deadline {
                tracing::error!(seconds = STOP_DEADLINE.as_secs(), "the PostgreSQL server is still stopping");
                return;
            }
            std::thread::sleep(STOP_POLL);
        }
    }
}

/// Checks the log's size until the returned sender is dropped.
fn keep_rolling(log: PathBuf) -> Sender<()> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        while receiver.recv_timeout(LOG_CHECK) == Err(RecvTimeoutError::Timeout) {
            if let Err(error) = roll(&log) {
                tracing::warn!(%error, "the PostgreSQL log could not be rolled");
            }
        }
    });
    sender
}

/// Moves a large log's text to `<log>.1`. The server has the file open for appending, so it is copied and emptied
/// rather than renamed.
fn roll(log: &Path) -> std::io::Result<()> {
    let large = std::fs::metadata(log).is_ok_and(|data| data.len() > LOG_BYTES_MAX);
    if large {
        std::fs::copy(log, log.with_extension("log.1"))?;
        File::options().write(true).open(log)?.set_len(0)?;
    }
    Ok(())
}

fn log_tail(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{LOG_BYTES_MAX, roll};

    #[test]
    fn a_large_log_is_moved_aside_and_a_small_one_stays() {
        let dir = tempfile::tempdir().expect("folder");
        let log = dir.path().join("postgres.log");
        std::fs::write(&log, "small").expect("written");
        roll(&log).expect("rolled");
        assert_eq!(std::fs::read_to_string(&log).expect("there"), "small");
        let file = std::fs::File::options().write(true).open(&log).expect("opened");
        file.set_len(LOG_BYTES_MAX + 1).expect("grown");
        roll(&log).expect("rolled");
        assert_eq!(std::fs::metadata(&log).expect("there").len(), 0);
        let older = std::fs::metadata(dir.path().join("postgres.log.1")).expect("there");
        assert_eq!(older.len(), LOG_BYTES_MAX + 1);
    }
}
