//! The cluster's files: creation, passwords, socket folder, and servers left over from killed runs.

use std::fs::{DirBuilder, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::{Account, run};
use super::programs::Programs;
use super::provision::ADMIN_ROLE;
use super::{Durability, EmbeddedError};

/// Seconds a leftover server gets to stop.
const STOP_SECONDS: &str = "60";
const SOCKET_FOLDER_PREFIX: &str = "bursar-pg-";
/// Paths of Unix sockets end at 107 bytes; the longest file in the folder is `.s.PGSQL.5432.lock`.
const SOCKET_FOLDER_BYTES_MAX: usize = 107 - "/.s.PGSQL.5432.lock".len();

/// Major version of existing data.
pub(super) fn version(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join("PG_VERSION")).ok()?;
    Some(text.trim().to_owned())
}

/// Creates the cluster unless it is there, and returns its administrator's password.
///
/// It is built aside and renamed, so that a start that was killed leaves nothing half-made.
pub(super) fn create(
    dir: &Path,
    programs: &Programs,
    account: &Account,
    durability: Durability,
) -> Result<String, EmbeddedError> {
    let password = password(dir, ADMIN_ROLE)?;
    let data = dir.join("data");
    if data.exists() {
        return Ok(password);
    }
    let fresh = dir.join("data.new");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).map_err(EmbeddedError::file("removing", &fresh))?;
    }
    DirBuilder::new().mode(0o700).create(&fresh).map_err(EmbeddedError::file("creating", &fresh))?;
    account.give(&fresh)?;
    let password_file =
        tempfile::NamedTempFile::new_in(dir).map_err(EmbeddedError::file("writing to", dir))?;
    let path = password_file.path();
    std::fs::write(path, &password).map_err(EmbeddedError::file("writing", path))?;
    account.give(path)?;
    initdb(&fresh, path, programs, account, durability)?;
    std::fs::rename(&fresh, &data).map_err(EmbeddedError::file("renaming", &fresh))?;
    Ok(password)
}

fn initdb(
    fresh: &Path,
    password_file: &Path,
    programs: &Programs,
    account: &Account,
    durability: Durability,
) -> Result<(), EmbeddedError> {
    let mut command = account.command(&programs.path("initdb"));
    command.arg("-D").arg(fresh).args([
        "-U",
        ADMIN_ROLE,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
    ]);
    let mut pwfile = std::ffi::OsString::from("--pwfile=");
    pwfile.push(password_file);
    command.arg(pwfile);
    command.arg(match durability {
        Durability::Durable => "--data-checksums",
        Durability::Test => "--no-sync",
    });
    succeed("initdb", &mut command)
}

/// The password of a role, made on first use and kept in `<role>.password`, readable by us alone.
pub(super) fn password(dir: &Path, role: &str) -> Result<String, EmbeddedError> {
    let path = dir.join(format!("{role}.password"));
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.is_empty() => return Ok(text),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(EmbeddedError::file("reading", &path)(error)),
    }
    let password = hex::encode(rand::random::<[u8; 24]>());
    File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(password.as_bytes()))
        .map_err(EmbeddedError::file("writing", &path))?;
    Ok(password)
}

/// A private folder with a path short enough for a socket.
pub(super) fn socket_folder(account: &Account) -> Result<tempfile::TempDir, EmbeddedError> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    // Root's own runtime folder is closed to the server's account.
    let runtime = runtime.filter(|path| matches!(account, Account::Own) && path.is_absolute());
    let attempt = runtime.and_then(|parent| socket_folder_in(&parent).ok());
    let folder = match attempt {
        Some(folder) => folder,
        None => socket_folder_in(Path::new("/tmp"))?,
    };
    account.give(folder.path())?;
    Ok(folder)
}

fn socket_folder_in(parent: &Path) -> Result<tempfile::TempDir, EmbeddedError> {
    let folder = tempfile::Builder::new()
        .prefix(SOCKET_FOLDER_PREFIX)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(EmbeddedError::file("creating a socket folder in", parent))?;
    if folder.path().as_os_str().len() > SOCKET_FOLDER_BYTES_MAX {
        let error = std::io::Error::from(std::io::ErrorKind::InvalidFilename);
        return Err(EmbeddedError::file("creating a socket in", folder.path())(error));
    }
    Ok(folder)
}

/// Stops the server of an earlier run of this folder. The caller holds the folder's lock, so whoever started it is
/// gone; its own supervisor may be stopping it at the same moment.
pub(super) fn stop_leftover(
    data: &Path,
    programs: &Programs,
    account: &Account,
) -> Result<(), EmbeddedError> {
    let pid_file = data.join("postmaster.pid");
    if !pid_file.exists() {
        return Ok(());
    }
    let Some(pid) = postmaster(data) else {
        // Its number may belong to another process by now, as after the restart of a container; the server would then
        // refuse to start. Survivors of a killed postmaster are still recognised, by their shared memory.
        return match std::fs::remove_file(&pid_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(EmbeddedError::file("removing", &pid_file)(error))
            }
            _ => Ok(()),
        };
    };
    tracing::warn!(pid, ?data, "stopping the PostgreSQL server of an earlier run");
    let mut command = account.command(&programs.path("pg_ctl"));
    command.arg("stop").arg("-D").arg(data).args(["-m", "fast", "-w", "-t", STOP_SECONDS]);
    let sockets = socket_folder_of(&pid_file);
    let stopped = succeed("pg_ctl stop", &mut command);
    if postmaster(data).is_some() {
        return stopped;
    }
    if let Some(sockets) = sockets {
        // Its supervisor may have been killed too, or may be removing it right now.
        let _ = std::fs::remove_dir_all(sockets);
    }
    Ok(())
}

/// The socket folder of a leftover server, if it is one of ours: the fifth line of its pid file.
fn socket_folder_of(pid_file: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(pid_file).ok()?;
    let folder = PathBuf::from(text.lines().nth(4)?);
    let ours = folder.file_name()?.to_str()?.starts_with(SOCKET_FOLDER_PREFIX);
    ours.then_some(folder)
}

/// The process that serves `data`: the one its pid file names, if it works in that folder, as every postmaster does.
fn postmaster(data: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid: u32 = text.lines().next()?.trim().parse().ok()?;
    let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (folder == data).then_some(pid)
}

fn succeed(program: &str, command: &mut std::process::Command) -> Result<(), EmbeddedError> {
    let output = run(command)?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(EmbeddedError::Program { program: program.to_owned(), output })
}
