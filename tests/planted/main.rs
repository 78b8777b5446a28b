//! Bugs planted in execution, one by one, each caught by the judge of the sandbox's ledger; and the true program, which
//! the same scenarios find nothing against. So the crash suite's silence means something.
//!
//! No product code knows of this: the sources are copied, a copy is edited and built, and its program is run.

mod bugs;
mod scenario;
mod workshop;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use bursar_tests::rig::checker::Violation;
use bursar_tests::rig::{Outcome, failpoints_program};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use crate::bugs::{Bug, Expected};
use crate::scenario::Scenario;
use crate::workshop::Workshop;

/// Part of a bug's name: only such bugs are built, to look into one.
const FILTER: &str = "BURSAR_PLANTED_BUG";

#[test]
fn every_planted_bug_still_fits_the_source() {
    let root = workshop::workspace();
    for bug in bugs::ALL {
        for edit in bug.edits {
            if let Err(error) = edit.applied_to(&root) {
                panic!("{}: {error}", bug.name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_bug_is_caught_by_the_ledger_and_nothing_is_found_without_one() {
    let mut playing = JoinSet::new();
    let program = failpoints_program().expect("a program with failpoints");
    let copy = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("planted-none");
    drop(std::fs::remove_file(&copy));
    std::fs::copy(&program, &copy).expect("a copy that no build replaces");
    for scenario in Scenario::ALL {
        let program = copy.clone();
        playing.spawn(async move {
            (format!("no bug, {scenario:?}"), Expected::Sound, scenario.play(&program, "").await)
        });
    }
    let (built, mut programs) = tokio::sync::mpsc::unbounded_channel();
    // Scenarios mostly wait, so they are played while the next program is built.
    let building = tokio::task::spawn_blocking(move || build_all(&built));
    while let Some((bug, program)) = programs.recv().await {
        playing.spawn(async move {
            (bug.name.to_owned(), bug.expected, bug.scenario.play(&program, bug.sql).await)
        });
    }
    building.await.expect("no panic").unwrap_or_else(|error| panic!("{error}"));
    let verdicts: BTreeMap<String, String> = playing
        .join_all()
        .await
        .into_iter()
        .filter_map(|(name, expected, found)| Some((name, complaint(expected, found)?)))
        .collect();
    let mut report = String::new();
    for (name, complaint) in &verdicts {
        writeln!(report, "{name}: {complaint}").expect("a string takes everything");
    }
    assert!(report.is_empty(), "{report}");
}

fn build_all(built: &UnboundedSender<(Bug, PathBuf)>) -> Outcome<()> {
    let mut workshop = Workshop::open()?;
    let part = std::env::var(FILTER).unwrap_or_default();
    for bug in bugs::ALL.iter().copied().filter(|bug| bug.name.contains(&part)) {
        let program = workshop.build(&bug).map_err(|error| format!("{}: {error}", bug.name))?;
        built.send((bug, program))?;
    }
    Ok(())
}

/// What is wrong with the judge's answer; none when it is as expected.
fn complaint(expected: Expected, found: Outcome<Vec<Violation>>) -> Option<String> {
    match (expected, found) {
        (_, Err(error)) => Some(error.to_string()),
        (Expected::Sound, Ok(violations)) if violations.is_empty() => None,
        (Expected::Sound, Ok(violations)) => Some(format!("the judge found {violations:#?}")),
        (Expected::Caught, Ok(violations)) if violations.iter().any(Violation::is_about_money) => None,
        (Expected::Caught, Ok(violations)) => {
            Some(format!("the judge did not catch it; it found {violations:#?}"))
        }
    }
}
