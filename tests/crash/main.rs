//! Execution killed and frozen, before and after every commit and every send, while the network misbehaves: each payee
//! is paid exactly once all the same, by the network's own ledger.
//!
//! Workers are processes of their own that share a database and a sandbox. The system's word (the exit by SIGKILL, the
//! stopped state) is the proof that a failpoint was reached.

mod asked;
mod cases;
mod matrix;
mod play;
mod random_kills;
mod restored;

use std::fmt::{Debug, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bursar_tests::rig::checker::Violation;
use bursar_tests::rig::{Action, Driver, Outcome, failpoints_program};
use proto::execution::v1 as pb;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How long a run may take after everything is well again: an attempt that was never sent waits for the end of its
/// window (15 s) and for a mirror node to show that it is past it; then it may have to do so once more.
const PATIENCE: Duration = Duration::from_mins(3);

/// Part of a failpoint's setting, as `send.after:stop`: only such cases are played, to look into one.
const FILTER: &str = "BURSAR_CRASH_CASE";
const TICK: Duration = Duration::from_millis(40);

/// The program under test, copied so that a build beside this test does not replace it under our hands.
fn program(name: &str) -> Outcome<PathBuf> {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_file(&copy));
    std::fs::copy(failpoints_program()?, &copy)?;
    Ok(copy)
}

/// Plays the cases that are wanted, some at a time, since they mostly wait; says which went wrong, and how.
async fn play_all<C, P>(
    program: &str,
    cases: Vec<C>,
    setting: impl Fn(&C) -> String,
    at_once: usize,
    play: impl Fn(C, Arc<PathBuf>) -> P,
) -> String
where
    C: Debug + Copy + Send + 'static,
    P: Future<Output = Outcome<Vec<Violation>>> + Send + 'static,
{
    let program = Arc::new(self::program(program).expect("a program with failpoints"));
    let places = Arc::new(Semaphore::new(at_once));
    let mut playing = JoinSet::new();
    let filter = std::env::var(FILTER).unwrap_or_default();
    for case in cases.into_iter().filter(|case| setting(case).contains(&filter)) {
        let (places, played) = (Arc::clone(&places), play(case, Arc::clone(&program)));
        playing.spawn(async move {
            let _place = places.acquire_owned().await.expect("nobody closes the semaphore");
            (case, played.await)
        });
    }
    let mut report = String::new();
    for (case, outcome) in playing.join_all().await {
        match outcome {
            Ok(wrong) if wrong.is_empty() => {}
            Ok(wrong) => writeln!(report, "{case:?}: {wrong:#?}").expect("a string takes everything"),
            Err(error) => writeln!(report, "{case:?}: {error}").expect("a string takes everything"),
        }
    }
    report
}

/// A place to which something leads, and what happens to the process there.
#[derive(Clone, Copy, Debug)]
struct Struck<W> {
    place: &'static str,
    way: W,
    action: Action,
}

/// Every place to which `way` leads, killed and stopped.
fn struck<W: Copy>(way: impl Fn(&str) -> Option<W>) -> Vec<Struck<W>> {
    let ways = execution::failpoints::ALL.iter().filter_map(|place| Some((*place, way(place)?)));
    ways.flat_map(|(place, way)| [Action::Kill, Action::Stop].map(|action| Struck { place, way, action }))
        .collect()
}

/// As `BURSAR_FAILPOINT` has it: what the process does when it has passed the place so often.
fn setting(place: &str, action: Action, passes: usize) -> String {
    format!("{place}:{}:{passes}", action.name())
}

/// Waits until a run is as wanted. One that halts or is paused is resumed, as an operator would.
async fn tended_until(driver: &Driver, run: &str, seen: fn(&pb::Run) -> bool) -> Outcome<pb::Run> {
    let until = Instant::now() + PATIENCE;
    loop {
        let run = driver.run(run).await?;
        if seen(&run) {
            return Ok(run);
        }
        match run.state() {
            // It may have gone on by itself meanwhile, which refuses it.
            pb::RunState::Halted => drop(driver.retry_run(&run.id).await),
            pb::RunState::Paused => driver.resume_run(&run.id).await?,
            _ => {}
        }
        if Instant::now() > until {
            return Err(format!("not in time: {run:?}").into());
        }
        sleep(TICK).await;
    }
}

fn has_ended(run: &pb::Run) -> bool {
    matches!(run.state(), pb::RunState::Completed | pb::RunState::Failed | pb::RunState::Cancelled)
}
