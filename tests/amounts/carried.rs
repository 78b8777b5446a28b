//! What is below the minimum waits for the payee's next distribution, and is paid by one.

use proto::asset::v1::AddPaymentTokenRequest;
use proto::distribution::v1::{CarryForwardStatus, HolderDecision, HolderTreatment};
use serde_json::json;

use crate::world::{World, entitlements, number, totals};

const ROUNDS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_below_the_minimum_is_paid_once_by_the_next_distribution_that_reaches_it() {
    let world = World::of(3).await;
    let first = world.pay(world.each(40, 100)).await;
    assert!(first.progress.is_none(), "there is no run of it: {first:?}");
    assert_eq!((totals(&first).payee_count, totals(&first).carried_count), (0, 3));
    assert_eq!(world.open().await, [(0, 40), (1, 40), (2, 40)]);

    // Not enough yet, and the next is.
    world.pay(world.each(40, 100)).await;
    assert_eq!(world.open().await, [(0, 80), (1, 80), (2, 80)]);
    assert_eq!(world.paid().await.len(), 0);
    let third = world.pay(world.each(40, 100)).await;
    let sums = totals(&third);
    assert_eq!((number(sums.net.as_ref()), number(sums.brought_forward.as_ref())), (120, 240));
    assert_eq!(number(sums.payable.as_ref()), 360);
    world.pay(world.each(5, 0)).await;
    assert_eq!(world.paid_in_order().await, vec![vec![120, 5]; 3]);
    let taken = world.carried(CarryForwardStatus::Taken).await;
    assert_eq!(taken.len(), 6);
    assert!(taken.iter().all(|one| one.taken_by == third.id), "{taken:?}");
    assert_eq!(world.open().await, []);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_payment_token_and_whoever_is_held_or_left_out_take_nothing_and_who_sold_all_is_paid_it() {
    let world = World::of(4).await;
    world.pay(world.each(40, 100)).await;
    let hbar = AddPaymentTokenRequest { token: "hbar".to_owned() };
    let accepted = world.edge.payment_tokens().add_payment_token(hbar).await.expect("accepted").into_inner();
    let mut other = world.each(40, 0);
    other.payment_token = "hbar".to_owned();
    let Some(proto::distribution::v1::amount_rule::Rule::PerHolder(amount)) =
        other.amount_rule.as_mut().and_then(|rule| rule.rule.as_mut())
    else {
        panic!("an amount for each")
    };
    amount.asset = accepted.payment_token.expect("a token").code;
    let in_hbar = world.create(other).await;
    assert_eq!(number(totals(&in_hbar).brought_forward.as_ref()), 0);

    // The first sells everything to the second.
    let token = &world.scenario.token_id;
    let holdings = world.control.account(&world.holders[0]).await.expect("an account");
    let holding =
        holdings["tokens"].as_array().expect("tokens").iter().find(|one| one["token_id"] == **token);
    let all: u64 =
        holding.expect("it holds some")["units"].as_str().expect("digits").parse().expect("a number");
    let sale = json!({ "from": world.holders[0], "to": world.holders[1], "token": token, "units": all });
    world.control.move_units(&sale).await.expect("moved");
    // The network writes balances down from time to time; these are the next.
    world.control.store_balances().await.expect("written down");
    let decision = |place: usize, treatment: HolderTreatment| HolderDecision {
        account: world.holders[place].clone(),
        treatment: treatment.into(),
    };
    let decisions = vec![decision(2, HolderTreatment::Hold), decision(3, HolderTreatment::Exclude)];
    let request = proto::distribution::v1::CreateDistributionRequest {
        holder_decisions: decisions,
        ..world.each(5, 0)
    };
    let next = world.pay(request).await;
    assert_eq!(
        number(totals(&next).pool.as_ref()),
        10,
        "who holds nothing, and who is left out, is not counted"
    );
    assert_eq!(world.paid_in_order().await, [vec![40], vec![45], vec![], vec![]]);
    assert_eq!(world.open().await, [(2, 40), (3, 40)]);
    let former = entitlements(&world.edge, &next.id).await;
    let former = former.iter().find(|one| one.account == world.holders[0]).expect("it is a payee");
    assert_eq!(
        (former.balance.as_str(), former.gross_units.as_str(), former.units.as_str()),
        ("", "0", "40")
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_distributions_created_at_the_same_moment_one_brings_each_amount_forward() {
    let world = World::of(2).await;
    world.pay(world.each(40, 100)).await;
    let snapshot_id = totals(&world.create(world.each(1, 0)).await).snapshot_id.clone();
    // The one that has it by now.
    let holder = world.carried(CarryForwardStatus::Taken).await[0].taken_by.clone();
    world.cancel(&holder).await;
    let request = proto::distribution::v1::CreateDistributionRequest { snapshot_id, ..world.each(1, 0) };
    for round in 0..ROUNDS {
        let (one, other) = tokio::join!(world.create(request.clone()), world.create(request.clone()));
        let mut brought = [&one, &other].map(|made| number(totals(made).brought_forward.as_ref()));
        brought.sort_unstable();
        assert_eq!(brought, [0, 80], "round {round}");
        assert_eq!(world.open().await, []);
        world.cancel(&one.id).await;
        world.cancel(&other.id).await;
        assert_eq!(world.open().await, [(0, 40), (1, 40)], "round {round}");
    }
    let (one, other) = tokio::join!(world.pay(request.clone()), world.pay(request));
    assert_ne!(one.id, other.id);
    for mut paid in world.paid_in_order().await {
        paid.sort_unstable();
        assert_eq!(paid, [1, 41]);
    }
    world.stop().await;
}
