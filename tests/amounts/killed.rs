//! Distribution killed at every place between a calculation and its run: what was carried forward is paid once.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use bursar_tests::seen;
use proto::distribution::v1::{
    CancelDistributionRequest, CarryForwardStatus, CreateDistributionRequest, DistributionState,
    RerunDistributionRequest,
};
use test_harness::{Processes, Program};

use crate::world::{ROLES, Sort, World};

const WITHIN: Duration = Duration::from_mins(2);
const SIGKILL: i32 = 9;
const PLACES: [&str; 4] =
    ["calculate.before_commit", "calculate.after_commit", "start.before", "start.after"];

/// The suite as processes, of which distribution is to be killed.
struct Killing {
    processes: Processes,
}

impl Killing {
    /// With leases of so many seconds.
    async fn start(lease_s: &str) -> Killing {
        let settings = [(Program::Distribution, "BURSAR_LEASE_S", lease_s)];
        Killing { processes: Processes::start_with(&settings).await.expect("started") }
    }

    async fn world(&self, balances: &[u64]) -> World {
        let edge = self.processes.edge("ann", &ROLES).expect("an address");
        let control = self.processes.control().expect("a sandbox");
        World::build(&edge, &control, Sort::Shares, balances).await
    }

    /// Has it killed at this place.
    async fn arm(&mut self, place: &str) {
        self.processes.set(Program::Distribution, "BURSAR_FAILPOINT", &format!("{place}:kill"));
        self.restart().await;
    }

    /// Waits until it is killed, and starts it again.
    async fn reached(&mut self, place: &str) {
        let exit = self.processes.wait_for_exit(Program::Distribution, WITHIN).await;
        assert_eq!(exit.expect("it was reached").signal(), Some(SIGKILL), "{place}");
        self.processes.unset(Program::Distribution, "BURSAR_FAILPOINT");
        self.restart().await;
    }

    async fn restart(&mut self) {
        self.processes.restart(Program::Distribution).expect("started");
        self.processes.ready(Program::Distribution).await.expect("ready");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_place_between_calculation_and_run_what_was_carried_forward_is_paid_once() {
    let mut killing = Killing::start("1").await;
    for place in PLACES {
        let world = killing.world(&[5; 3]).await;
        world.pay(world.each_from(40, 100)).await;
        killing.arm(place).await;
        let request = CreateDistributionRequest { execute_now: true, ..world.each(70) };
        let second = seen::create(&world.edge, request).await.id;
        killing.reached(place).await;
        world.until(&second, DistributionState::Completed).await;
        assert_eq!(world.paid().await, [(1, 110); 3], "{place}");
        let carries = world.carries().await;
        let taken = |one: &proto::distribution::v1::CarryForward| {
            one.status() == CarryForwardStatus::Taken && one.taken_by == second
        };
        assert!(carries.len() == 3 && carries.iter().all(taken), "{place}: {carries:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_cancelled_before_it_knows_that_it_has_replaced_anything_opens_what_was_brought_forward() {
    // Longer than it takes to cancel: a person is first.
    let mut killing = Killing::start("4").await;
    let world = killing.world(&[5; 2]).await;
    world.pay(world.each_from(7, 100)).await;
    world.freeze(0, true).await;
    let failed = world.create(world.each(10)).await;
    let failed = world.execute(&failed.id, DistributionState::Failed).await;
    let request = RerunDistributionRequest { distribution_id: failed.id.clone(), ..Default::default() };
    let rerun = world.edge.distributions().rerun_distribution(request).await.expect("created").into_inner();
    let rerun = rerun.distribution.expect("a distribution").id;
    world.until(&rerun, DistributionState::Upcoming).await;
    world.freeze(0, false).await;
    killing.arm("start.after").await;
    seen::execute(&world.edge, &rerun).await;
    killing.reached("start.after").await;
    let cancel = CancelDistributionRequest { distribution_id: rerun.clone(), reason: String::new() };
    world.edge.distributions().cancel_distribution(cancel).await.expect("taken");
    let over = |found: &proto::distribution::v1::Distribution| {
        matches!(found.state(), DistributionState::Completed | DistributionState::Cancelled)
    };
    seen::until(&world.edge, &rerun, over).await;
    world.until(&failed.id, DistributionState::Completed).await;
    assert_eq!(world.open().await, [7, 0], "the payout that would have paid it is superseded");
    let own: u128 = world.paid().await[0].1;
    world.pay(world.each(100)).await;
    let received = world.received().await;
    assert_eq!(received, [own + 107, 117]);
}
