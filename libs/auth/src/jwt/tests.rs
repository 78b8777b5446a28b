//! Which tokens the edge takes, and the table of those it must not.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::time::Duration;

use super::{DevIssuer, EdgeConfig, EdgeVerifier, JwksSource};
use crate::role::Role;
use crate::token::{TokenError, now_seconds};

/// One issuer with a key of each kind we allow.
struct Issuer {
    ed: EncodingKey,
    rsa: EncodingKey,
    ec: EncodingKey,
    jwks: Value,
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn jwk(kid: &str, key: &EncodingKey, algorithm: Algorithm) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).expect("a key of that kind");
    jwk.common.key_id = Some(kid.to_owned());
    serde_json::to_value(jwk).expect("a key is JSON")
}

impl Issuer {
    fn new() -> Issuer {
        let ed_key = ed25519_dalek::SigningKey::generate(&mut rand::rng());
        let ed = crate::keys::encoding_key(&ed_key).expect("an Ed25519 key");
        let rsa_key = RsaKeyPair::generate(KeySize::Rsa2048).expect("enough randomness");
        let rsa_pem = pem("PRIVATE KEY", rsa_key.as_der().expect("it has a form").as_ref());
        let rsa = EncodingKey::from_rsa_pem(rsa_pem.as_bytes()).expect("an RSA key");
        let p256_key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("enough randomness");
        let p256_pem = pem("PRIVATE KEY", p256_key.to_pkcs8v1().expect("it has a form").as_ref());
        let ec = EncodingKey::from_ec_pem(p256_pem.as_bytes()).expect("a P-256 key");
        let x = URL_SAFE_NO_PAD.encode(ed_key.verifying_key().to_bytes());
        let keys = json!([
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "ed" },
            jwk("rsa", &rsa, Algorithm::RS256),
            jwk("ec", &ec, Algorithm::ES256),
            { "kty": "oct", "k": "c2VjcmV0", "kid": "hmac", "alg": "HS256" },
            { "kty": "XYZ", "kid": "of a kind to come" },
        ]);
        Issuer { ed, rsa, ec, jwks: json!({ "keys": keys }) }
    }

    async fn verifier(&self) -> EdgeVerifier {
        let config = EdgeConfig {
            issuer: "https://id.example".to_owned(),
            audience: "bursar".to_owned(),
            roles_claim: "roles".parse().expect("a path"),
            jwks: JwksSource::Text(self.jwks.to_string()),
        };
        EdgeVerifier::connect(config).await.expect("a usable key set")
    }
}

fn claims() -> Value {
    let now = now_seconds();
    json!({ "iss": "https://id.example", "aud": "bursar", "sub": "alice", "nbf": now - 5, "exp": now + 300,
            "roles": ["PAYOUT", "unknown-to-us"] })
}

/// The usual claims with one changed, or taken away where `value` is null.
fn claims_with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    let object = claims.as_object_mut().expect("claims are an object");
    object.remove(claim);
    if !value.is_null() {
        object.insert(claim.to_owned(), value);
    }
    claims
}

fn sign(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, key).expect("the key is of that kind")
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

#[tokio::test]
async fn tokens_of_each_allowed_algorithm_are_taken_and_remembered() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier().await;
    let keys = [
        (Algorithm::EdDSA, "ed", &issuer.ed),
        (Algorithm::RS256, "rsa", &issuer.rsa),
        (Algorithm::ES256, "ec", &issuer.ec),
    ];
    for (algorithm, kid, key) in keys {
        let token = sign(algorithm, Some(kid), key, &claims());
        for _ in 0..2 {
            let identity = verifier.verify(&token).await.expect("a good token");
            assert_eq!((identity.subject.as_str(), identity.roles), ("alice", Role::Payout.into()));
            assert!(identity.remaining() <= Duration::from_mins(5));
        }
    }
    let listed = claims_with("aud", json!(["other", "bursar"]));
    verifier
        .verify(&sign(Algorithm::EdDSA, Some("ed"), &issuer.ed, &listed))
        .await
        .expect("one of its audiences");
}

#[tokio::test]
async fn forged_tokens_are_refused_each_for_its_reason() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier().await;
    let stranger = Issuer::new();
    let good = sign(Algorithm::EdDSA, Some("ed"), &issuer.ed, &claims());
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    let (header, _) = head.split_once('.').expect("three parts");
    let other_claims = URL_SAFE_NO_PAD.encode(claims_with("sub", json!("mallory")).to_string());
    let public_key = issuer.jwks["keys"][0]["x"].as_str().expect("a text");
    let public_bytes = URL_SAFE_NO_PAD.decode(public_key).expect("base64url");
    let with_public_key = EncodingKey::from_secret(&public_bytes);
    let with_listed_secret = EncodingKey::from_secret(b"secret");
    let table = [
        ("alg none", unsigned(&json!({ "alg": "none", "kid": "ed" }), &claims()), "TOKEN_MALFORMED"),
        (
            "no signature",
            unsigned(&json!({ "alg": "EdDSA", "kid": "ed" }), &claims()),
            "TOKEN_SIGNATURE_INVALID",
        ),
        (
            "HS256 with the public key",
            sign(Algorithm::HS256, Some("ed"), &with_public_key, &claims()),
            "TOKEN_ALGORITHM_REFUSED",
        ),
        (
            "HS256 with a listed secret",
            sign(Algorithm::HS256, Some("hmac"), &with_listed_secret, &claims()),
            "TOKEN_KEY_UNKNOWN",
        ),
        (
            "RS512 with the RS256 key",
            sign(Algorithm::RS512, Some("rsa"), &issuer.rsa, &claims()),
            "TOKEN_ALGORITHM_REFUSED",
        ),
        (
            "PS256 with the RS256 key",
            sign(Algorithm::PS256, Some("rsa"), &issuer.rsa, &claims()),
            "TOKEN_ALGORITHM_REFUSED",
        ),
        (
            "another's key",
            sign(Algorithm::EdDSA, Some("ed"), &stranger.ed, &claims()),
            "TOKEN_SIGNATURE_INVALID",
        ),
        (
            "a key of ours under another id",
            sign(Algorithm::EdDSA, Some("rsa"), &issuer.ed, &claims()),
            "TOKEN_ALGORITHM_REFUSED",
        ),
        ("an unknown kid", sign(Algorithm::EdDSA, Some("../ed"), &issuer.ed, &claims()), "TOKEN_KEY_UNKNOWN"),
        ("no kid", sign(Algorithm::EdDSA, None, &issuer.ed, &claims()), "TOKEN_KEY_UNKNOWN"),
        ("changed claims", format!("{header}.{other_claims}.{signature}"), "TOKEN_SIGNATURE_INVALID"),
        ("cut short", good[..good.len() - 10].to_owned(), "TOKEN_SIGNATURE_INVALID"),
        ("two parts", head.to_owned(), "TOKEN_MALFORMED"),
        ("nothing", String::new(), "TOKEN_MALFORMED"),
    ];
    for (what, token, reason) in table {
        let error = verifier.verify(&token).await.expect_err(what);
        assert_eq!(error.reason(), reason, "{what}");
        assert_eq!(error.to_status().code(), tonic::Code::Unauthenticated, "{what}");
    }
}

#[tokio::test]
async fn claims_must_be_there_have_their_types_and_fit() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier().await;
    let now = now_seconds();
    let table = [
        ("exp", json!(now - 60), "TOKEN_EXPIRED"),
        ("exp", json!((now + 300).to_string()), "TOKEN_MALFORMED"),
        ("exp", json!(-1), "TOKEN_MALFORMED"),
        ("exp", Value::Null, "TOKEN_MALFORMED"),
        ("nbf", json!(now + 60), "TOKEN_NOT_YET_VALID"),
        ("nbf", json!("0"), "TOKEN_MALFORMED"),
        ("nbf", Value::Null, "TOKEN_MALFORMED"),
        ("iss", json!("https://evil.example"), "TOKEN_ISSUER_WRONG"),
        ("iss", json!(["https://id.example"]), "TOKEN_MALFORMED"),
        ("iss", Value::Null, "TOKEN_MALFORMED"),
        ("aud", json!("another"), "TOKEN_AUDIENCE_WRONG"),
        ("aud", json!([]), "TOKEN_AUDIENCE_WRONG"),
        ("aud", json!(7), "TOKEN_CLAIM_MISSING"),
        ("aud", Value::Null, "TOKEN_CLAIM_MISSING"),
        ("sub", Value::Null, "TOKEN_MALFORMED"),
        ("sub", json!(7), "TOKEN_MALFORMED"),
        ("sub", json!(""), "TOKEN_SUBJECT_REFUSED"),
        ("sub", json!("service:execution"), "TOKEN_SUBJECT_REFUSED"),
        ("sub", json!("anonymous"), "TOKEN_SUBJECT_REFUSED"),
        ("sub", json!("a\nb"), "TOKEN_SUBJECT_REFUSED"),
        ("sub", json!("a".repeat(256)), "TOKEN_SUBJECT_REFUSED"),
    ];
    for (claim, value, reason) in table {
        let token = sign(Algorithm::EdDSA, Some("ed"), &issuer.ed, &claims_with(claim, value.clone()));
        let error = verifier.verify(&token).await.expect_err(claim);
        assert_eq!(error.reason(), reason, "{claim} = {value}");
    }
}

#[tokio::test]
async fn extensions_that_are_not_understood_are_refused() {
    let issuer = Issuer::new();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("ed".to_owned());
    header.crit = Some(vec!["b64".to_owned()]);
    let token = jsonwebtoken::encode(&header, &claims(), &issuer.ed).expect("the key is of that kind");
    assert!(matches!(issuer.verifier().await.verify(&token).await, Err(TokenError::Malformed(_))));
}

#[tokio::test]
async fn a_rotated_key_is_found_and_a_vanished_one_is_forgotten() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (old, new) = (
        DevIssuer::load_or_create(&dir.path().join("old.pem")).expect("made"),
        DevIssuer::load_or_create(&dir.path().join("new.pem")).expect("made"),
    );
    let path = dir.path().join("jwks.json");
    std::fs::write(&path, old.jwks()).expect("written");
    let config = EdgeConfig { jwks: JwksSource::File(path.clone()), ..old.edge_config() };
    let mut verifier = EdgeVerifier::connect(config).await.expect("a usable key set");
    let hour = Duration::from_hours(1);
    let of_old = old.token("alice", Role::Viewer.into(), hour);
    let of_new = new.token("alice", Role::Viewer.into(), hour);
    verifier.verify(&of_old).await.expect("its key is known");
    std::fs::write(&path, new.jwks()).expect("written");
    assert_eq!(verifier.verify(&of_new).await, Err(TokenError::KeyUnknown), "keys were read a moment ago");
    verifier.refresh_pause_min = Duration::ZERO;
    verifier.verify(&of_new).await.expect("the new key was looked for and found");
    assert_eq!(verifier.verify(&of_old).await, Err(TokenError::KeyUnknown), "its key is gone");
    std::fs::write(&path, "{}").expect("written");
    assert!(verifier.refresh().await.is_err());
    verifier.verify(&of_new).await.expect("the keys we had stay when there are no better ones");
}

#[tokio::test]
async fn a_key_set_that_cannot_verify_anything_does_not_start() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let issuer = DevIssuer::load_or_create(&dir.path().join("dev.pem")).expect("made");
    let key: Value = serde_json::from_str(&issuer.jwks()).expect("JSON");
    let key = &key["keys"][0];
    let mut for_encryption = key.clone();
    for_encryption["use"] = json!("enc");
    let mut for_another_algorithm = key.clone();
    for_another_algorithm["alg"] = json!("ES256");
    let texts = [
        "not json".to_owned(),
        json!({ "keys": [] }).to_string(),
        json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256" }] }).to_string(),
        json!({ "keys": [for_encryption] }).to_string(),
        json!({ "keys": [for_another_algorithm] }).to_string(),
        json!({ "keys": [key, key] }).to_string(),
    ];
    for text in texts {
        let config = EdgeConfig { jwks: JwksSource::Text(text.clone()), ..issuer.edge_config() };
        assert!(EdgeVerifier::connect(config).await.is_err(), "{text}");
    }
    for url in ["http://id.example/jwks", "ftp://localhost/jwks", "nonsense"] {
        let config = EdgeConfig { jwks: JwksSource::Url(url.to_owned()), ..issuer.edge_config() };
        assert!(EdgeVerifier::connect(config).await.is_err(), "{url}");
    }
}
