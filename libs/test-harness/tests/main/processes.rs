//! The suite as processes.

use std::collections::HashMap;
use std::time::Duration;

use auth::Role;
use proto::distribution::v1::{DistributionState, ExecuteDistributionRequest, GetDistributionRequest};
use test_harness::{HarnessError, Processes, Program, Scenario, Terms, wait};

const ALL: [Role; 3] = [Role::Payout, Role::PaymentTokenManager, Role::Admin];
const PAID_WITHIN: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_paid_once_though_execution_is_killed_and_frozen() {
    let mut processes = Processes::start().await.expect("started");
    let edge = processes.edge("ann", &ALL).expect("an address");
    let control = processes.control().expect("a sandbox");
    let terms = Terms { holders: 2000, batch_size: 20, parallelism: 2, ..Terms::default() };
    let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
    let distribution = scenario.create(&edge).await.expect("created");
    // Some answers are lost, so that there is doubt when it dies.
    let lost = serde_json::json!({ "kind": "lost_after", "percent": 20, "seed": 1 });
    control.set_fault(&lost).await.expect("set");
    let execute = ExecuteDistributionRequest { distribution_id: distribution.id.clone() };
    edge.distributions().execute_distribution(execute).await.expect("executed");

    effects(&control, &scenario, 50).await;
    processes.kill(Program::Execution).expect("killed");
    processes.spawn(Program::Execution).expect("started");
    processes.spawn(Program::SecondExecution).expect("started");
    processes.ready(Program::Execution).await.expect("ready");
    processes.freeze(Program::Execution).await.expect("frozen");
    assert!(processes.is_frozen(Program::Execution).expect("known"));
    tokio::time::sleep(Duration::from_secs(4)).await;
    processes.thaw(Program::Execution).expect("thawed");

    let state = wait::until("the end of the distribution", PAID_WITHIN, async || {
        let request = GetDistributionRequest { distribution_id: distribution.id.clone() };
        let answer = match edge.distributions().get_distribution(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) if status.code() == tonic::Code::Unavailable => return Ok(None),
            Err(status) => return Err(HarnessError::from(status)),
        };
        let state = answer.distribution.map(|found| found.state()).unwrap_or_default();
        Ok((state != DistributionState::Ongoing).then_some(state))
    });
    assert_eq!(state.await.expect("it ends"), DistributionState::Completed);
    let mut paid: HashMap<String, u32> = HashMap::new();
    for effect in control.effects(&scenario.payment_token_id).await.expect("the ledger") {
        *paid.entry(effect.account).or_default() += 1;
    }
    assert!(paid.values().all(|effects| *effects == 1));
    let payees = distribution.entitlements.expect("calculated").payee_count;
    assert_eq!(u32::try_from(paid.len()), Ok(payees));
}

/// Waits until the ledger shows so many effects.
async fn effects(control: &test_harness::SandboxControl, scenario: &Scenario, count: usize) {
    let seen = wait::until("the first payments", PAID_WITHIN, async || {
        let effects = control.effects(&scenario.payment_token_id).await?;
        Ok::<_, test_harness::ControlError>((effects.len() >= count).then_some(()))
    });
    seen.await.expect("paid");
}
