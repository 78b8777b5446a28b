//! What the gateway refuses to start with.

use auth::keys;
use gateway::{Config, Upstream};
use pg::DbConfig;
use service_kit::Shutdown;
use tokio::net::TcpListener;

use crate::contract;
use crate::suite::Provider;

/// How a start with this configuration fails. Nothing of it needs the database, which is not there.
async fn refusal(change: impl FnOnce(&mut Config)) -> String {
    let dir = tempfile::tempdir().expect("a temporary folder");
    keys::generate(dir.path(), &["gateway"]).expect("written");
    let nowhere = "postgres://a:canary@127.0.0.1:1/nowhere";
    let upstream = Upstream {
        package: "bursar.test.v1".to_owned(),
        name: "echo".to_owned(),
        url: "http://127.0.0.1:1".to_owned(),
    };
    let mut config =
        Config::new(DbConfig::new(nowhere, nowhere), dir.path(), Provider::new().edge(), vec![upstream]);
    config.descriptor_set = contract::descriptor_set();
    change(&mut config);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let error =
        gateway::run(config, listener, Shutdown::new()).await.expect_err("it must not start").to_string();
    assert!(!error.contains("canary"), "{error}");
    error
}

#[tokio::test]
async fn a_method_without_a_policy_stops_the_start() {
    let error = refusal(|config| config.descriptor_set = contract::with_a_method_without_policy()).await;
    assert!(error.contains("bursar.test.v1.EchoService.Naked"), "{error}");
}

#[tokio::test]
async fn a_package_without_a_service_stops_the_start() {
    let error = refusal(|config| config.upstreams.clear()).await;
    assert!(error.contains("bursar.test.v1"), "{error}");
}

#[tokio::test]
async fn an_address_that_is_none_a_missing_key_and_a_missing_key_set_stop_the_start() {
    let error = refusal(|config| config.upstreams[0].url = "no address".to_owned()).await;
    assert!(error.contains("no address"), "{error}");
    let error = refusal(|config| config.keys_dir.push("missing")).await;
    assert!(error.contains("gateway.pem"), "{error}");
    let missing = auth::jwt::JwksSource::from("/nowhere/jwks.json".to_owned());
    let error = refusal(|config| config.edge.jwks = missing).await;
    assert!(error.contains("/nowhere/jwks.json"), "{error}");
}

#[tokio::test]
async fn a_database_that_is_away_stops_the_start() {
    let error = refusal(|_| {}).await;
    assert!(error.contains("a@127.0.0.1/nowhere"), "{error}");
}
