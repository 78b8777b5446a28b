//! A bond's principal from import to the ledger: through the gateway, on the sandbox, paid once.

use std::collections::BTreeMap;
use std::time::Duration;

use auth::Role;
use bursar_tests::seen::{is, owed, paid_once, reason, until};
use proto::distribution::v1::{
    CreateRedemptionRequest, Distribution, DistributionState, ExecuteRedemptionRequest,
};
use test_harness::{Edge, Harness, Processes, Program, SandboxControl, Scenario, Terms, wait};

const ROLES: [Role; 4] = [Role::Payout, Role::Cashout, Role::PaymentTokenManager, Role::Admin];
/// Midsummer of 2024.
const MATURED_S: i64 = 1_719_705_600;
/// A day in 2099.
const FAR_S: i64 = 4_072_464_000;
const WITHIN: Duration = Duration::from_mins(2);

async fn create(edge: &Edge, request: CreateRedemptionRequest) -> Distribution {
    let answer = edge.redemptions().create_redemption(request).await.expect("created").into_inner();
    answer.distribution.expect("a redemption")
}

/// Nothing is owed by a redemption that comes after all was paid.
async fn assert_nothing_left(edge: &Edge, scenario: &Scenario) {
    let again = create(edge, scenario.redemption()).await;
    let again = until(edge, &again.id, is(DistributionState::Upcoming)).await;
    assert_eq!(again.entitlements.expect("calculated").payee_count, 0);
    let execute = ExecuteRedemptionRequest { distribution_id: again.id };
    let refused = edge.redemptions().execute_redemption(execute).await.expect_err("nobody is paid");
    assert_eq!(reason(&refused), "NO_PAYEES");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_that_matured_is_redeemed_by_holder_and_then_in_full_and_after_that_not_again() {
    let harness = Harness::start().await.expect("started");
    let edge = harness.edge("ann", &ROLES).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    let terms = Terms { holders: 60, maturity_s: Some(FAR_S), ..Terms::default() };
    let early = Scenario::build(&edge, &control, terms).await.expect("built");
    let refused = edge.redemptions().create_redemption(early.redemption()).await.expect_err("not yet");
    assert_eq!(reason(&refused), "BOND_NOT_MATURED");

    let terms = Terms { maturity_s: Some(MATURED_S), ..terms };
    let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
    let all = create(&edge, scenario.redemption()).await;
    until(&edge, &all.id, is(DistributionState::Upcoming)).await;
    let whole = owed(&edge, &all.id).await;
    let cancel = proto::distribution::v1::CancelRedemptionRequest {
        distribution_id: all.id,
        reason: "one first".to_owned(),
    };
    edge.redemptions().cancel_redemption(cancel).await.expect("cancelled");

    let (first, _) = whole.iter().next().expect("a holder");
    let request = CreateRedemptionRequest { accounts: vec![first.clone()], ..scenario.redemption() };
    let one = create(&edge, CreateRedemptionRequest { execute_now: true, ..request }).await;
    until(&edge, &one.id, is(DistributionState::Completed)).await;
    let seen = paid_once(&control, &scenario.payment_token_id).await;
    assert_eq!(seen, BTreeMap::from([(first.clone(), whole[first])]));

    let rest = create(&edge, CreateRedemptionRequest { execute_now: true, ..scenario.redemption() }).await;
    until(&edge, &rest.id, is(DistributionState::Completed)).await;
    assert_eq!(paid_once(&control, &scenario.payment_token_id).await, whole);
    assert_nothing_left(&edge, &scenario).await;
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn principal_is_paid_once_though_distribution_and_execution_are_killed_in_the_middle() {
    let settings = [(Program::Distribution, "BURSAR_LEASE_S", "2")];
    let mut processes = Processes::start_with(&settings).await.expect("started");
    let edge = processes.edge("ann", &ROLES).expect("an address");
    let control = processes.control().expect("a sandbox");
    let terms = Terms {
        holders: 1_500,
        batch_size: 20,
        parallelism: 2,
        maturity_s: Some(MATURED_S),
        ..Terms::default()
    };
    let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
    let lost = serde_json::json!({ "kind": "lost_after", "percent": 10, "seed": 1 });
    control.set_fault(&lost).await.expect("set");
    let request = CreateRedemptionRequest { execute_now: true, ..scenario.redemption() };
    let redemption = create(&edge, request.clone()).await;
    // While it freezes balances or calculates.
    restart(&mut processes, Program::Distribution).await;
    // Another one of the same bond must not come in between.
    let rival = create(&edge, request).await;
    effects(&control, &scenario, 40).await;
    restart(&mut processes, Program::Distribution).await;
    effects(&control, &scenario, 200).await;
    processes.kill(Program::Distribution).expect("killed");
    restart(&mut processes, Program::Execution).await;
    processes.spawn(Program::Distribution).expect("started");
    processes.ready(Program::Distribution).await.expect("ready");

    let ended = |found: &Distribution| {
        // One pays everybody; the other finds nobody, or that newer balances were counted before its own.
        matches!(
            found.state(),
            DistributionState::Completed | DistributionState::Paused | DistributionState::Failed
        )
    };
    let redemptions = [until(&edge, &redemption.id, ended).await, until(&edge, &rival.id, ended).await];
    let completed = redemptions.iter().filter(|found| found.state() == DistributionState::Completed);
    let completed: Vec<_> = completed.collect();
    assert_eq!(completed.len(), 1, "{redemptions:?}");
    let whole = owed(&edge, &completed[0].id).await;
    assert!(whole.len() > 1_000, "{} payees", whole.len());
    assert_eq!(paid_once(&control, &scenario.payment_token_id).await, whole);
    control.clear_faults().await.expect("cleared");
    assert_nothing_left(&edge, &scenario).await;
}

async fn restart(processes: &mut Processes, program: Program) {
    processes.restart(program).expect("killed and started");
    processes.ready(program).await.expect("ready");
}

/// Waits until the ledger shows so many effects.
async fn effects(control: &SandboxControl, scenario: &Scenario, count: usize) {
    let seen = wait::until("payments", WITHIN, async || {
        let effects = control.effects(&scenario.payment_token_id).await?;
        Ok::<_, test_harness::ControlError>((effects.len() >= count).then_some(()))
    });
    seen.await.expect("paid");
}
