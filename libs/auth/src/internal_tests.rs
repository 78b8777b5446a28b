//! Which tokens services take from each other, and which they must not.

use std::path::Path;

use jsonwebtoken::{Algorithm, Header};

use super::{Claims, ServiceKeys};
use crate::actor::Actor;
use crate::keys;
use crate::role::{Role, RoleSet};
use crate::token::{TokenError, now_seconds};

fn load(dir: &Path, name: &str, trusted: &[&str]) -> ServiceKeys {
    keys::generate(dir, &["gateway", "distribution", "execution"]).expect("written");
    ServiceKeys::load(dir, name, trusted).expect("keys that were just written")
}

fn claims() -> Claims {
    let now = now_seconds();
    Claims {
        iss: "distribution".to_owned(),
        sub: "alice".to_owned(),
        aud: "execution".to_owned(),
        iat: now,
        nbf: now,
        exp: now + 60,
        roles: vec!["PAYOUT".to_owned()],
    }
}

#[test]
fn the_target_learns_who_acts_and_who_called() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let verifier = load(dir.path(), "execution", &["gateway", "distribution"]).verifier();
    let issuer = load(dir.path(), "distribution", &[]).issuer();
    let alice = Actor::user("alice", RoleSet::from([Role::Payout, Role::Viewer]), "gateway");
    let seen = verifier.verify(&issuer.token("execution", &alice)).expect("a good token");
    assert_eq!(seen, Actor { caller: "distribution".to_owned(), ..alice });
    let itself = Actor::service("distribution");
    assert_eq!(verifier.verify(&issuer.token("execution", &itself)), Ok(itself));
}

#[test]
fn a_token_is_minted_once_per_target_and_actor() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let issuer = load(dir.path(), "distribution", &[]).issuer();
    let actor = Actor::service("distribution");
    let first = issuer.token("execution", &actor);
    assert_eq!(issuer.token("execution", &actor), first);
    assert_ne!(issuer.token("asset", &actor), first);
    let header = issuer.authorization("execution", &actor);
    assert!(header.is_sensitive());
    assert_eq!(header.to_str().ok(), Some(format!("Bearer {first}").as_str()));
}

#[test]
fn a_caller_that_is_not_trusted_and_a_token_for_another_are_refused() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let verifier = load(dir.path(), "execution", &["gateway"]).verifier();
    let actor = Actor::service("distribution");
    let issuer = load(dir.path(), "distribution", &[]).issuer();
    assert_eq!(verifier.verify(&issuer.token("execution", &actor)), Err(TokenError::KeyUnknown));
    let gateway = load(dir.path(), "gateway", &[]).issuer();
    let for_asset = gateway.token("asset", &Actor::service("gateway"));
    assert_eq!(verifier.verify(&for_asset), Err(TokenError::AudienceWrong));
}

#[test]
fn a_service_can_speak_for_users_but_not_for_another_service() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let verifier = load(dir.path(), "execution", &["gateway", "distribution"]).verifier();
    let gateway = load(dir.path(), "gateway", &[]).issuer();
    let borrowed = gateway.token("execution", &Actor::service("distribution"));
    assert_eq!(verifier.verify(&borrowed), Err(TokenError::SubjectRefused));
}

#[test]
fn forged_and_ill_made_tokens_are_refused_each_for_its_reason() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let verifier = load(dir.path(), "execution", &["gateway", "distribution"]).verifier();
    let key = keys::private_key(dir.path(), "distribution").expect("it was written");
    let sign = |kid: Option<&str>, claims: &Claims| {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &key).expect("the key is of that kind")
    };
    let now = now_seconds();
    let own = Some("distribution");
    let table = [
        ("no kid", sign(None, &claims()), "TOKEN_KEY_UNKNOWN"),
        ("signed by another than it says", sign(Some("gateway"), &claims()), "TOKEN_SIGNATURE_INVALID"),
        (
            "of another issuer",
            sign(own, &Claims { iss: "gateway".to_owned(), ..claims() }),
            "TOKEN_ISSUER_WRONG",
        ),
        ("over", sign(own, &Claims { nbf: now - 100, exp: now - 60, ..claims() }), "TOKEN_EXPIRED"),
        (
            "not begun",
            sign(own, &Claims { nbf: now + 60, exp: now + 100, ..claims() }),
            "TOKEN_NOT_YET_VALID",
        ),
        ("too long", sign(own, &Claims { exp: now + 3600, ..claims() }), "TOKEN_MALFORMED"),
        ("without a subject", sign(own, &Claims { sub: String::new(), ..claims() }), "TOKEN_SUBJECT_REFUSED"),
    ];
    for (what, token, reason) in table {
        assert_eq!(verifier.verify(&token).expect_err(what).reason(), reason, "{what}");
    }
    verifier.verify(&sign(own, &claims())).expect("and the one they were made from is good");
}
