//! The suite in this process.

use auth::Role;
use proto::asset::v1::ListAssetsRequest;
use test_harness::{Harness, Scenario, Terms};

const ALL: [Role; 3] = [Role::Payout, Role::PaymentTokenManager, Role::Admin];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_is_there_after_a_restart_and_nothing_without_a_token() {
    let harness = Harness::start().await.expect("started");
    let edge = harness.edge("ann", &ALL).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    let scenario =
        Scenario::build(&edge, &control, Terms { holders: 20, ..Terms::default() }).await.expect("built");

    let nobody = harness.anonymous().await.expect("connected");
    let refused = nobody.assets().list_assets(ListAssetsRequest::default()).await.expect_err("no token");
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);

    let harness = harness.restart().await.expect("started again");
    let edge = harness.edge("ann", &[Role::Viewer]).await.expect("connected");
    let assets =
        edge.assets().list_assets(ListAssetsRequest::default()).await.expect("listed").into_inner().assets;
    assert_eq!(assets.first().map(|asset| asset.id.as_str()), Some(scenario.asset_id.as_str()));
    harness.stop().await.expect("stopped");
}
