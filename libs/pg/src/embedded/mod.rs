//! A private `PostgreSQL` cluster of the installed server programs, for development, demonstrations and tests.
//!
//! It listens on a Unix socket in a short private folder and on no port, touches no cluster of the machine, runs as
//! an unprivileged account when started by root, and stops when this process ends, however it ends. Linux only: a
//! leftover server is recognised through `/proc`.
//!
//! Layout of the folder: `data/` (the cluster), `postgres.log` and `postgres.log.1`, `<role>.password` (0600), `lock`.

mod account;
mod data;
mod error;
mod programs;
mod provision;
mod supervisor;

use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use account::Account;
pub use error::EmbeddedError;
use programs::Programs;
use supervisor::Supervisor;

/// Replaying the log of a large crash takes a while; a healthy start takes 25 ms.
const START_DEADLINE: Duration = Duration::from_mins(2);
const START_POLL: Duration = Duration::from_millis(10);
/// Connections of all services of one process, with room for a second set.
const MAX_CONNECTIONS_DEFAULT: u32 = 200;

/// What survives a crash of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on disk before it returns.
    #[default]
    Durable,
    /// Nothing is flushed: a crash of the machine destroys the cluster. For tests.
    Test,
}

/// How a cluster runs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What survives a crash of the machine.
    pub durability: Durability,
    /// The server's `max_connections`.
    pub max_connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { durability: Durability::default(), max_connections: MAX_CONNECTIONS_DEFAULT }
    }
}

/// Whether the folder outlives the cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

/// A running private cluster. Dropping it stops the server and waits until it has ended.
///
/// It holds nothing of the async runtime it was started on.
pub struct Cluster {
    // Fields drop in this order: the server ends before its socket folder and before the lock.
    supervisor: Supervisor,
    sockets: tempfile::TempDir,
    dir: PathBuf,
    admin_password: String,
    // One `provision` or `clone_database` of the same name at a time.
    administration: Mutex<()>,
    _lock: File,
}

impl Cluster {
    /// Starts the cluster of `dir`, durable, and creates it when it is not there. `dir` keeps the data.
    ///
    /// A server left over from a killed run is stopped first; a second start while the first lives is refused.
    pub async fn start(dir: &Path) -> Result<Self, EmbeddedError> {
        Self::start_with(dir, Options::default()).await
    }

    /// [`Cluster::start`] with options.
    pub async fn start_with(dir: &Path, options: Options) -> Result<Self, EmbeddedError> {
        Self::open(dir, options, Kept::Yes).await
    }

    /// A cluster in a new temporary folder, all of which is removed after its end, even when this process is killed.
    pub async fn temporary(options: Options) -> Result<Self, EmbeddedError> {
        let parent = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix("bursar-cluster-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(&parent)
            .map_err(EmbeddedError::file("creating a folder in", &parent))?;
        // The server's account removes the folder, so it must own it.
        Account::choose()?.give(folder.path())?;
        // From here on the supervisor removes it: a value in a static is never dropped.
        Self::open(&folder.keep(), options, Kept::No).await
    }

    async fn open(dir: &Path, options: Options, kept: Kept) -> Result<Self, EmbeddedError> {
        let dir = dir.to_path_buf();
        let mut cluster = tokio::task::spawn_blocking(move || launch(&dir, options, kept)).await??;
        cluster.wait_until_ready().await?;
        cluster.close_shared_databases().await?;
        Ok(cluster)
    }

    /// The folder that holds the data, the log and the passwords.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    async fn wait_until_ready(&mut self) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + START_DEADLINE;
        while let Err(error) = self.admin(provision::ADMIN_DATABASE).await {
            if self.supervisor.has_ended() || Instant::now() > deadline {
                let log = format!("{} ({error})", self.supervisor.log_tail());
                return Err(EmbeddedError::NotStarted { dir: self.dir.clone(), log });
            }
            tokio::time::sleep(START_POLL).await;
        }
        Ok(())
    }
}

/// The blocking part of a start: lock, data, socket folder, server.
fn launch(dir: &Path, options: Options, kept: Kept) -> Result<Cluster, EmbeddedError> {
    std::fs::create_dir_all(dir).map_err(EmbeddedError::file("creating", dir))?;
    let dir = dir.canonicalize().map_err(EmbeddedError::file("resolving", dir))?;
    let lock = lock(&dir)?;
    let account = Account::choose()?;
    account.check_reach(&dir)?;
    let data = dir.join("data");
    let programs = Programs::find(data::version(&data).as_deref())?;
    data::stop_leftover(&data, &programs, &account)?;
    let admin_password = data::create(&dir, &programs, &account, options.durability)?;
    let sockets = data::socket_folder(&account)?;
    let command = server_command(&programs, &data, sockets.path(), options);
    let removed = (kept == Kept::No).then_some(dir.as_path());
    let supervisor =
        Supervisor::start(&account, &command, &dir.join("postgres.log"), sockets.path(), removed)?;
    Ok(Cluster { supervisor, sockets, dir, admin_password, administration: Mutex::new(()), _lock: lock })
}

fn lock(dir: &Path) -> Result<File, EmbeddedError> {
    let path = dir.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(EmbeddedError::file("opening", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(dir.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(EmbeddedError::file("locking", &path)(source)),
    }
}

fn server_command(programs: &Programs, data: &Path, sockets: &Path, options: Options) -> Vec<String> {
    let mut command = vec![
        programs.path("postgres").display().to_string(),
        "-D".to_owned(),
        data.display().to_string(),
        "-k".to_owned(),
        sockets.display().to_string(),
    ];
    let connections = format!("max_connections={}", options.max_connections);
    let mut settings = vec![
        connections.as_str(),
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "password_encryption=scram-sha-256",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_line_prefix=%m [%p] %q%u@%d ",
        "shared_buffers=256MB",
        // A million payouts write about 1 GB of log: fewer checkpoints, fewer full page images.
        "max_wal_size=4GB",
        "checkpoint_timeout=15min",
        // The default /dev/shm of a container (64 MB) is too small for parallel hash joins.
        "max_parallel_workers_per_gather=0",
    ];
    if options.durability == Durability::Test {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    command.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting.to_owned()]));
    command
}
