//! Who may call what, and what every call needs.

use auth::{Actor, Role};
use proto::holder::v1::{
    BatchGetSyncStatusRequest, GetSyncStatusRequest, RegisterAssetRequest, SyncHoldersRequest,
};
use std::time::Duration;
use tonic::{Code, Request};

use crate::support::{Ground, fields, fresh_key, reason, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_an_internal_token_or_with_the_wrong_role_is_refused() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await.to_string();
    let bare = Request::new(GetSyncStatusRequest { asset_id: asset.clone() });
    assert_eq!(reason(replica.client().get_sync_status(bare).await).0, Code::Unauthenticated);
    let gateway = replica.peer();
    let viewer = user(&[Role::Viewer]);
    let sync = SyncHoldersRequest { asset_id: asset };
    let request = gateway.request_once(sync, &viewer, Duration::from_secs(5), &fresh_key());
    assert_eq!(reason(replica.client().sync_holders(request).await).0, Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_methods_are_closed_to_people_through_the_gateway() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await.to_string();
    let gateway = replica.peer();
    for actor in [user(&[Role::Admin]), Actor::service("gateway")] {
        let message = RegisterAssetRequest { asset_id: asset.clone(), token_id: token.clone() };
        let request = gateway.request(message, &actor, Duration::from_secs(5));
        assert_eq!(reason(replica.client().register_asset(request).await).0, Code::PermissionDenied);
        let message = BatchGetSyncStatusRequest { asset_ids: vec![asset.clone()] };
        let request = gateway.request(message, &actor, Duration::from_secs(5));
        assert_eq!(reason(replica.client().batch_get_sync_status(request).await).0, Code::PermissionDenied);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_effects_needs_a_key_and_the_key_one_request() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10").await;
    let replica = ground.replica().await;
    let one = SyncHoldersRequest { asset_id: replica.register(&token).await.to_string() };
    let two = SyncHoldersRequest { asset_id: replica.register(&token).await.to_string() };
    let refused = replica.client().sync_holders(replica.write_without_key(one.clone())).await;
    assert_eq!(reason(refused), (Code::InvalidArgument, "IDEMPOTENCY_KEY_REQUIRED".to_owned()));
    let key = fresh_key();
    let first =
        replica.client().sync_holders(replica.write_under(one.clone(), &key)).await.expect("accepted");
    replica.ended_sync(one.asset_id.parse().expect("an id")).await;
    let again = replica.client().sync_holders(replica.write_under(one, &key)).await.expect("accepted");
    assert_eq!(first.into_inner(), again.into_inner(), "the first answer, although the sync has ended since");
    let other_body = replica.client().sync_holders(replica.write_under(two, &key)).await;
    assert_eq!(reason(other_body), (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_id_is_named_as_the_field_that_does_not_fit() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10").await;
    let replica = ground.replica().await;
    replica.register(&token).await;
    let bad = GetSyncStatusRequest { asset_id: "ast_1".to_owned() };
    assert_eq!(fields(replica.client().get_sync_status(replica.read(bad)).await), ["asset_id"]);
    let bad = RegisterAssetRequest { asset_id: String::new(), token_id: "0.0".to_owned() };
    let refused = replica.client().register_asset(replica.internal(bad)).await;
    assert_eq!(fields(refused), ["asset_id", "token_id"]);
    let bad = BatchGetSyncStatusRequest { asset_ids: vec!["x".to_owned(); 2] };
    let refused = replica.client().batch_get_sync_status(replica.internal(bad)).await;
    assert_eq!(fields(refused), ["asset_ids[0]", "asset_ids[1]"]);
}
