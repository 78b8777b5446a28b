//! What is carried forward is brought forward by one distribution, however many ask for it at once.

use proto::distribution::v1::{CarryForwardStatus, CreateDistributionRequest};

use crate::world::{Sort, World, start, units};

const ROUNDS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_distributions_created_at_the_same_moment_one_brings_each_amount_forward() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5, 5]).await;
    world.pay(world.each_from(40, 100)).await;
    let looked = world.create(world.each(1)).await;
    // It has what is open by now.
    assert!(world.carries().await.iter().all(|one| one.status() == CarryForwardStatus::Taken));
    world.cancel(&looked.id).await;
    let snapshot_id = looked.entitlements.expect("calculated").snapshot_id;
    let request = CreateDistributionRequest { snapshot_id, ..world.each(1) };
    for round in 0..ROUNDS {
        let (one, other) = tokio::join!(world.create(request.clone()), world.create(request.clone()));
        let brought = |made: &proto::distribution::v1::Distribution| {
            units(made.entitlements.as_ref().expect("calculated").brought_forward.as_ref())
        };
        let mut both = [brought(&one), brought(&other)];
        both.sort_unstable();
        assert_eq!(both, [0, 80], "round {round}");
        assert_eq!(world.open().await, [0, 0]);
        tokio::join!(world.cancel(&one.id), world.cancel(&other.id));
        assert_eq!(world.open().await, [40, 40], "round {round}");
    }
    let (one, other) = tokio::join!(world.pay(request.clone()), world.pay(request));
    assert_ne!(one.id, other.id);
    assert_eq!(world.paid().await, [(2, 42), (2, 42)]);
    harness.stop().await.expect("stopped");
}
