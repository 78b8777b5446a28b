//! The layer in front of a service that answers whom it saw.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response, header::AUTHORIZATION};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::AuthLayer;
use crate::actor::Actor;
use crate::internal::{Issuer, ServiceKeys};
use crate::keys;
use crate::policy::PolicyTable;
use crate::role::Role;
use crate::testing::descriptor_set;

const METHODS: &str = "
    rpc Pay(M) returns (M) { option (bursar.auth.v1.policy) = { any_of: { roles: [ROLE_PAYOUT] } }; }
    rpc Start(M) returns (M) { option (bursar.auth.v1.policy) = { internal: true }; }
    rpc Hello(M) returns (M) { option (bursar.auth.v1.policy) = { public: true }; }";

struct Fixture {
    layer: AuthLayer,
    gateway: Arc<Issuer>,
    distribution: Arc<Issuer>,
    _dir: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Fixture {
        let dir = tempfile::tempdir().expect("a temporary folder");
        keys::generate(dir.path(), &["gateway", "distribution", "execution"]).expect("written");
        let load =
            |name, trusted: &[&str]| ServiceKeys::load(dir.path(), name, trusted).expect("just written");
        let policies = PolicyTable::from_descriptor_set(&descriptor_set("bursar.test.v1", METHODS));
        let verifier = load("execution", &["gateway", "distribution"]).verifier();
        Fixture {
            layer: AuthLayer::new(verifier, Arc::new(policies.expect("every method has a policy"))),
            gateway: load("gateway", &[]).issuer(),
            distribution: load("distribution", &[]).issuer(),
            _dir: dir,
        }
    }

    /// The status of a call, and whom the service saw when it was reached.
    async fn call(&self, path: &str, token: Option<(&Issuer, &Actor)>) -> (String, Option<Actor>) {
        let service = service_fn(|request: Request<()>| async move {
            assert!(!request.headers().contains_key(AUTHORIZATION), "the service saw a token");
            let mut response = Response::new(());
            if let Some(actor) = request.extensions().get::<Actor>() {
                response.extensions_mut().insert(actor.clone());
            }
            Ok::<_, Infallible>(response)
        });
        let mut request = Request::builder().uri(path);
        if let Some((issuer, actor)) = token {
            request = request.header(AUTHORIZATION, issuer.authorization("execution", actor));
        }
        let request = request.body(()).expect("a request");
        let response = self.layer.layer(service).oneshot(request).await.expect("it never fails");
        let status =
            response.headers().get("grpc-status").map_or("reached", |code| code.to_str().expect("digits"));
        (status.to_owned(), response.extensions().get::<Actor>().cloned())
    }

    async fn status(&self, method: &str, token: Option<(&Issuer, &Actor)>) -> String {
        self.call(&format!("/bursar.test.v1.Service/{method}"), token).await.0
    }
}

#[tokio::test]
async fn policies_are_checked_again_behind_the_gateway() {
    let fixture = Fixture::new();
    let (payer, viewer) =
        (Actor::user("p", Role::Payout.into(), "x"), Actor::user("v", Role::Viewer.into(), "x"));
    let gateway = fixture.gateway.as_ref();
    assert_eq!(fixture.status("Pay", Some((gateway, &payer))).await, "reached");
    assert_eq!(fixture.status("Pay", Some((gateway, &viewer))).await, "7");
    assert_eq!(fixture.status("Hello", Some((gateway, &Actor::anonymous("gateway")))).await, "reached");
    assert_eq!(fixture.status("Start", Some((gateway, &payer))).await, "7", "internal, through the gateway");
    assert_eq!(fixture.status("Nothing", Some((gateway, &payer))).await, "12");
}

#[tokio::test]
async fn services_reach_internal_methods_by_themselves_and_for_users() {
    let fixture = Fixture::new();
    let issuer = fixture.distribution.as_ref();
    let itself = Actor::service("distribution");
    let path = "/bursar.test.v1.Service/Start";
    assert_eq!(
        fixture.call(path, Some((issuer, &itself))).await,
        ("reached".to_owned(), Some(itself.clone()))
    );
    let alice = Actor::user("alice", Role::Payout.into(), "gateway");
    let relayed = Actor { caller: "distribution".to_owned(), ..alice.clone() };
    assert_eq!(fixture.call(path, Some((issuer, &alice))).await, ("reached".to_owned(), Some(relayed)));
    assert_eq!(fixture.status("Pay", Some((issuer, &itself))).await, "reached");
}

#[tokio::test]
async fn without_a_token_only_health_and_reflection_answer() {
    let fixture = Fixture::new();
    for method in ["Pay", "Start", "Hello"] {
        assert_eq!(fixture.status(method, None).await, "16", "{method}");
    }
    for path in
        ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]
    {
        assert_eq!(fixture.call(path, None).await.0, "reached", "{path}");
    }
}
