//! What is brought forward is open again only with what is proven unpaid, and void with what is cancelled.

use proto::distribution::v1::{
    CarryForwardStatus, CreateDistributionRequest, Distribution, DistributionState, RerunDistributionRequest,
    Rounding, UpdateDistributionRequest, Withholding, WithholdingRate,
};
use proto::execution::v1::RetryPolicy;

use bursar_tests::seen;
use serde_json::json;

use crate::world::{Sort, World, start, units};

/// The distribution once this version of its terms is calculated.
async fn version(world: &World, id: &str, version: u32) -> Distribution {
    let calculated = seen::is(DistributionState::Upcoming);
    seen::until(&world.edge, id, |found| found.version == version && calculated(found)).await
}

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

/// Whether one of two payees is paid.
fn half(found: &Distribution) -> bool {
    let paid = found.progress.as_ref().and_then(|progress| progress.paid.as_ref());
    paid.is_some_and(|paid| paid.payouts == 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_before_anything_is_sent_and_a_change_of_the_terms_open_it_again() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5; 2]).await;
    world.pay(world.each_from(40, 100)).await;
    let created = world.create(world.each(70)).await;
    assert_eq!(world.open().await, [0; 2]);
    world.cancel(&created.id).await;
    assert_eq!(world.open().await, [40, 40]);

    let created = world.create(world.each(70)).await;
    let change = UpdateDistributionRequest {
        distribution_id: created.id.clone(),
        version: 1,
        minimum_amount: Some(world.units(1_000)),
        ..UpdateDistributionRequest::default()
    };
    world.edge.distributions().update_distribution(change).await.expect("changed");
    let changed = version(&world, &created.id, 2).await;
    assert_eq!(changed.entitlements.expect("calculated").carried_count, 2);
    assert_eq!(
        world.open().await,
        [40, 40],
        "it pays nobody any more, and owes nothing before it is executed"
    );
    let back = UpdateDistributionRequest {
        distribution_id: created.id.clone(),
        version: 2,
        minimum_amount: Some(world.units(0)),
        ..UpdateDistributionRequest::default()
    };
    world.edge.distributions().update_distribution(back).await.expect("changed");
    version(&world, &created.id, 3).await;
    assert_eq!(world.open().await, [0; 2]);
    world.execute(&created.id, DistributionState::Completed).await;
    assert_eq!(world.paid().await, [(1, 110); 2]);
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_payout_keeps_it_for_its_retry_and_a_cancelled_one_gives_it_to_the_next_distribution() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5; 2]).await;
    world.pay(world.each_from(40, 100)).await;
    world.freeze(1, true).await;
    let failed = world.create(world.each(70)).await;
    world.execute(&failed.id, DistributionState::Failed).await;
    assert_eq!(world.paid().await, [(1, 110), (0, 0)]);
    assert_eq!(world.open().await, [0; 2], "it may be retried");
    let other = world.create(world.each(1)).await;
    assert_eq!(units(other.entitlements.as_ref().expect("calculated").brought_forward.as_ref()), 0);
    world.cancel(&other.id).await;
    world.freeze(1, false).await;
    world.retry(&failed.id).await;
    world.until(&failed.id, DistributionState::Completed).await;
    assert_eq!(world.paid().await, [(1, 110); 2]);

    world.pay(world.each_from(30, 100)).await;
    world.freeze(0, true).await;
    let cancelled = world.create(patient(world.each(7))).await;
    seen::execute(&world.edge, &cancelled.id).await;
    seen::until(&world.edge, &cancelled.id, half).await;
    world.cancel(&cancelled.id).await;
    assert_eq!(world.open().await, [30, 0], "what is paid stays taken");
    world.freeze(0, false).await;
    world.pay(world.each(1)).await;
    assert_eq!(world.paid().await, [(2, 141), (3, 148)]);
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_associated_when_it_is_cancelled_is_paid_what_was_brought_forward_by_the_next_one() {
    let (harness, edge, control) = start().await;
    // The second has room for no token that it does not ask for.
    let closed = json!({ "max_automatic_token_associations": 0 });
    let holders = vec![
        control.create_account(&json!({})).await.expect("an account"),
        control.create_account(&closed).await.expect("an account"),
    ];
    let world = World::of(&edge, &control, Sort::Shares, holders, &[5; 2]).await;
    world.pay(world.each_from(40, 100)).await;
    let cancelled = world.create(patient(world.each(70))).await;
    seen::execute(&world.edge, &cancelled.id).await;
    seen::until(&world.edge, &cancelled.id, half).await;
    assert_eq!(world.open().await, [0; 2]);
    world.cancel(&cancelled.id).await;
    assert_eq!(world.paid().await, [(1, 110), (0, 0)]);
    assert_eq!(world.open().await, [0, 40], "the own part of what is cancelled is owed no more");
    world.associate(1, true).await;
    let next = world.pay(world.each(1)).await;
    assert_eq!(world.paid().await, [(2, 111), (1, 41)]);
    let carries = world.carries().await;
    let by = |place: usize| {
        let of = carries.iter().find(|one| one.account == world.holders[place]).expect("it was carried");
        (of.status(), of.taken_by.clone())
    };
    assert_eq!(by(0), (CarryForwardStatus::Taken, cancelled.id), "what is paid stays with who paid it");
    assert_eq!(by(1), (CarryForwardStatus::Taken, next.id));
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_pays_the_payouts_own_part_and_the_next_distribution_what_it_brought_forward() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5; 2]).await;
    world.pay(world.each_from(40, 100)).await;
    world.freeze(1, true).await;
    let failed = world.create(world.each(70)).await;
    world.execute(&failed.id, DistributionState::Failed).await;
    let request = RerunDistributionRequest { distribution_id: failed.id.clone(), ..Default::default() };
    let answer = world.edge.distributions().rerun_distribution(request).await.expect("created").into_inner();
    let rerun = answer.distribution.expect("a distribution");
    let rerun = world.until(&rerun.id, DistributionState::Upcoming).await;
    let owed = seen::entitlements(&world.edge, &rerun.id).await;
    assert_eq!(owed.iter().map(|one| one.units.as_str()).collect::<Vec<_>>(), ["70"]);
    assert_eq!(world.open().await, [0; 2], "the old payout may be retried still");
    world.freeze(1, false).await;
    world.execute(&rerun.id, DistributionState::Completed).await;
    world.until(&failed.id, DistributionState::Completed).await;
    assert_eq!(world.open().await, [0, 40]);
    world.pay(world.each(1)).await;
    assert_eq!(world.paid().await, [(2, 111), (2, 111)]);
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cancelled_distribution_carried_forward_is_void_unless_another_has_taken_it() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5; 3]).await;
    // The last two get next to nothing, and are carried forward; the first cannot receive, so that it goes on.
    let own = WithholdingRate {
        percent: "90".to_owned(),
        accounts: world.holders[1..].to_vec(),
        ..Default::default()
    };
    let withholding =
        Withholding { default_percent: "0".to_owned(), rates: vec![own], rounding: Rounding::Down.into() };
    let mistaken =
        CreateDistributionRequest { withholding: Some(withholding), ..patient(world.each_from(100, 50)) };
    world.freeze(0, true).await;
    let mistaken = world.create(mistaken).await;
    assert_eq!(world.open().await, [0; 3], "nothing is owed before it is executed");
    seen::execute(&world.edge, &mistaken.id).await;
    seen::until(&world.edge, &mistaken.id, |found| found.progress.is_some()).await;
    assert_eq!(world.open().await, [0, 10, 10]);
    // One of them is taken.
    let hold = world.decide(2, proto::distribution::v1::HolderTreatment::Hold);
    let taker = CreateDistributionRequest { holder_decisions: vec![hold], ..world.each(3) };
    let taker = world.create(taker).await;
    world.cancel(&mistaken.id).await;
    assert_eq!(world.open().await, [0; 3]);
    let void = world.carries().await.into_iter().filter(|one| one.status() == CarryForwardStatus::Void);
    assert_eq!(void.map(|one| one.account).collect::<Vec<_>>(), [world.holders[2].clone()]);
    world.freeze(0, false).await;
    world.execute(&taker.id, DistributionState::Completed).await;
    world.pay(world.each(1)).await;
    assert_eq!(world.paid().await, [(2, 4), (2, 14), (1, 1)]);
    harness.stop().await.expect("stopped");
}
