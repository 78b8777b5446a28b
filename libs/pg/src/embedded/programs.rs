//! Where `PostgreSQL`'s server programs are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::EmbeddedError;

/// Where Debian and Ubuntu install each major version, outside PATH.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";
const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// A folder that holds all server programs of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// Looks in `$PG_BIN`, then `/usr/lib/postgresql/*/bin` (the version of existing data, else the newest), then
    /// `$PATH`.
    pub(super) fn find(data_version: Option<&str>) -> Result<Self, EmbeddedError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self::find_in(std::env::var_os("PG_BIN").as_deref(), Path::new(DEBIAN_ROOT), &path, data_version)
    }

    fn find_in(
        pg_bin: Option<&OsStr>,
        debian_root: &Path,
        path: &OsStr,
        data_version: Option<&str>,
    ) -> Result<Self, EmbeddedError> {
        if let Some(bin) = pg_bin.filter(|bin| !bin.is_empty()) {
            return complete(bin.into()).ok_or_else(|| EmbeddedError::WrongBin(bin.into()));
        }
        let matching = data_version.and_then(|version| complete(debian_root.join(version).join("bin")));
        matching
            .or_else(|| debian_versions(debian_root).into_iter().find_map(complete))
            .or_else(|| std::env::split_paths(path).find_map(complete))
            .ok_or(EmbeddedError::NotInstalled)
    }

    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.0.join(program)
    }
}

fn complete(bin: PathBuf) -> Option<Programs> {
    NEEDED.iter().all(|program| bin.join(program).is_file()).then_some(Programs(bin))
}

/// `bin` folders of the installed versions, newest first.
fn debian_versions(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::{Path, PathBuf};

    use super::{EmbeddedError, NEEDED, Programs};

    fn install(bin: &Path) -> PathBuf {
        std::fs::create_dir_all(bin).expect("folder");
        for program in NEEDED {
            std::fs::write(bin.join(program), "").expect("program");
        }
        bin.to_path_buf()
    }

    #[test]
    fn the_newest_version_wins_unless_the_data_has_another() {
        let root = tempfile::tempdir().expect("folder");
        let nine = install(&root.path().join("9/bin"));
        let fifteen = install(&root.path().join("15/bin"));
        let find = |data| Programs::find_in(None, root.path(), OsStr::new(""), data).expect("installed");
        assert_eq!(find(None), Programs(fifteen));
        assert_eq!(find(Some("9")), Programs(nine));
    }

    #[test]
    fn pg_bin_comes_first_and_a_wrong_one_is_not_passed_over() {
        let root = tempfile::tempdir().expect("folder");
        install(&root.path().join("15/bin"));
        let own = install(&root.path().join("own"));
        let find = |bin: &Path| Programs::find_in(Some(bin.as_os_str()), root.path(), OsStr::new(""), None);
        assert_eq!(find(&own).expect("installed"), Programs(own.clone()));
        assert!(matches!(find(&root.path().join("none")), Err(EmbeddedError::WrongBin(_))));
    }

    #[test]
    fn a_machine_without_postgresql_is_told_the_package() {
        let root = tempfile::tempdir().expect("folder");
        let error =
            Programs::find_in(None, root.path(), root.path().as_os_str(), None).expect_err("nothing there");
        assert!(error.to_string().contains("package `postgresql`"), "{error}");
    }

    #[test]
    fn the_path_is_the_last_resort() {
        let root = tempfile::tempdir().expect("folder");
        let bin = install(&root.path().join("usr"));
        let found = Programs::find_in(None, &root.path().join("none"), bin.as_os_str(), None);
        assert_eq!(found.expect("installed"), Programs(bin));
    }
}
