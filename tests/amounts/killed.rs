//! Distribution killed at every place between a calculation and its run: what was carried forward is paid once.

use bursar_tests::killing::Killing;
use bursar_tests::seen;
use proto::distribution::v1::{
    CancelDistributionRequest, CarryForwardStatus, CreateDistributionRequest, DistributionState,
    RerunDistributionRequest,
};

use crate::world::{ROLES, Sort, World};

const PLACES: [&str; 4] =
    ["calculate.before_commit", "calculate.after_commit", "start.before", "start.after"];

async fn world(killing: &Killing, balances: &[u64]) -> World {
    let edge = killing.processes.edge("ann", &ROLES).expect("an address");
    let control = killing.processes.control().expect("a sandbox");
    World::build(&edge, &control, Sort::Shares, balances).await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_place_between_calculation_and_run_what_was_carried_forward_is_paid_once() {
    let mut killing = Killing::start("1").await;
    for place in PLACES {
        let world = world(&killing, &[5; 3]).await;
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
    let world = world(&killing, &[5; 2]).await;
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
