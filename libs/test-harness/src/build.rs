//! The binaries under test are those of this source, never an older build's.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::error::HarnessError;

/// Folder with binaries that somebody else has built; nothing is built then.
const BIN_DIR: &str = "BURSAR_BIN_DIR";

static BUILT: OnceLock<Result<(), String>> = OnceLock::new();

/// The folder with the programs: `BURSAR_BIN_DIR`, else that of the test's own build (`target/debug`).
pub(crate) fn folder() -> Result<PathBuf, HarnessError> {
    match std::env::var_os(BIN_DIR) {
        Some(folder) => Ok(PathBuf::from(folder)),
        // target/debug/deps/<test>
        None => Ok(std::env::current_exe()?.ancestors().nth(2).map(PathBuf::from).unwrap_or_default()),
    }
}

/// Builds every program, once per test process. `cargo test` builds no binaries of other packages.
pub(crate) fn programs() -> Result<(), HarnessError> {
    if std::env::var_os(BIN_DIR).is_some() {
        return Ok(());
    }
    BUILT.get_or_init(build).clone().map_err(HarnessError::Build)
}

/// All at once and with all features, so that every suite finds the same programs.
fn build() -> Result<(), String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--quiet", "--workspace", "--bins", "--all-features"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().map_err(|error| format!("cargo does not start: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
