//! What is brought forward is open again only with what is proven unpaid, and void with what is cancelled.

use proto::distribution::v1::{
    CarryForwardStatus, CreateDistributionRequest, DistributionState, RerunDistributionRequest,
    RetryDistributionRequest, Rounding, UpdateDistributionRequest, Withholding, WithholdingRate,
};
use proto::execution::v1::RetryPolicy;

use crate::world::{World, entitlements, is, number, totals};

/// A payee who cannot receive is tried again for hours, so that the distribution goes on.
fn patient(request: CreateDistributionRequest) -> CreateDistributionRequest {
    let hour = prost_types::Duration { seconds: 3_600, nanos: 0 };
    let policy = RetryPolicy {
        recipient_max_attempts: 20,
        base: Some(hour),
        cap: Some(hour),
        ..RetryPolicy::default()
    };
    CreateDistributionRequest { retry_policy: Some(policy), ..request }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_before_anything_is_sent_and_a_change_of_the_terms_open_it_again() {
    let world = World::of(2).await;
    world.pay(world.each(40, 100)).await;
    let created = world.create(world.each(70, 0)).await;
    assert_eq!(world.open().await, []);
    world.cancel(&created.id).await;
    assert_eq!(world.open().await, [(0, 40), (1, 40)]);

    let created = world.create(world.each(70, 0)).await;
    let change = UpdateDistributionRequest {
        distribution_id: created.id.clone(),
        version: 1,
        minimum_amount: Some(world.units(1_000)),
        ..UpdateDistributionRequest::default()
    };
    world.edge.distributions().update_distribution(change).await.expect("changed");
    let changed =
        world.until(&created.id, |found| found.version == 2 && is(DistributionState::Upcoming)(found)).await;
    assert_eq!(totals(&changed).carried_count, 2);
    assert_eq!(
        world.open().await,
        [(0, 40), (1, 40)],
        "it pays nobody any more, and owes nothing before it is executed"
    );
    let back = UpdateDistributionRequest {
        distribution_id: created.id.clone(),
        version: 2,
        minimum_amount: Some(world.units(0)),
        ..UpdateDistributionRequest::default()
    };
    world.edge.distributions().update_distribution(back).await.expect("changed");
    world.until(&created.id, |found| found.version == 3 && is(DistributionState::Upcoming)(found)).await;
    assert_eq!(world.open().await, []);
    world.execute(&created.id).await;
    world.until(&created.id, is(DistributionState::Completed)).await;
    assert_eq!(world.paid_in_order().await, vec![vec![110]; 2]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_payout_keeps_it_for_its_retry_and_a_cancelled_one_gives_it_to_the_next_distribution() {
    let world = World::of(2).await;
    world.pay(world.each(40, 100)).await;
    world.freeze(1, true).await;
    let failed = world.create(world.each(70, 0)).await;
    world.execute(&failed.id).await;
    world.until(&failed.id, is(DistributionState::Failed)).await;
    assert_eq!(world.paid_in_order().await, [vec![110], vec![]]);
    assert_eq!(world.open().await, [], "it may be retried");
    let other = world.create(world.each(1, 0)).await;
    assert_eq!(number(totals(&other).brought_forward.as_ref()), 0);
    world.cancel(&other.id).await;
    world.freeze(1, false).await;
    let retry = RetryDistributionRequest { distribution_id: failed.id.clone(), payout_ids: Vec::new() };
    world.edge.distributions().retry_distribution(retry).await.expect("again");
    world.until(&failed.id, is(DistributionState::Completed)).await;
    assert_eq!(world.paid_in_order().await, [vec![110], vec![110]]);

    world.pay(world.each(30, 100)).await;
    world.freeze(0, true).await;
    let cancelled = world.create(patient(world.each(7, 0))).await;
    world.execute(&cancelled.id).await;
    let half = |found: &proto::distribution::v1::Distribution| {
        let paid = found.progress.as_ref().and_then(|progress| progress.paid.as_ref());
        paid.is_some_and(|paid| paid.payouts == 1)
    };
    world.until(&cancelled.id, half).await;
    world.cancel(&cancelled.id).await;
    world.until(&cancelled.id, is(DistributionState::Cancelled)).await;
    assert_eq!(world.open().await, [(0, 30)], "what is paid stays taken");
    world.freeze(0, false).await;
    world.pay(world.each(1, 0)).await;
    assert_eq!(world.paid_in_order().await, [vec![110, 31], vec![110, 37, 1]]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_pays_the_payouts_own_part_and_the_next_distribution_what_it_brought_forward() {
    let world = World::of(2).await;
    world.pay(world.each(40, 100)).await;
    world.freeze(1, true).await;
    let failed = world.create(world.each(70, 0)).await;
    world.execute(&failed.id).await;
    world.until(&failed.id, is(DistributionState::Failed)).await;
    let request = RerunDistributionRequest { distribution_id: failed.id.clone(), ..Default::default() };
    let answer = world.edge.distributions().rerun_distribution(request).await.expect("created").into_inner();
    let rerun = answer.distribution.expect("a distribution");
    let rerun = world.until(&rerun.id, is(DistributionState::Upcoming)).await;
    let owed = entitlements(&world.edge, &rerun.id).await;
    assert_eq!(owed.iter().map(|one| one.units.as_str()).collect::<Vec<_>>(), ["70"]);
    assert_eq!(world.open().await, [], "the old payout may be retried still");
    world.freeze(1, false).await;
    world.execute(&rerun.id).await;
    world.until(&rerun.id, is(DistributionState::Completed)).await;
    world.until(&failed.id, is(DistributionState::Completed)).await;
    assert_eq!(world.open().await, [(1, 40)]);
    world.pay(world.each(1, 0)).await;
    assert_eq!(world.paid_in_order().await, [vec![110, 1], vec![70, 41]]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cancelled_distribution_carried_forward_is_void_unless_another_has_taken_it() {
    let world = World::of(3).await;
    // The last two get next to nothing, and are carried forward; the first cannot receive, so that it goes on.
    let own = WithholdingRate {
        percent: "90".to_owned(),
        accounts: world.holders[1..].to_vec(),
        ..Default::default()
    };
    let withholding =
        Withholding { default_percent: "0".to_owned(), rates: vec![own], rounding: Rounding::Down.into() };
    let mistaken =
        CreateDistributionRequest { withholding: Some(withholding), ..patient(world.each(100, 50)) };
    world.freeze(0, true).await;
    let mistaken = world.create(mistaken).await;
    assert_eq!(world.open().await, [], "nothing is owed before it is executed");
    world.execute(&mistaken.id).await;
    world.until(&mistaken.id, |found| found.progress.is_some()).await;
    assert_eq!(world.open().await, [(1, 10), (2, 10)]);
    // One of them is taken.
    let hold = proto::distribution::v1::HolderDecision {
        account: world.holders[2].clone(),
        treatment: proto::distribution::v1::HolderTreatment::Hold.into(),
    };
    let taker = CreateDistributionRequest { holder_decisions: vec![hold], ..world.each(3, 0) };
    let taker = world.create(taker).await;
    world.cancel(&mistaken.id).await;
    world.until(&mistaken.id, is(DistributionState::Cancelled)).await;
    assert_eq!(world.open().await, []);
    let void = world.carried(CarryForwardStatus::Void).await;
    assert_eq!(void.iter().map(|one| one.account.as_str()).collect::<Vec<_>>(), [world.holders[2].as_str()]);
    world.freeze(0, false).await;
    world.execute(&taker.id).await;
    world.until(&taker.id, is(DistributionState::Completed)).await;
    world.pay(world.each(1, 0)).await;
    assert_eq!(world.paid_in_order().await, [vec![3, 1], vec![13, 1], vec![1]]);
    world.stop().await;
}
