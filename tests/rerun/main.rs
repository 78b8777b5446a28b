//! Chosen retries and reruns from the gateway to the ledger: each payee is paid once, whoever was first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use auth::Role;
use bursar_tests::seen::{create, execute, is, paid, payees, reason, until};
use proto::distribution::v1::{
    CreateDistributionRequest, Distribution, DistributionAction, DistributionState, PayeeEdit,
    RerunDistributionRequest, RetryDistributionRequest,
};
use proto::execution::v1::{ListPayoutsRequest, Payout, PayoutStatus};
use proto::r#type::v1::recipient;
use serde_json::json;
use test_harness::{Edge, Harness, Scenario, Terms};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const ROLES: [Role; 4] = [Role::Payout, Role::PaymentTokenManager, Role::Admin, Role::Viewer];
/// Execution's own tests race the two 200 times, where it is decided; here all that is before it takes part.
const ROUNDS: usize = 24;
/// Rounds under way at the same time.
const AT_ONCE: usize = 4;
/// How much later whoever won starts in the rounds that follow, in milliseconds: so both come close.
const STEP_MS: i64 = 100;

async fn rerun(edge: &Edge, request: RerunDistributionRequest) -> Distribution {
    let answer = edge.distributions().rerun_distribution(request).await.expect("created").into_inner();
    let created = answer.distribution.expect("a distribution");
    until(edge, &created.id, is(DistributionState::Upcoming)).await
}

async fn payouts(edge: &Edge, run: &str) -> Vec<Payout> {
    let request = ListPayoutsRequest { run_id: run.to_owned(), page_size: 1_000, ..Default::default() };
    edge.execution().list_payouts(request).await.expect("a page").into_inner().payouts
}

fn account(payout: &Payout) -> String {
    let Some(recipient::Kind::HederaAccount(account)) =
        payout.recipient.as_ref().and_then(|recipient| recipient.kind.clone())
    else {
        panic!("a payout to nobody")
    };
    account
}

/// Creates and executes a distribution whose payees cannot all be paid; as it ended.
async fn failed(edge: &Edge, request: CreateDistributionRequest) -> Distribution {
    let id = create(edge, request).await.id;
    until(edge, &id, is(DistributionState::Upcoming)).await;
    execute(edge, &id).await;
    until(edge, &id, is(DistributionState::Failed)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unpaid_payee_is_retried_by_choice_and_another_replaced_by_a_rerun_and_each_is_paid_once() {
    let harness = Harness::start().await.expect("started");
    let edge = harness.edge("ann", &ROLES).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    let terms = Terms { holders: 4, ..Terms::default() };
    let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
    let token = scenario.payment_token_id.as_str();
    // Whom to freeze is known once they are payees.
    let created = scenario.create(&edge).await.expect("created");
    let payees = payees(&edge, &created.id).await;
    for payee in &payees[1..3] {
        control.relate(token, payee, &json!({ "frozen": true })).await.expect("frozen");
    }
    execute(&edge, &created.id).await;
    let old = until(&edge, &created.id, is(DistributionState::Failed)).await;
    assert!(old.allowed_actions().any(|action| action == DistributionAction::Rerun), "{old:?}");

    control.relate(token, &payees[1], &json!({ "frozen": false })).await.expect("unfrozen");
    let all = payouts(&edge, &old.run_id).await;
    let retry =
        RetryDistributionRequest { distribution_id: old.id.clone(), payout_ids: vec![all[1].id.clone()] };
    let retried = edge.distributions().retry_distribution(retry).await.expect("again").into_inner();
    assert_eq!(retried.retried, 1);
    let old = until(&edge, &old.id, |found| {
        let failed = found.progress.as_ref().and_then(|progress| progress.failed.clone());
        is(DistributionState::Failed)(found) && failed.is_some_and(|failed| failed.payouts == 1)
    })
    .await;

    // The other one moved, and gets something else.
    let elsewhere = control.create_account(&json!({})).await.expect("an account");
    let edit =
        PayeeEdit { account: payees[2].clone(), units: "12345".to_owned(), new_account: elsewhere.clone() };
    let request =
        RerunDistributionRequest { distribution_id: old.id.clone(), edits: vec![edit], ..Default::default() };
    let new = rerun(&edge, request).await;
    assert!(!paid(&control, token).await.contains_key(&elsewhere), "not before it is executed");
    execute(&edge, &new.id).await;
    until(&edge, &new.id, is(DistributionState::Completed)).await;
    let old = until(&edge, &old.id, is(DistributionState::Completed)).await;
    let superseded = old.progress.and_then(|progress| progress.superseded).map(|tally| tally.payouts);
    assert_eq!(superseded, Some(1));
    let all = payouts(&edge, &old.run_id).await;
    let by = payouts(&edge, &new.run_id).await;
    assert_eq!((all[2].status(), &all[2].superseded_by), (PayoutStatus::Superseded, &by[0].id));
    assert_eq!((account(&by[0]), &by[0].supersedes), (elsewhere.clone(), &all[2].id));

    control.relate(token, &payees[2], &json!({ "frozen": false })).await.expect("unfrozen");
    let retry = RetryDistributionRequest { distribution_id: old.id, payout_ids: Vec::new() };
    let refused = edge.distributions().retry_distribution(retry).await.expect_err("it was replaced");
    assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED");
    let seen = paid(&control, token).await;
    assert!(seen.values().all(|(times, _)| *times == 1), "{seen:?}");
    let accounts: Vec<&String> = seen.keys().collect();
    let mut expected = vec![&payees[0], &payees[1], &payees[3], &elsewhere];
    expected.sort();
    assert_eq!(accounts, expected);
    assert_eq!(seen[&elsewhere].1, 12_345);
    harness.stop().await.expect("stopped");
}

/// Who paid, of a rerun and a retry of the old distribution that were asked for at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Winner {
    Retry,
    Rerun,
}

async fn race(edge: &Edge, head_start_ms: &AtomicI64, old: &Distribution) -> Winner {
    let request = RerunDistributionRequest { distribution_id: old.id.clone(), ..Default::default() };
    let new = rerun(edge, request).await;
    let head_start = head_start_ms.load(Ordering::Relaxed);
    let retry = async {
        sleep_ms(head_start).await;
        let request = RetryDistributionRequest { distribution_id: old.id.clone(), payout_ids: Vec::new() };
        edge.distributions().retry_distribution(request).await.map(drop)
    };
    let start = async {
        sleep_ms(-head_start).await;
        execute(edge, &new.id).await;
    };
    let (retried, ()) = tokio::join!(retry, start);
    if let Err(refused) = retried {
        assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED", "the rerun was first: {refused}");
    }
    let new = until(edge, &new.id, |found| {
        is(DistributionState::Completed)(found) || is(DistributionState::Paused)(found)
    })
    .await;
    until(edge, &old.id, is(DistributionState::Completed)).await;
    if new.state() == DistributionState::Completed {
        head_start_ms.fetch_sub(STEP_MS, Ordering::Relaxed);
        return Winner::Rerun;
    }
    assert_eq!(new.failure.expect("why").reason, "PREDECESSOR_NOT_REPLACEABLE");
    head_start_ms.fetch_add(STEP_MS, Ordering::Relaxed);
    Winner::Retry
}

async fn sleep_ms(millis: i64) {
    if let Ok(millis) = u64::try_from(millis) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reruns_raced_by_retries_of_the_old_distributions_pay_each_payee_once() {
    let harness = Harness::start().await.expect("started");
    let edge = harness.edge("ann", &ROLES).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    let terms = Terms { holders: 2, pool: 1_000, ..Terms::default() };
    let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
    let token = scenario.payment_token_id.clone();
    // The first one shows who is paid; the others use its snapshot again.
    let first = scenario.create(&edge).await.expect("created");
    let payees = payees(&edge, &first.id).await;
    control.relate(&token, &payees[0], &json!({ "frozen": true })).await.expect("frozen");
    let snapshot_id = first.entitlements.expect("calculated").snapshot_id;
    let request = CreateDistributionRequest { snapshot_id, ..scenario.request.clone() };

    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut preparing = JoinSet::new();
    for _ in 0..ROUNDS {
        let (edge, request, places) = (edge.clone(), request.clone(), Arc::clone(&places));
        preparing.spawn(async move {
            let _place = places.acquire().await.expect("nobody closes it");
            failed(&edge, request).await
        });
    }
    let old = preparing.join_all().await;
    control.relate(&token, &payees[0], &json!({ "frozen": false })).await.expect("unfrozen");

    let head_start_ms = Arc::new(AtomicI64::new(0));
    let mut racing = JoinSet::new();
    for old in old {
        let (edge, places, head_start_ms) = (edge.clone(), Arc::clone(&places), Arc::clone(&head_start_ms));
        racing.spawn(async move {
            let _place = places.acquire().await.expect("nobody closes it");
            race(&edge, &head_start_ms, &old).await
        });
    }
    let winners = racing.join_all().await;
    for winner in [Winner::Retry, Winner::Rerun] {
        assert!(winners.contains(&winner), "{winner:?} never won, so this shows nothing of it");
    }
    let seen = paid(&control, &token).await;
    let expected: BTreeMap<String, usize> = payees.iter().map(|payee| (payee.clone(), ROUNDS)).collect();
    let times: BTreeMap<String, usize> =
        seen.into_iter().map(|(account, (times, _))| (account, times)).collect();
    assert_eq!(times, expected, "each payee once of each of the distributions");
    harness.stop().await.expect("stopped");
}
