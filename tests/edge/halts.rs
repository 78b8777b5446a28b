//! What an operator had to end goes on by itself once it has ended, from the distribution's side.

use auth::Role;
use bursar_tests::seen;
use proto::distribution::v1::{CreateDistributionRequest, DistributionState, ExecuteDistributionRequest};
use proto::execution::v1::{ListAlertsRequest, SetLimitsRequest};
use serde_json::json;
use test_harness::{Harness, Scenario, Terms, fast};
use tonic_types::StatusExt as _;

const ROLES: [Role; 3] = [Role::Payout, Role::PaymentTokenManager, Role::Admin];

#[tokio::test(flavor = "multi_thread")]
async fn a_distribution_waits_for_funds_and_then_for_the_days_limit_and_nobody_has_to_retry_it() {
    let eager = |mut config: test_harness::SuiteConfig| {
        config.execution.recovery_ms = 200;
        fast(config)
    };
    let harness = Harness::start_with(eager).await.expect("started");
    let edge = harness.edge("ann", &ROLES).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    let scenario = Scenario::build(&edge, &control, Terms { holders: 20, ..Terms::default() }).await;
    let scenario = scenario.expect("built");
    let limit = async |per_day: &str| {
        let request = SetLimitsRequest {
            funding_account_id: scenario.funding_account_id.clone(),
            asset: scenario.payment_code.clone(),
            per_day: per_day.to_string(),
            reason: "the board says so".to_owned(),
            ..SetLimitsRequest::default()
        };
        edge.funding_accounts().set_limits(request).await.expect("set");
    };
    limit("1").await;
    let operator = control.network().await.expect("a network").operator.account_id;
    let held = control.account(&operator).await.expect("an account");
    let held = held["tokens"].as_array().and_then(|all| {
        let own = all.iter().find(|one| one["token_id"] == scenario.payment_token_id.as_str())?;
        own["units"].as_str()?.parse::<u64>().ok()
    });
    let held = held.expect("it holds the payment token");
    let vault = control.create_account(&json!({})).await.expect("an account");
    let send = async |from: &str, to: &str| {
        let all = json!({ "token": scenario.payment_token_id, "from": from, "to": to, "units": held });
        control.move_units(&all).await.expect("moved");
    };
    send(&operator, &vault).await;

    let now = CreateDistributionRequest { execute_now: true, ..scenario.request.clone() };
    let id = seen::create(&edge, now).await.id;
    let paused_for = async |reason: &str| {
        let paused = seen::until(&edge, &id, |found| {
            found.failure.as_ref().is_some_and(|failure| failure.reason == reason)
        });
        let paused = paused.await;
        assert_eq!(paused.state(), DistributionState::Paused);
        assert!(paused.failure.expect("it says why").hint.contains("by itself"));
    };
    paused_for("FUNDING_SHORT").await;
    send(&vault, &operator).await;
    paused_for("DAILY_LIMIT_BELOW_BATCH").await;
    assert!(control.effects(&scenario.payment_token_id).await.expect("the ledger").is_empty());
    limit("").await;
    let paid = seen::until(&edge, &id, seen::is(DistributionState::Completed)).await;
    assert_eq!(paid.failure, None);
    assert_eq!(control.effects(&scenario.payment_token_id).await.expect("the ledger").len(), 20);
    let all = ListAlertsRequest { include_ended: true, ..ListAlertsRequest::default() };
    let alerts = edge.alerts().list_alerts(all).await.expect("a page").into_inner().alerts;
    assert!(alerts.iter().all(|alert| alert.ended_by_itself && alert.distribution_id == id), "{alerts:?}");
    assert_eq!(alerts.len(), 1);
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_that_the_issuer_adds_once_the_token_is_accepted_is_in_the_way_until_it_is_gone() {
    let harness = Harness::start_with(fast).await.expect("started");
    let edge = harness.edge("ann", &ROLES).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    let scenario = Scenario::build(&edge, &control, Terms { holders: 20, ..Terms::default() }).await;
    let scenario = scenario.expect("built");
    let fees = async |fees: serde_json::Value| {
        let patch = json!({ "custom_fees": fees });
        control.update_token(&scenario.payment_token_id, &patch).await.expect("set");
    };
    let id = seen::create(&edge, scenario.request.clone()).await.id;
    seen::until(&edge, &id, seen::is(DistributionState::Upcoming)).await;
    // One part in a hundred of what a payee is sent.
    let fraction = json!({
        "kind": "fractional", "numerator": 1, "denominator": 100, "collector": "0.0.98", "net_of_transfers": false,
    });
    fees(json!([fraction])).await;

    let request = ExecuteDistributionRequest { distribution_id: id };
    let refused = edge.distributions().execute_distribution(request).await.expect_err("refused");
    let reason = refused.get_details_error_info().map(|info| info.reason);
    assert_eq!(reason.as_deref(), Some("TOKEN_HAS_FEE_ON_RECEIPT"), "{refused:?}");
    let draft = CreateDistributionRequest { validate_only: true, ..scenario.request.clone() };
    let preview = edge.distributions().create_distribution(draft).await.expect("a preview").into_inner();
    let blocking: Vec<String> = preview
        .preview
        .expect("a preview")
        .findings
        .into_iter()
        .filter(|found| found.blocking)
        .map(|found| found.reason)
        .collect();
    assert_eq!(blocking, ["TOKEN_HAS_FEE_ON_RECEIPT"]);
    let now = CreateDistributionRequest { execute_now: true, ..scenario.request.clone() };
    let id = seen::create(&edge, now).await.id;
    let paused = seen::until(&edge, &id, seen::is(DistributionState::Paused)).await;
    assert_eq!(paused.failure.expect("it says why").reason, "TOKEN_HAS_FEE_ON_RECEIPT");
    assert!(control.effects(&scenario.payment_token_id).await.expect("the ledger").is_empty());

    fees(json!([])).await;
    seen::until(&edge, &id, seen::is(DistributionState::Completed)).await;
    assert_eq!(control.effects(&scenario.payment_token_id).await.expect("the ledger").len(), 20);
    harness.stop().await.expect("stopped");
}
