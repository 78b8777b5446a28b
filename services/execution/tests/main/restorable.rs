//! A database cluster of the test's own, whose files can be put back to an earlier state.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use pg::DbConfig;
use pg::embedded::{Cluster, Durability, Options};

/// How an earlier state comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// As a recovery to a point in time, which goes on on a timeline of its own.
    Recovered,
    /// As a copy of the files, which cannot be told from the original.
    Copied,
    /// As a dump, in a cluster that is new.
    Dumped,
}

pub(crate) struct Restorable {
    cluster: Option<Cluster>,
    dir: tempfile::TempDir,
}

impl Restorable {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        let mut restorable = Self { cluster: None, dir };
        restorable.open().await;
        restorable
    }

    async fn open(&mut self) {
        let options = Options { durability: Durability::Test, max_connections: 40 };
        self.cluster = Some(Cluster::start_with(&self.dir.path().join("cluster"), options).await.unwrap());
    }

    /// Where execution's database is; it moves with each start of the cluster.
    pub(crate) async fn db(&self) -> DbConfig {
        self.cluster.as_ref().unwrap().provision("execution").await.unwrap()
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("cluster/data")
    }

    fn saved(&self) -> PathBuf {
        self.dir.path().join("saved")
    }

    fn dump(&self) -> PathBuf {
        self.dir.path().join("dump")
    }

    /// Keeps the present state. Nobody may be connected.
    pub(crate) async fn save(&mut self) {
        let url = self.db().await.owner_url;
        run(Command::new(program("pg_dump")).arg("--format=custom").arg("--file").arg(self.dump()).arg(url));
        self.cluster = None;
        copy(&self.data(), &self.saved());
        self.open().await;
    }

    /// Brings the kept state back; what came after it is lost.
    pub(crate) async fn put_back(&mut self, how: Back) {
        self.cluster = None;
        std::fs::remove_dir_all(self.data()).unwrap();
        if how == Back::Dumped {
            self.open().await;
            let url = self.db().await.owner_url;
            let restore = &mut Command::new(program("pg_restore"));
            run(restore.arg("--exit-on-error").arg("--dbname").arg(url).arg(self.dump()));
            return;
        }
        copy(&self.saved(), &self.data());
        if how == Back::Recovered {
            let settings = "\nrestore_command = 'false'\nhot_standby = off\n";
            let path = self.data().join("postgresql.auto.conf");
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text + settings).unwrap();
            std::fs::write(self.data().join("recovery.signal"), "").unwrap();
        }
        self.open().await;
    }
}

/// With owners and rights.
fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from).arg(to));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A program of PostgreSQL, from where the embedded cluster takes its own.
fn program(name: &str) -> PathBuf {
    if let Some(bin) = std::env::var_os("PG_BIN").filter(|bin| !bin.is_empty()) {
        return PathBuf::from(bin).join(name);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| version(path));
    newest
        .map(|path| path.join("bin").join(name))
        .filter(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}
