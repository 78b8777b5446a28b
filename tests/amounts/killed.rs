//! Distribution killed at every place between a calculation and its run: what was carried forward is paid once.

use std::os::unix::process::ExitStatusExt as _;

use proto::distribution::v1::{CarryForwardStatus, CreateDistributionRequest, DistributionState};
use test_harness::{Processes, Program, Scenario, Terms};

use crate::world::{ROLES, WITHIN, carried, create, each, execute, is, paid, until};

const SIGKILL: i32 = 9;
const PLACES: [&str; 4] =
    ["calculate.before_commit", "calculate.after_commit", "start.before", "start.after"];

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_place_between_calculation_and_run_what_was_carried_forward_is_paid_once() {
    let settings = [(Program::Distribution, "BURSAR_LEASE_S", "2")];
    let mut processes = Processes::start_with(&settings).await.expect("started");
    let edge = processes.edge("ann", &ROLES).expect("an address");
    let control = processes.control().expect("a sandbox");
    for place in PLACES {
        let scenario = Scenario::build(&edge, &control, Terms { holders: 3, ..Terms::default() }).await;
        let scenario = scenario.expect("built");
        let first = create(&edge, each(&scenario, 40, 100)).await;
        execute(&edge, &first.id).await;
        until(&edge, &first.id, is(DistributionState::Completed)).await;

        processes.set(Program::Distribution, "BURSAR_FAILPOINT", &format!("{place}:kill"));
        processes.restart(Program::Distribution).expect("started");
        processes.ready(Program::Distribution).await.expect("ready");
        let request = CreateDistributionRequest { execute_now: true, ..each(&scenario, 70, 0) };
        let answer = edge.distributions().create_distribution(request).await.expect("created").into_inner();
        let second = answer.distribution.expect("a distribution").id;
        let exit = processes.wait_for_exit(Program::Distribution, WITHIN).await.expect("it was reached");
        assert_eq!(exit.signal(), Some(SIGKILL), "{place}");
        processes.unset(Program::Distribution, "BURSAR_FAILPOINT");
        processes.restart(Program::Distribution).expect("started");
        processes.ready(Program::Distribution).await.expect("ready");

        until(&edge, &second, is(DistributionState::Completed)).await;
        let paid = paid(&control, &scenario).await;
        assert_eq!(paid.into_values().collect::<Vec<_>>(), vec![vec![110]; 3], "{place}");
        let taken = carried(&edge, &scenario, CarryForwardStatus::Taken).await;
        assert!(taken.len() == 3 && taken.iter().all(|one| one.taken_by == second), "{place}: {taken:?}");
    }
}
