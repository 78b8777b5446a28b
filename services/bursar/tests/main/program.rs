//! The binary, started as a process.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;

const STOP_WITHIN: Duration = Duration::from_secs(15);
/// How long something is looked for that comes by itself.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// A command of the program, with nothing in its environment that could lead it elsewhere.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bursar"));
    for name in ["BURSAR_DATA", "BURSAR_GATEWAY", "BURSAR_TOKEN"] {
        command.env_remove(name);
    }
    command.args(words);
    command
}

/// Runs a command to its end.
pub(crate) fn output(words: &[&str]) -> Output {
    command(words).output().expect("the program starts")
}

/// What a command that succeeds prints with `--json`.
pub(crate) fn json(words: &[&str]) -> Value {
    let output = output(words);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("one document of JSON")
}

/// What a command that fails says.
pub(crate) fn error(words: &[&str]) -> String {
    let output = output(words);
    assert!(!output.status.success(), "{words:?} succeeded");
    String::from_utf8(output.stderr).expect("text")
}

/// What `look` finds, as soon as it finds it.
pub(crate) fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < SEEN_WITHIN {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("nothing was found within {SEEN_WITHIN:?}");
}

/// A running `bursar up`; killed when dropped.
pub(crate) struct Up {
    process: Child,
    pub(crate) addresses: Value,
}

impl Up {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Up {
        let data = data.to_str().expect("a plain path");
        let mut command = command(&["up", "--data", data, "--json"]);
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the program starts");
        let mut line = String::new();
        let out = process.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("readable");
        let addresses = serde_json::from_str(&line).expect("one line of JSON");
        Up { process, addresses }
    }

    pub(crate) fn address(&self, name: &str) -> &str {
        self.addresses[name].as_str().expect("an address")
    }

    /// Asks it to stop and waits for that.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, Signal::TERM).expect("it runs");
        let began = Instant::now();
        while began.elapsed() < STOP_WITHIN {
            if let Some(status) = self.process.try_wait().expect("our child") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not stop within {STOP_WITHIN:?}");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder that the database's account can pass through when we are root.
pub(crate) fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = std::fs::Permissions::from_mode(0o755);
    let mut builder = tempfile::Builder::new();
    builder.prefix("bursar-test-").permissions(permissions).tempdir().expect("a temporary folder")
}
