//! Who is let in: the table of forged tokens, the policies, and what stays hidden.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::suite::{Provider, Suite, now_seconds};

fn refused(answer: Result<tonic::Response<String>, Status>, what: &str) -> (Code, String) {
    let status = answer.map(drop).expect_err(what);
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}

/// The usual claims with one changed, or taken away where `value` is null.
fn with(claim: &str, value: Value) -> Value {
    let mut claims = Provider::claims("alice", &["VIEWER", "PAYOUT"]);
    let object = claims.as_object_mut().expect("claims are an object");
    object.remove(claim);
    if !value.is_null() {
        object.insert(claim.to_owned(), value);
    }
    claims
}

fn signed(algorithm: Algorithm, kid: &str, key: &EncodingKey) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, &with("none", Value::Null), key).expect("the key is of that kind")
}

fn forged(provider: &Provider) -> Vec<(&'static str, String, &'static str)> {
    let now = now_seconds();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = |alg: &str| {
        format!("{}.{}.", part(&json!({ "alg": alg, "kid": "one" })), part(&with("x", Value::Null)))
    };
    let claim = |name: &str, value: Value| provider.sign(&with(name, value));
    vec![
        ("no token", String::new(), "TOKEN_MISSING"),
        ("no token at all", "nonsense".to_owned(), "TOKEN_MALFORMED"),
        ("alg none", unsigned("none"), "TOKEN_MALFORMED"),
        ("no signature", unsigned("EdDSA"), "TOKEN_SIGNATURE_INVALID"),
        (
            "HS256 with the public key",
            signed(Algorithm::HS256, "one", &EncodingKey::from_secret(&provider.public)),
            "TOKEN_ALGORITHM_REFUSED",
        ),
        ("an unknown kid", signed(Algorithm::EdDSA, "two", &provider.key), "TOKEN_KEY_UNKNOWN"),
        ("another's key", signed(Algorithm::EdDSA, "one", &Provider::new().key), "TOKEN_SIGNATURE_INVALID"),
        ("expired", claim("exp", json!(now - 60)), "TOKEN_EXPIRED"),
        ("exp as text", claim("exp", json!((now + 300).to_string())), "TOKEN_MALFORMED"),
        ("without exp", claim("exp", Value::Null), "TOKEN_MALFORMED"),
        ("not begun", claim("nbf", json!(now + 300)), "TOKEN_NOT_YET_VALID"),
        ("without sub", claim("sub", Value::Null), "TOKEN_MALFORMED"),
        ("without aud", claim("aud", Value::Null), "TOKEN_CLAIM_MISSING"),
        ("without iss", claim("iss", Value::Null), "TOKEN_MALFORMED"),
        ("another audience", claim("aud", json!("another")), "TOKEN_AUDIENCE_WRONG"),
        ("another issuer", claim("iss", json!("https://evil.example")), "TOKEN_ISSUER_WRONG"),
        ("a service's subject", claim("sub", json!("service:gateway")), "TOKEN_SUBJECT_REFUSED"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused_on_every_method_and_recorded() {
    let suite = Suite::start().await;
    let table = forged(&suite.provider);
    for (what, token, reason) in &table {
        for method in ["Read", "Write", "Hidden"] {
            let answer = refused(suite.call(method, "hello", token).await, what);
            assert_eq!(answer, (Code::Unauthenticated, (*reason).to_owned()), "{what} on {method}");
        }
    }
    assert_eq!(suite.calls(), 0, "a forged token reached the service");
    let rows = crate::audit::rows(&suite.stop().await).await;
    assert_eq!(rows.len(), table.len() * 3, "each refusal has a record");
    for (position, row) in rows.iter().enumerate() {
        let expected = (None, Some("UNAUTHENTICATED"), Some(table[position / 3].2));
        assert_eq!((row.subject.as_deref(), row.code.as_deref(), row.reason.as_deref()), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_says_who_may_call_what() {
    let suite = Suite::start().await;
    let token = |roles: &[&str]| suite.provider.token("alice", roles);
    let allowed = [("Read", "VIEWER"), ("Write", "PAYOUT"), ("Write", "ADMIN")];
    for (method, role) in allowed {
        suite
            .call(method, "hello", &token(&[role]))
            .await
            .unwrap_or_else(|error| panic!("{method}: {error}"));
    }
    let role_missing = (Code::PermissionDenied, "ROLE_MISSING".to_owned());
    for (method, roles) in
        [("Read", &["PAYOUT", "ADMIN"][..]), ("Write", &["VIEWER"]), ("Write", &[]), ("Write", &["payout"])]
    {
        assert_eq!(
            refused(suite.call(method, "hello", &token(roles)).await, method),
            role_missing,
            "{roles:?}"
        );
    }
    let everything = token(&["PAYOUT", "CASHOUT", "PAUSER", "APPROVER", "ADMIN", "VIEWER"]);
    let hidden = refused(suite.call("Hidden", "hello", &everything).await, "internal");
    assert_eq!(hidden, (Code::PermissionDenied, "INTERNAL_METHOD".to_owned()));
    let unknown = refused(suite.call("Nothing", "hello", &everything).await, "unknown");
    assert_eq!(unknown, (Code::Unimplemented, "UNKNOWN_METHOD".to_owned()));
    assert_eq!(suite.calls(), allowed.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn public_methods_need_no_token_and_take_no_bad_one() {
    let suite = Suite::start().await;
    let answer = suite.call("Open", "who", "").await.expect("it is public");
    assert_eq!(answer.into_inner(), "anonymous [] by gateway, key none");
    let good = suite.provider.token("alice", &[]);
    let answer = suite.call("Open", "who", &good).await.expect("a token does no harm");
    assert_eq!(answer.into_inner(), "alice [] by gateway, key none");
    let answer = refused(suite.call("Open", "who", "nonsense").await, "a bad token");
    assert_eq!(answer, (Code::Unauthenticated, "TOKEN_MALFORMED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tokens_are_none() {
    let suite = Suite::start().await;
    let mut request = Request::new("hello".to_owned());
    for subject in ["alice", "bob"] {
        let value = format!("Bearer {}", suite.provider.token(subject, &["VIEWER"]));
        request.metadata_mut().append("authorization", value.parse().expect("ASCII"));
    }
    assert_eq!(refused(suite.send("Read", request).await, "two").1, "TOKEN_MALFORMED");
}
