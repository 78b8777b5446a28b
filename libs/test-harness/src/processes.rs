//! The suite as separate processes, as an installation runs it: killed, stopped and restarted one by one.
//!
//! The database cluster belongs to this process. Every program keeps its port over restarts, so that those who call it
//! find it again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use auth::jwt::DevIssuer;
use auth::{Role, RoleSet};
use bursar::edge::{Credentials, Edge};
use bursar::sandbox_control::SandboxControl;
use bursar::suite::is_serving;
use pg::embedded::{Cluster, Durability, Options};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::build;
use crate::environment::{Environment, Ports};
use crate::error::HarnessError;
use crate::harness::folder;
use crate::program::Program;
use crate::wait;

const READY_WITHIN: Duration = Duration::from_mins(1);
const FROZEN_WITHIN: Duration = Duration::from_secs(5);
const TOKEN_LIFETIME: Duration = Duration::from_hours(1);
const LOG_TAIL_LINES: usize = 40;

/// Running processes. Dropping it kills all of them; when the test fails, the ends of their logs are shown.
pub struct Processes {
    children: BTreeMap<Program, Child>,
    environment: Environment,
    issuer: DevIssuer,
    cluster: Cluster,
    dir: TempDir,
}

impl Processes {
    /// Starts all usual programs and waits until they serve.
    pub async fn start() -> Result<Processes, HarnessError> {
        Processes::start_with(&[]).await
    }

    /// The same with more settings in the environment of one program or another.
    pub async fn start_with(settings: &[(Program, &str, &str)]) -> Result<Processes, HarnessError> {
        // Takes a second when nothing has changed.
        tokio::task::spawn_blocking(build::programs).await.map_err(std::io::Error::other)??;
        let dir = folder()?;
        let options = Options { durability: Durability::Test, ..Options::default() };
        let cluster = Cluster::start_with(&dir.path().join("postgres"), options).await?;
        auth::keys::generate(&dir.path().join("keys"), &bursar::suite::SERVICE_NAMES)?;
        let issuer = DevIssuer::load_or_create(&dir.path().join("issuer.pem"))?;
        fs::write(dir.path().join("issuer.jwks.json"), issuer.jwks())?;
        let environment = Environment::new(dir.path(), Ports::choose()?, &cluster).await?;
        let mut processes = Processes { children: BTreeMap::new(), environment, issuer, cluster, dir };
        for (program, name, value) in settings {
            processes.set(*program, name, value);
        }
        for program in Program::USUAL {
            processes.spawn(program)?;
        }
        processes.ready(Program::Sandbox).await?;
        processes.environment.keep_operator_key(&processes.control()?).await?;
        for program in Program::USUAL {
            processes.ready(program).await?;
        }
        Ok(processes)
    }

    /// Sets a variable in the environment of a program, from its next start on.
    pub fn set(&mut self, program: Program, name: &str, value: &str) {
        self.environment.set(program, name, value);
    }

    /// Takes a variable out of the environment of a program, from its next start on.
    pub fn unset(&mut self, program: Program, name: &str) {
        self.environment.unset(program, name);
    }

    /// Starts a program that does not run. Its log goes on where it ended.
    pub fn spawn(&mut self, program: Program) -> Result<(), HarnessError> {
        let log = File::options().create(true).append(true).open(self.log(program))?;
        let mut command = Command::new(program.binary()?);
        command.env_clear().envs(self.environment.of(program));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.children.insert(program, command.spawn()?);
        Ok(())
    }

    /// Waits until a program serves.
    pub async fn ready(&mut self, program: Program) -> Result<(), HarnessError> {
        let url = self.environment.url(program);
        let waited = wait::until("readiness", READY_WITHIN, async || {
            if let Some(status) = self.exited(program)? {
                return Err(self.failure(program, format!("ended with {status}")));
            }
            let serves = match program {
                Program::Sandbox => SandboxControl::new(&url)?.network().await.is_ok(),
                _ => is_serving(&url).await,
            };
            Ok(serves.then_some(()))
        });
        match waited.await {
            Err(HarnessError::Deadline { seconds, .. }) => {
                Err(self.failure(program, format!("was not ready within {seconds} s")))
            }
            other => other,
        }
    }

    /// How a program ended; `None` while it runs, or when it was never started.
    pub fn exited(&mut self, program: Program) -> Result<Option<ExitStatus>, HarnessError> {
        match self.children.get_mut(&program) {
            Some(child) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }

    /// Waits until a program has ended, as by a failpoint.
    pub async fn wait_for_exit(
        &mut self,
        program: Program,
        within: Duration,
    ) -> Result<ExitStatus, HarnessError> {
        wait::until("the end of a process", within, async || self.exited(program)).await
    }

    /// Kills a program at once (SIGKILL) and waits for its end.
    pub fn kill(&mut self, program: Program) -> Result<(), HarnessError> {
        if let Some(mut child) = self.children.remove(&program) {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Kills a program and starts it again; it is not waited for.
    pub fn restart(&mut self, program: Program) -> Result<(), HarnessError> {
        self.kill(program)?;
        self.spawn(program)
    }

    /// Freezes a program (SIGSTOP); returns when it stands still.
    pub async fn freeze(&self, program: Program) -> Result<(), HarnessError> {
        self.signal(program, Signal::STOP)?;
        self.wait_until_frozen(program, FROZEN_WITHIN).await
    }

    /// Waits until a program is frozen, as by a failpoint.
    pub async fn wait_until_frozen(&self, program: Program, within: Duration) -> Result<(), HarnessError> {
        wait::until("a process standing still", within, async || {
            Ok::<_, HarnessError>(self.is_frozen(program)?.then_some(()))
        })
        .await
    }

    /// Lets a frozen program go on (SIGCONT).
    pub fn thaw(&self, program: Program) -> Result<(), HarnessError> {
        self.signal(program, Signal::CONT)
    }

    /// Whether a program is frozen, by itself or by [`Processes::freeze`].
    pub fn is_frozen(&self, program: Program) -> Result<bool, HarnessError> {
        let Some(child) = self.children.get(&program) else { return Ok(false) };
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
        // The state is the first field after the name, which is in brackets and may hold anything.
        Ok(stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
    }

    /// Address of the gateway.
    pub fn gateway(&self) -> String {
        self.environment.url(Program::Gateway)
    }

    /// The cluster all databases are in.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A token of `subject` with these roles.
    pub fn token(&self, subject: &str, roles: &[Role]) -> String {
        let roles = roles.iter().copied().fold(RoleSet::EMPTY, RoleSet::with);
        self.issuer.token(subject, roles, TOKEN_LIFETIME)
    }

    /// Typed clients of `subject` with these roles, through the gateway; they connect again after each break.
    pub fn edge(&self, subject: &str, roles: &[Role]) -> Result<Edge, HarnessError> {
        let credentials = Credentials::bearer(&self.token(subject, roles))?;
        Ok(Edge::connect_lazy(&self.gateway(), credentials)?)
    }

    /// The sandbox's control API.
    pub fn control(&self) -> Result<SandboxControl, HarnessError> {
        Ok(SandboxControl::new(&self.environment.url(Program::Sandbox))?)
    }

    /// The log of a program.
    pub fn log(&self, program: Program) -> PathBuf {
        self.dir.path().join(program.log())
    }

    fn signal(&self, program: Program, signal: Signal) -> Result<(), HarnessError> {
        let child = self.children.get(&program);
        let pid = child.and_then(|child| i32::try_from(child.id()).ok()).and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| self.failure(program, "does not run".to_owned()))?;
        rustix::process::kill_process(pid, signal).map_err(|error| HarnessError::Io(error.into()))
    }

    fn failure(&self, program: Program, what: String) -> HarnessError {
        HarnessError::Process { program, what, log: self.log_tail(program) }
    }

    fn log_tail(&self, program: Program) -> String {
        let text = fs::read_to_string(self.log(program)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            for program in self.children.keys() {
                let _ = writeln!(std::io::stderr(), "--- {}:\n{}", program.log(), self.log_tail(*program));
            }
        }
    }
}
