//! Tokens that are no good, at the gateway: on every method, each refused and recorded.

use std::path::Path;

use auth::Role;
use auth::internal::ServiceKeys;
use auth::{Actor, RoleSet};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use test_harness::Harness;
use tonic::Code;

use crate::audit::assert_recorded;
use crate::calls::Server;
use crate::contract::{Who, methods};

const HOUR_S: i64 = 3600;

/// Makes tokens like a good one, but for something.
pub(crate) struct Forger {
    kid: String,
    claims: Value,
    key: EncodingKey,
}

impl Forger {
    /// Begins with a good token and the key in the file that signed it.
    pub(crate) fn of(good: &str, key: &Path) -> Forger {
        let header = jsonwebtoken::decode_header(good).expect("a good token");
        let claims = good.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).expect("a good token");
        Forger { kid: header.kid.expect("our tokens name their key"), claims, key: read_key(key) }
    }

    /// The same token with these claims changed.
    pub(crate) fn with(&self, changes: &Value) -> String {
        self.signed(changes, &self.key)
    }

    /// The same token, over for an hour.
    pub(crate) fn expired(&self) -> String {
        let begun = |name: &str| self.claims[name].as_i64().unwrap_or_default() - HOUR_S;
        self.with(&json!({ "iat": begun("iat"), "nbf": begun("nbf"), "exp": begun("nbf") + 60 }))
    }

    /// The same token, signed with somebody else's key under the same name.
    pub(crate) fn signed_by(&self, key: &Path) -> String {
        self.signed(&json!({}), &read_key(key))
    }

    fn signed(&self, changes: &Value, key: &EncodingKey) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &self.changed(changes), key).expect("an Ed25519 key signs")
    }

    /// The same token without a signature, saying that it needs none.
    fn unsigned(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({ "alg": "none", "kid": self.kid })), part(&self.claims))
    }

    fn changed(&self, changes: &Value) -> Value {
        let mut claims = self.claims.clone();
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }
}

fn read_key(path: &Path) -> EncodingKey {
    let pem = std::fs::read(path).expect("the key is there");
    EncodingKey::from_ed_pem(&pem).expect("an Ed25519 key in PEM")
}

/// A good token of one role whose payload says that it has all; the signature is as it was.
fn promoted(good: &str) -> String {
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let claims = URL_SAFE_NO_PAD.decode(&parts[1]).expect("base64url");
    let mut claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["roles"] = Role::ALL.map(Role::name).as_slice().into();
    parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts.join(".")
}

fn bad_tokens(harness: &Harness, foreign_keys: &Path) -> Vec<(&'static str, Option<String>, &'static str)> {
    let good = harness.token("mallory", &Role::ALL);
    let layout = harness.suite().layout();
    let forger = Forger::of(&good, &layout.issuer_key());
    let keys = ServiceKeys::load(&layout.service_keys(), "gateway", &[]).expect("the gateway's key");
    let actor = Actor::user("mallory", Role::ALL.into_iter().fold(RoleSet::EMPTY, RoleSet::with), "gateway");
    vec![
        ("no token", None, "TOKEN_MISSING"),
        ("nonsense", Some("nonsense".to_owned()), "TOKEN_MALFORMED"),
        ("expired", Some(forger.expired()), "TOKEN_EXPIRED"),
        (
            "signed by somebody else",
            Some(forger.signed_by(&foreign_keys.join("gateway.pem"))),
            "TOKEN_SIGNATURE_INVALID",
        ),
        ("not signed", Some(forger.unsigned()), "TOKEN_MALFORMED"),
        (
            "roles added later",
            Some(promoted(&harness.token("mallory", &[Role::Viewer]))),
            "TOKEN_SIGNATURE_INVALID",
        ),
        ("for another audience", Some(forger.with(&json!({ "aud": "another" }))), "TOKEN_AUDIENCE_WRONG"),
        (
            "of another issuer",
            Some(forger.with(&json!({ "iss": "https://evil.invalid" }))),
            "TOKEN_ISSUER_WRONG",
        ),
        (
            "a service's subject",
            Some(forger.with(&json!({ "sub": "service:distribution" }))),
            "TOKEN_SUBJECT_REFUSED",
        ),
        ("a token between services", Some(keys.issuer().token("asset", &actor)), "TOKEN_KEY_UNKNOWN"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_past_the_gateway_without_a_good_token() {
    let harness = Harness::start().await.expect("started");
    let foreign_keys = tempfile::tempdir().expect("a temporary folder");
    auth::keys::generate(foreign_keys.path(), &["gateway"]).expect("written");
    let server = Server::connect(harness.gateway()).await;
    let mut calls = Vec::new();
    for (what, token, reason) in bad_tokens(&harness, foreign_keys.path()) {
        for method in methods() {
            let call = server.call(&method.path, token.as_deref()).await;
            if method.who == Who::Anybody && token.is_none() {
                assert!(call.was_served(), "{} is public: {call:?}", method.path);
            } else {
                let answer = (call.code, call.reason.as_deref());
                assert_eq!(answer, (Code::Unauthenticated, Some(reason)), "{what}: {}", method.path);
            }
            calls.push(call);
        }
    }
    assert_recorded(&harness, &calls).await;
    harness.stop().await.expect("stopped");
}
