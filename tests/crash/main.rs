//! Execution killed and frozen, before and after every commit and every send, while the network misbehaves: each payee
//! is paid exactly once all the same, by the network's own ledger.
//!
//! Workers are processes of their own that share a database and a sandbox. The system's word (the exit by SIGKILL, the
//! stopped state) is the proof that a failpoint was reached.

mod cases;
mod matrix;
mod play;
mod random_kills;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bursar_tests::rig::{Outcome, failpoints_program};
use proto::execution::v1 as pb;

/// How long a run may take after everything is well again: an attempt that was never sent waits for the end of its
/// window (15 s) and for a mirror node to show that it is past it; then it may have to do so once more.
const PATIENCE: Duration = Duration::from_mins(3);

/// The program under test, copied so that a build beside this test does not replace it under our hands.
fn program(name: &str) -> Outcome<PathBuf> {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_file(&copy));
    std::fs::copy(failpoints_program()?, &copy)?;
    Ok(copy)
}

fn has_ended(run: &pb::Run) -> bool {
    matches!(run.state(), pb::RunState::Completed | pb::RunState::Failed | pb::RunState::Cancelled)
}
