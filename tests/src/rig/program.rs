//! The binary under test: the one of this build, with failpoints.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::rig::Outcome;

/// Execution's binary.
const NAME: &str = "bursar-execution";
/// Only a build with failpoints reads this variable, so its name stands in no other binary.
const MARK: &[u8] = b"BURSAR_FAILPOINT";
const ADVICE: &str = "run `cargo build --workspace --bins --all-features` first";

/// The binary `bursar-execution` beside this test (`target/debug`).
pub fn failpoints_program() -> Outcome<PathBuf> {
    // target/debug/deps/<test>
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).ok_or("a test lies in target/<profile>/deps")?;
    let program = folder.join(NAME);
    let bytes =
        std::fs::read(&program).map_err(|error| format!("{}: {error}; {ADVICE}", program.display()))?;
    if !bytes.windows(MARK.len()).any(|window| window == MARK) {
        return Err(format!("{} was built without failpoints; {ADVICE}", program.display()).into());
    }
    if let Some(newer) = newer_source(&program)? {
        return Err(format!("{} is older than {newer}; {ADVICE}", program.display()).into());
    }
    Ok(program)
}

/// A source, of those the compiler listed beside the program, that has changed since.
fn newer_source(program: &Path) -> Outcome<Option<String>> {
    let list = program.with_extension("d");
    let text =
        std::fs::read_to_string(&list).map_err(|error| format!("{}: {error}; {ADVICE}", list.display()))?;
    let built = std::fs::metadata(program)?.modified()?;
    let sources = text.split_once(": ").map_or("", |(_, sources)| sources).replace("\\ ", "\0");
    let changed = |source: &&str| changed_at(source).is_none_or(|at| at > built);
    Ok(sources
        .split_whitespace()
        .map(|source| source.replace('\0', " "))
        .find(|source| changed(&source.as_str())))
}

fn changed_at(source: &str) -> Option<SystemTime> {
    std::fs::metadata(source).ok()?.modified().ok()
}
