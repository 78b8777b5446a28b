//! Who may call what, and what every call with effects needs.

use auth::Role;
use money::Network;
use proto::asset::v1::{AddPaymentTokenRequest, GetAssetRequest, PauseAssetRequest};
use tonic::{Code, Request};

use crate::support::{Service, equity, fields, fresh_key, reason, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_an_internal_token_or_with_the_wrong_role_is_refused() {
    let service = Service::start().await;
    let bare = Request::new(GetAssetRequest { asset_id: String::new() });
    assert_eq!(reason(service.assets().get_asset(bare).await).0, Code::Unauthenticated);
    let viewer = user(&[Role::Viewer]);
    let import = service.write_as(equity("0.0.5001"), &viewer, &fresh_key());
    assert_eq!(reason(service.assets().import_asset(import).await).0, Code::PermissionDenied);
    let payer = user(&[Role::Payout]);
    let pause = PauseAssetRequest { asset_id: String::new(), reason: "no".to_owned() };
    let pause = service.write_as(pause, &payer, &fresh_key());
    assert_eq!(reason(service.assets().pause_asset(pause).await).0, Code::PermissionDenied);
    let add = AddPaymentTokenRequest { token: "hbar".to_owned() };
    let add = service.write_as(add, &payer, &fresh_key());
    assert_eq!(reason(service.payment_tokens().add_payment_token(add).await).0, Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_effects_needs_a_key_and_the_key_one_request() {
    let service = Service::start().await;
    let one = equity(&service.sandbox.token(serde_json::json!({})).await);
    let two = equity(&service.sandbox.token(serde_json::json!({})).await);
    let refused = service.assets().import_asset(service.write_without_key(one.clone())).await;
    assert_eq!(reason(refused), (Code::InvalidArgument, "IDEMPOTENCY_KEY_REQUIRED".to_owned()));
    let key = fresh_key();
    let first =
        service.assets().import_asset(service.write_under(one.clone(), &key)).await.expect("imported");
    let again = service.assets().import_asset(service.write_under(one, &key)).await.expect("imported");
    assert_eq!(first.into_inner(), again.into_inner());
    let refused = service.assets().import_asset(service.write_under(two.clone(), &key)).await;
    assert_eq!(reason(refused), (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    let unknown = service.assets().import_asset(service.write_under(equity("0.0.999999"), &key)).await;
    assert_eq!(
        reason(unknown),
        (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED".to_owned()),
        "the key is looked at first"
    );
    let listed =
        service.assets().list_assets(service.read(proto::asset::v1::ListAssetsRequest::default())).await;
    assert_eq!(listed.expect("a list").into_inner().assets.len(), 1, "nothing half done");
    let bob = auth::Actor::user("bob", [Role::Payout].into(), "gateway");
    let of_another = service.assets().import_asset(service.write_as(two, &bob, &key)).await;
    assert!(of_another.is_ok(), "one caller's keys never meet another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_or_unknown_asset_id_is_told_apart() {
    let service = Service::start().await;
    let get = async |asset_id: &str| {
        service.assets().get_asset(service.read(GetAssetRequest { asset_id: asset_id.to_owned() })).await
    };
    for bad in ["", "ast_1", "dst_0190f3c85d0e7a3b8c4d5e6f708192ab"] {
        assert_eq!(fields(get(bad).await), ["asset_id"], "{bad}");
    }
    let unknown = get("ast_0190f3c85d0e7a3b8c4d5e6f708192ab").await;
    assert_eq!(reason(unknown), (Code::NotFound, "ASSET_NOT_FOUND".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_network_refuses_to_start() {
    let error = Service::start().await.restart_on(Network::Mainnet).await;
    assert!(error.contains("sandbox") && error.contains("mainnet"), "{error}");
}
