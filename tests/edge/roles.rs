//! Each role alone at every method of the gateway.

use auth::Role;
use test_harness::Harness;
use tonic::Code;

use crate::audit::assert_recorded;
use crate::calls::Server;
use crate::contract::{Who, methods};

#[tokio::test(flavor = "multi_thread")]
async fn each_role_alone_reaches_its_methods_and_no_other() {
    let harness = Harness::start().await.expect("started");
    let server = Server::connect(harness.gateway()).await;
    let mut calls = Vec::new();
    for role in Role::ALL {
        let token = harness.token(&format!("only-{role}"), &[role]);
        for method in methods() {
            let call = server.call(&method.path, Some(&token)).await;
            let allowed = match method.who {
                Who::Roles(roles) => roles.contains(&role),
                Who::Services => false,
                Who::Anybody => true,
            };
            if allowed {
                assert!(call.was_served(), "{role} may call {}: {call:?}", method.path);
            } else {
                assert_eq!(
                    call.code,
                    Code::PermissionDenied,
                    "{role} may not call {}: {call:?}",
                    method.path
                );
            }
            calls.push(call);
        }
    }
    assert_recorded(&harness, &calls).await;
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_methods_are_refused_to_every_role_together_and_a_token_without_roles_to_all() {
    let harness = Harness::start().await.expect("started");
    let server = Server::connect(harness.gateway()).await;
    let (everything, nothing) = (harness.token("root", &Role::ALL), harness.token("nobody", &[]));
    let mut calls = Vec::new();
    for method in methods() {
        let all = server.call(&method.path, Some(&everything)).await;
        if method.who == Who::Services {
            let answer = (all.code, all.reason.as_deref());
            assert_eq!(answer, (Code::PermissionDenied, Some("INTERNAL_METHOD")), "{}", method.path);
        } else {
            assert!(all.was_served(), "{}: {all:?}", method.path);
        }
        let none = server.call(&method.path, Some(&nothing)).await;
        if method.who == Who::Anybody {
            assert!(none.was_served(), "{}: {none:?}", method.path);
        } else {
            assert_eq!(none.code, Code::PermissionDenied, "{}: {none:?}", method.path);
        }
        calls.extend([all, none]);
    }
    assert_recorded(&harness, &calls).await;
    harness.stop().await.expect("stopped");
}
