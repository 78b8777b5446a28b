//! The folder that keeps an installation: what is where in it, and that one process at a time uses it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process serves this folder.
    #[error("{path} is in use by another running bursar{}", process.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Its process, where it has said so.
        process: Option<u32>,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of ours is not what we wrote.
    #[error("{path} is damaged: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// Where things are in the folder. Having one claims nothing.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of the folder `root`.
    pub fn new(root: &Path) -> Layout {
        Layout { root: root.to_owned() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Held by the process that serves the folder.
    fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The network this installation was configured for.
    pub fn network(&self) -> PathBuf {
        self.root.join("network.json")
    }

    /// Where the running process can be reached; there only while one runs.
    pub fn addresses(&self) -> PathBuf {
        self.root.join("up.json")
    }

    /// The services' keys for tokens between them.
    pub fn service_keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Keys of funding accounts: execution's key folder.
    pub fn funding_keys(&self) -> PathBuf {
        self.root.join("funding-keys")
    }

    /// The key that signs development tokens for the edge.
    pub fn issuer_key(&self) -> PathBuf {
        self.root.join("issuer.pem")
    }

    /// The public half of it, as the gateway reads it.
    pub fn issuer_jwks(&self) -> PathBuf {
        self.root.join("issuer.jwks.json")
    }

    /// The database cluster.
    pub fn database(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// The simulated network's world.
    pub fn sandbox(&self) -> PathBuf {
        self.root.join("sandbox")
    }
}

/// The folder, claimed by this process until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    layout: Layout,
    // The operating system gives the lock back when the file is closed, however the process ends.
    _lock: File,
}

impl DataDir {
    /// Claims the folder and creates it when it is not there.
    pub fn claim(path: &Path) -> Result<DataDir, DataDirError> {
        create(path, root_mode())?;
        let root = fs::canonicalize(path).map_err(io("find", path))?;
        let layout = Layout::new(&root);
        let lock = layout.lock();
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock);
        let file = file.map_err(io("open", &lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let process =
                    super::addresses::read(&layout).ok().flatten().map(|addresses| addresses.process);
                return Err(DataDirError::InUse { path: root, process });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock", &lock)(source)),
        }
        create(&layout.funding_keys(), 0o700)?;
        create(&layout.sandbox(), 0o700)?;
        Ok(DataDir { layout, _lock: file })
    }

    /// Where things are in it.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// As root the database runs under another account, which has to pass through the folder; all that is secret in it
/// lies in folders of mode 0700 or files of mode 0600.
fn root_mode() -> u32 {
    if rustix::process::geteuid().is_root() { 0o755 } else { 0o700 }
}

fn create(path: &Path, mode: u32) -> Result<(), DataDirError> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(io("create", path))
}

/// Writes a file so that a reader sees the old one or the new one, and after a crash too.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), DataDirError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("write into", folder))?;
    std::io::Write::write_all(&mut file, bytes).map_err(io("write", path))?;
    file.as_file().sync_all().map_err(io("write", path))?;
    file.persist(path).map_err(|error| io("write", path)(error.error))?;
    Ok(())
}

/// The file's bytes; `None` when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, DataDirError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("read", path)(error)),
    }
}

pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DataDirError {
    let path = path.to_owned();
    move |source| DataDirError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::{DataDir, DataDirError};

    #[test]
    fn a_second_claim_is_refused_until_the_first_ends() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let path = parent.path().join("a/b");
        let first = DataDir::claim(&path).expect("claimed");
        let second = DataDir::claim(&path).expect_err("claimed by the first");
        assert!(matches!(second, DataDirError::InUse { process: None, .. }), "{second}");
        drop(first);
        DataDir::claim(&path).expect("free again");
    }
}
