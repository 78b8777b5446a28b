//! Why the private cluster does not run, in words that say what to do.

use std::path::{Path, PathBuf};

/// The embedded cluster could not be started or prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The server programs are not installed.
    #[error(
        "PostgreSQL's server programs (initdb, postgres, pg_ctl) were not found in $PG_BIN, /usr/lib/postgresql/*/bin or \
         $PATH; on Debian and Ubuntu the package `postgresql` has them (docker/install-dependencies.sh installs it)"
    )]
    NotInstalled,
    /// `PG_BIN` is set but wrong.
    #[error("PG_BIN is {0:?}, but PostgreSQL's server programs (initdb, postgres, pg_ctl) are not in there")]
    WrongBin(PathBuf),
    /// Another process, or another part of this one, runs the cluster of this folder.
    #[error("the database folder {0:?} is in use by another running Bursar")]
    InUse(PathBuf),
    /// Started by root, on a machine without an account for the server.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor a user `nobody`"
    )]
    NoAccount,
    /// The server's user cannot reach the folder.
    #[error(
        "PostgreSQL refuses to run as root, so it runs as user `{user}`, who cannot enter {blocked:?} on the way to the \
         database folder {dir:?}: choose another folder, or allow it with `chmod o+x {}`", .blocked.display()
    )]
    Unreachable {
        /// The server's user.
        user: String,
        /// The first path component in its way.
        blocked: PathBuf,
        /// The database folder.
        dir: PathBuf,
    },
    /// A file operation failed.
    #[error("{action} {path:?} failed")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A program of `PostgreSQL` failed; `output` is what it said.
    #[error("{program} failed: {output}")]
    Program {
        /// Which one.
        program: String,
        /// Its standard error.
        output: String,
    },
    /// The server ended, or did not accept connections in time; `log` is the end of its log.
    #[error("the PostgreSQL server of {dir:?} did not start; the end of its log says: {log}")]
    NotStarted {
        /// The database folder.
        dir: PathBuf,
        /// The last lines of its log.
        log: String,
    },
    /// A service or database name that is not a plain lower-case name.
    #[error("{0:?} is not a service or database name (a-z, 0-9, '-' and '_', at most 40 characters)")]
    Name(String),
    /// An administrative statement failed.
    #[error("preparing the database of {name} failed")]
    Provision {
        /// Which service or database.
        name: String,
        /// Why.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The database server took too long.
    #[error("the PostgreSQL server did not answer within {seconds} s")]
    Deadline {
        /// The deadline that passed.
        seconds: u64,
    },
    /// A background task of the start was cut off.
    #[error("starting the database was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl EmbeddedError {
    /// For `map_err` on file operations.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { action, path, source }
    }
}
