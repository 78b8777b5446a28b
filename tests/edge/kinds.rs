//! Dividends and redemptions are different duties: neither role can do the other's work, whatever id it sends.

use auth::Role;
use proto::distribution::v1::redemption_service_client::RedemptionServiceClient;
use proto::distribution::v1::{
    CancelDistributionRequest, CancelRedemptionRequest, CreateRedemptionRequest, Distribution,
    ExecuteDistributionRequest, ExecuteRedemptionRequest, GetDistributionRequest, RetryDistributionRequest,
    RetryRedemptionRequest,
};
use test_harness::{Credentials, Edge, Harness, Scenario, Terms};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};

type Redemptions = RedemptionServiceClient<InterceptedService<Channel, Credentials>>;

async fn redemptions(harness: &Harness, role: Role) -> Redemptions {
    let credentials = Credentials::bearer(&harness.token("paula", &[role])).expect("a token");
    let endpoint = Endpoint::from_shared(harness.gateway().to_owned()).expect("an address");
    let channel = endpoint.connect().await.expect("the gateway is there");
    RedemptionServiceClient::with_interceptor(channel, credentials)
}

async fn read(edge: &Edge, id: &str) -> Distribution {
    let request = GetDistributionRequest { distribution_id: id.to_owned() };
    let answer = edge.distributions().get_distribution(request).await.expect("it is there");
    answer.into_inner().distribution.expect("it is in the answer")
}

fn code<T>(answer: Result<Response<T>, Status>) -> Code {
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[tokio::test(flavor = "multi_thread")]
async fn cashout_alone_changes_no_distribution_and_payout_alone_does_nothing_to_redemptions() {
    let harness = Harness::start().await.expect("started");
    let control = harness.control().expect("a sandbox");
    let everybody = [Role::Payout, Role::PaymentTokenManager, Role::Admin];
    let edge = harness.edge("ann", &everybody).await.expect("connected");
    let scenario =
        Scenario::build(&edge, &control, Terms { holders: 20, ..Terms::default() }).await.expect("built");
    let created = scenario.create(&edge).await.expect("created");
    let id = created.id.clone();
    let before = read(&edge, &id).await;

    let cashout = harness.edge("carl", &[Role::Cashout]).await.expect("connected");
    let mut distributions = cashout.distributions();
    let execute = ExecuteDistributionRequest { distribution_id: id.clone() };
    let retry = RetryDistributionRequest { distribution_id: id.clone() };
    let cancel = CancelDistributionRequest { distribution_id: id.clone(), reason: String::new() };
    let answers = [
        code(distributions.create_distribution(scenario.request.clone()).await),
        code(distributions.execute_distribution(execute).await),
        code(distributions.retry_distribution(retry).await),
        code(distributions.cancel_distribution(cancel).await),
    ];
    assert_eq!(answers, [Code::PermissionDenied; 4]);
    assert_eq!(read(&cashout, &id).await, before, "CASHOUT reads it, and it is as it was");
    assert!(control.effects(&scenario.payment_token_id).await.expect("the ledger").is_empty());

    assert_eq!(every_redemption(&harness, Role::Payout, &scenario, &id).await, [Code::PermissionDenied; 4]);
    // The right role is let through; what it finds there is for later.
    assert_eq!(every_redemption(&harness, Role::Cashout, &scenario, &id).await, [Code::Unimplemented; 4]);
    assert_eq!(read(&edge, &id).await, before);
    harness.stop().await.expect("stopped");
}

/// Calls every method of the redemption service with a real id.
async fn every_redemption(harness: &Harness, role: Role, scenario: &Scenario, id: &str) -> [Code; 4] {
    let mut redemptions = redemptions(harness, role).await;
    let id = || id.to_owned();
    let create = CreateRedemptionRequest {
        asset_id: scenario.asset_id.clone(),
        label: "Cash-out".to_owned(),
        payment_token: scenario.payment_token_id.clone(),
        funding_account_id: scenario.funding_account_id.clone(),
        accounts: Vec::new(),
    };
    [
        code(redemptions.create_redemption(create).await),
        code(redemptions.execute_redemption(ExecuteRedemptionRequest { distribution_id: id() }).await),
        code(redemptions.retry_redemption(RetryRedemptionRequest { distribution_id: id() }).await),
        code(
            redemptions
                .cancel_redemption(CancelRedemptionRequest { distribution_id: id(), reason: String::new() })
                .await,
        ),
    ]
}
