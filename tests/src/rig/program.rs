//! The binary under test: the one of this build, with failpoints.

use std::path::PathBuf;

use test_harness::Program;

use crate::rig::Outcome;

/// Only a build with failpoints reads this variable, so its name stands in no other binary.
const MARK: &[u8] = b"BURSAR_FAILPOINT";

/// The binary `bursar-execution`.
pub fn failpoints_program() -> Outcome<PathBuf> {
    let program = Program::Execution.built()?;
    if std::fs::read(&program)?.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(program);
    }
    Err(format!("{} was built without failpoints: build it with --all-features", program.display()).into())
}
