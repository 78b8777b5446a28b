//! What is below the minimum is carried forward and paid by one later distribution of the same asset in the same token.

use bursar_tests::seen;
use proto::distribution::v1::{
    CarryForwardStatus, CreateDistributionRequest, Distribution, DistributionState, HolderTreatment,
};
use proto::execution::v1::ListRunsRequest;

use crate::world::{Sort, World, start};

/// Whole tokens with 8 decimals.
const WHOLE: u64 = 100_000_000;
const TOO_MUCH: u128 = 1_000_000_000;
/// What the first distribution carries forward of each.
const CARRIED: u128 = 1_000;

/// Everybody is below the minimum: there is nothing to hand over.
async fn carry(world: &World) -> Distribution {
    let paid = world.paid().await;
    let created = world.pay(world.each_from(CARRIED, TOO_MUCH)).await;
    let request = ListRunsRequest { distribution_id: created.id.clone(), ..ListRunsRequest::default() };
    let runs = world.edge.execution().list_runs(request).await.expect("a page").into_inner().runs;
    assert!(runs.is_empty(), "nobody is paid, so there is no run: {runs:?}");
    assert_eq!(world.paid().await, paid);
    created
}

/// The same holders in another asset, which is paid in the same token; and the same asset in another token.
async fn others_take_nothing(world: &World) -> Vec<u128> {
    let World { edge, control, holders, .. } = world;
    let other = World::of(edge, control, Sort::Bond, holders.clone(), &[WHOLE; 6]).await;
    let rule = world.each(3).amount_rule;
    let elsewhere = CreateDistributionRequest {
        amount_rule: rule,
        payment_token: world.scenario.payment_token_id.clone(),
        ..other.scenario.request.clone()
    };
    let before = world.received().await;
    other.pay(elsewhere).await;
    let after = world.received().await;
    let got: Vec<u128> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    assert_eq!(got, [3; 6], "of the other asset's distribution alone");
    let otherwise = CreateDistributionRequest { asset_id: world.scenario.asset_id.clone(), ..other.each(5) };
    other.pay(otherwise).await;
    assert_eq!(other.received().await, [5; 6], "in the other token nothing is open");
    after
}

async fn redemptions_take_nothing(world: &World) {
    let before = world.received().await;
    let request =
        proto::distribution::v1::CreateRedemptionRequest { execute_now: true, ..world.scenario.redemption() };
    let created = world.edge.redemptions().create_redemption(request).await.expect("created").into_inner();
    let id = created.distribution.expect("a redemption").id;
    world.until(&id, DistributionState::Completed).await;
    let after = world.received().await;
    let got: Vec<u128> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    assert_eq!(got, [1_050_000; 6], "the principal of a whole token, and nothing that is open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_carried_forward_is_paid_once_by_the_next_one_of_the_asset_and_token_and_by_nothing_else() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Bond, &[WHOLE; 6]).await;
    carry(&world).await;
    carry(&world).await;
    assert_eq!(world.open().await, [2 * CARRIED; 6]);
    let mut expected = others_take_nothing(&world).await;
    redemptions_take_nothing(&world).await;
    for units in &mut expected {
        *units += 1_050_000;
    }
    assert_eq!(world.open().await, [2 * CARRIED; 6]);
    who_sold_everything_is_paid_too(&world, expected).await;
    harness.stop().await.expect("stopped");
}

/// Two holders sell all they have. One is paid what is open of it, the other is left out like who is held.
async fn who_sold_everything_is_paid_too(world: &World, mut expected: Vec<u128>) {
    let (stays, held, excluded, gone, gone_excluded, buyer) = (0, 1, 2, 3, 4, 5);
    world.sell(gone, buyer, WHOLE).await;
    world.sell(gone_excluded, buyer, WHOLE).await;
    let decisions = vec![
        world.decide(held, HolderTreatment::Hold),
        world.decide(excluded, HolderTreatment::Exclude),
        world.decide(gone_excluded, HolderTreatment::Exclude),
    ];
    // All that is open of who is gone is below this one's minimum, and so is everybody else's.
    let request = world.each_from(1, 2 * CARRIED + 2);
    let small = world.pay(CreateDistributionRequest { holder_decisions: decisions.clone(), ..request }).await;
    assert_eq!(world.received().await, expected);
    let lines = seen::entitlements(&world.edge, &small.id).await;
    assert!(
        !lines.iter().any(|one| one.account == world.holders[gone]),
        "nothing is said of who gets nothing"
    );
    let next = CreateDistributionRequest { holder_decisions: decisions, ..world.each_from(10, 1_500) };
    let paying = world.pay(next).await;
    expected[stays] += 10 + 2 * CARRIED + 1;
    expected[buyer] += 10 + 2 * CARRIED + 1;
    expected[gone] += 2 * CARRIED;
    assert_eq!(world.received().await, expected);
    let mut left = vec![0; 6];
    for place in [held, excluded, gone_excluded] {
        left[place] = 2 * CARRIED;
    }
    assert_eq!(world.open().await, left, "who is held or left out keeps what is open");
    let taken = world.carries().await.into_iter().filter(|one| one.status() == CarryForwardStatus::Taken);
    assert!(taken.clone().all(|one| one.taken_by == paying.id), "by the one that paid it");
    assert_eq!(taken.count(), 3 + 3 + 2);
    // Nobody is held or left out any more.
    world.pay(world.each(20)).await;
    for place in [stays, held, excluded, buyer] {
        expected[place] += 20 + left[place];
    }
    expected[gone_excluded] += left[gone_excluded];
    assert_eq!(world.received().await, expected);
    assert_eq!(world.open().await, [0; 6]);
    world.pay(world.each(40)).await;
    for place in [stays, held, excluded, buyer] {
        expected[place] += 40;
    }
    assert_eq!(world.received().await, expected, "nothing is brought forward twice");
}
