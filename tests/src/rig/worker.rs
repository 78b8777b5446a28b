//! A worker: one process of execution, and what can be done to it.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::rig::Outcome;

const TICK: Duration = Duration::from_millis(10);
/// Ports below those the system gives to outgoing connections, so that none of these takes one in between.
const PORT_FIRST: u16 = 12_000;
const PORTS: u16 = 20_000;
/// Lines of a worker's log that a report shows.
const LOG_LINES: usize = 15;

static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

/// What a failpoint does to its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// SIGKILL: it is gone.
    Kill,
    /// SIGSTOP: it is frozen until somebody continues it.
    Stop,
}

impl Action {
    /// As the failpoint's setting names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
        }
    }
}

/// One process of execution. It is killed when this is dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    log: PathBuf,
    /// Where it serves.
    pub url: String,
}

impl Worker {
    /// Starts `program` with nothing but this environment; what it logs goes to the file.
    pub fn start(program: &Path, environment: &[(String, String)], log: PathBuf) -> Outcome<Self> {
        let port = free_port()?;
        let child = Command::new(program)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NO_COLOR", "1")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("BURSAR_LISTEN", format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .map_err(|error| format!("start {}: {error}", program.display()))?;
        Ok(Self { child, log, url: format!("http://127.0.0.1:{port}") })
    }

    /// Waits until a failpoint has done `action` to this process; the system's word for it is the proof.
    pub async fn reached(&mut self, action: Action, patience: Duration) -> Outcome<()> {
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return match (action, status.signal()) {
                    (Action::Kill, Some(signal)) if signal == Signal::KILL.as_raw() => Ok(()),
                    _ => Err(format!("the worker ended: {status}\n{}", self.log()).into()),
                };
            }
            if action == Action::Stop && self.is_stopped() {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("the failpoint was not reached\n{}", self.log()).into());
            }
            sleep(TICK).await;
        }
    }

    /// Waits until it serves.
    pub async fn ready(&mut self, patience: Duration) -> Outcome<()> {
        let (until, address) = (Instant::now() + patience, self.url.replace("http://", ""));
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the worker ended at its start: {status}\n{}", self.log()).into());
            }
            if Instant::now() > until {
                return Err(format!("the worker does not serve\n{}", self.log()).into());
            }
            sleep(TICK).await;
        }
        Ok(())
    }

    /// Whether it is still there, running or stopped.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // "pid (name) state …"; the name may hold anything.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// Ends a stop.
    pub fn resume(&self) -> Outcome<()> {
        self.signal(Signal::CONT)
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(&mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Outcome<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("a process has an id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// The last lines of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended long ago; then there is nothing to do.
        drop(self.kill());
    }
}

/// A port nobody has, and that this process gives out once.
fn free_port() -> Outcome<u16> {
    let start = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap_or_default();
    for _ in 0..PORTS {
        let offset =
            (u32::from(start) + u32::from(NEXT_PORT.fetch_add(1, Ordering::Relaxed))) % u32::from(PORTS);
        let port = PORT_FIRST + u16::try_from(offset).unwrap_or_default();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err("no free port".into())
}
