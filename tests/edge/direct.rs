//! Around the gateway: a service takes tokens of the services it trusts, made for itself, and nothing else.

use std::path::Path;

use auth::internal::ServiceKeys;
use auth::{Actor, Role, RoleSet};
use proto::asset::v1::GetAssetRequest;
use proto::asset::v1::asset_service_client::AssetServiceClient;
use serde_json::json;
use test_harness::{Credentials, Harness, Scenario, Terms};
use tonic::Code;
use tonic::transport::Endpoint;

use crate::calls::Server;
use crate::contract::{Who, methods};
use crate::tokens::Forger;

const SERVERS: [&str; 4] = ["asset", "holder-sync", "distribution", "execution"];
/// Takes calls of the gateway alone; the others take those of the distribution service too.
const DISTRIBUTION: &str = "distribution";

/// What `caller` would show to `target` in the name of `actor`.
fn token(keys: &Path, caller: &str, target: &str, actor: &Actor) -> String {
    ServiceKeys::load(keys, caller, &[]).expect("the caller's key").issuer().token(target, actor)
}

/// Somebody with every role, whose call the gateway hands over.
fn root() -> Actor {
    Actor::user("root", Role::ALL.into_iter().fold(RoleSet::EMPTY, RoleSet::with), "gateway")
}

fn bad_tokens(harness: &Harness, target: &str, foreign_keys: &Path) -> Vec<(&'static str, Option<String>)> {
    let keys = harness.suite().layout().service_keys();
    let good = token(&keys, "gateway", target, &root());
    let forger = Forger::of(&good, &keys.join("gateway.pem"));
    let other = SERVERS.into_iter().find(|server| *server != target).unwrap_or_default();
    vec![
        ("no token", None),
        ("nonsense", Some("nonsense".to_owned())),
        ("a good token of the edge", Some(harness.token("root", &Role::ALL))),
        ("expired", Some(forger.expired())),
        ("for another service", Some(token(&keys, "gateway", other, &root()))),
        ("good for a day", Some(forger.with(&json!({ "exp": 4_000_000_000_u64 })))),
        ("signed by a stranger", Some(forger.signed_by(&foreign_keys.join("gateway.pem")))),
        (
            "of a service that nobody trusts",
            Some(token(&keys, "execution", target, &Actor::service("execution"))),
        ),
        ("in another service's name", Some(forger.with(&json!({ "sub": "service:distribution" })))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_service_can_be_called_around_the_gateway_without_a_token_made_for_it() {
    let harness = Harness::start().await.expect("started");
    let foreign_keys = tempfile::tempdir().expect("a temporary folder");
    auth::keys::generate(foreign_keys.path(), &["gateway"]).expect("written");
    for target in SERVERS {
        let server = Server::connect(&harness.suite().url(target)).await;
        for (what, token) in bad_tokens(&harness, target, foreign_keys.path()) {
            for method in methods().into_iter().filter(|method| method.server == target) {
                let call = server.call(&method.path, token.as_deref()).await;
                if method.who == Who::Anybody && token.is_none() {
                    continue;
                }
                assert_eq!(call.code, Code::Unauthenticated, "{what}: {call:?}");
            }
        }
    }
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_check_roles_again_and_take_internal_calls_from_services_alone() {
    let harness = Harness::start().await.expect("started");
    let keys = harness.suite().layout().service_keys();
    let nobody = Actor::user("nobody", RoleSet::EMPTY, "gateway");
    for method in methods() {
        let server = Server::connect(&harness.suite().url(method.server)).await;
        let by_gateway = async |actor: &Actor| {
            let token = token(&keys, "gateway", method.server, actor);
            server.call(&method.path, Some(&token)).await
        };
        let (root, nobody) = (by_gateway(&root()).await, by_gateway(&nobody).await);
        if method.who == Who::Services {
            assert_eq!(
                root.code,
                Code::PermissionDenied,
                "the gateway hands over no internal call: {root:?}"
            );
        } else {
            assert!(root.was_served(), "the gateway, for somebody with every role: {root:?}");
        }
        if method.who != Who::Anybody {
            assert_eq!(nobody.code, Code::PermissionDenied, "for somebody without a role: {nobody:?}");
        }
        if method.server != DISTRIBUTION {
            let token = token(&keys, DISTRIBUTION, method.server, &Actor::service(DISTRIBUTION));
            let call = server.call(&method.path, Some(&token)).await;
            assert!(call.was_served(), "the distribution service by itself: {call:?}");
        }
    }
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_asks_by_itself_gets_the_whole_answer_though_others_are_asked_for_it() {
    let harness = Harness::start().await.expect("started");
    let everybody = [Role::Payout, Role::PaymentTokenManager, Role::Admin];
    let edge = harness.edge("ann", &everybody).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    let scenario =
        Scenario::build(&edge, &control, Terms { holders: 5, ..Terms::default() }).await.expect("built");

    let keys = harness.suite().layout().service_keys();
    let token = token(&keys, DISTRIBUTION, "asset", &Actor::service(DISTRIBUTION));
    let endpoint = Endpoint::from_shared(harness.suite().url("asset")).expect("an address");
    let channel = endpoint.connect().await.expect("the service is there");
    let credentials = Credentials::bearer(&token).expect("a token");
    let mut assets = AssetServiceClient::with_interceptor(channel, credentials);
    let request = GetAssetRequest { asset_id: scenario.asset_id };
    let asset = assets.get_asset(request).await.expect("it is there").into_inner().asset.expect("an asset");
    assert_eq!(asset.sync.map(|sync| sync.holder_count), Some(5), "the holder service was asked for it");
    harness.stop().await.expect("stopped");
}
