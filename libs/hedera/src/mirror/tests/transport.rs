//! Retries, limits, and answers that are none.

use std::time::{Duration, Instant};

use super::{FakeMirror, Reply, ok, status, token};
use crate::mirror::{Mirror, MirrorConfig, MirrorError};

const TOKEN: &str = include_str!("token.json");

#[tokio::test]
async fn busy_and_broken_answers_are_asked_again() {
    for code in [429, 500, 502, 503, 504] {
        let mirror = FakeMirror::start([status(code), status(code), ok(TOKEN)]).await;
        assert!(
            mirror.client().token(token()).await.expect("the third answer").is_some(),
            "HTTP status {code}"
        );
        assert_eq!(mirror.asked().len(), 3);
    }
}

#[tokio::test]
async fn the_budget_of_attempts_ends() {
    let mirror = FakeMirror::start([status(500)]).await;
    let error = mirror.client().token(token()).await.expect_err("no answer");
    assert!(matches!(error, MirrorError::Unavailable { attempts: 3, .. }), "{error}");
    assert_eq!((error.reason(), mirror.asked().len()), ("MIRROR_UNAVAILABLE", 3));
}

#[tokio::test]
async fn refusals_are_final_and_a_missing_entity_is_none() {
    for code in [400, 401, 403, 301] {
        let mirror = FakeMirror::start([status(code)]).await;
        let error = mirror.client().token(token()).await.expect_err("a refusal");
        assert!(matches!(error, MirrorError::Refused { status, .. } if status == code), "{error}");
        assert_eq!(mirror.asked().len(), 1);
    }
    let mirror = FakeMirror::start([status(404)]).await;
    assert_eq!(mirror.client().token(token()).await, Ok(None));
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_the_limit() {
    let asked_to_wait = Reply { retry_after: Some("1"), ..status(429) };
    let mirror = FakeMirror::start([asked_to_wait.clone(), ok(TOKEN)]).await;
    let patient = MirrorConfig { backoff_max: Duration::from_secs(2), ..mirror.config() };
    let begun = Instant::now();
    assert!(Mirror::new(patient).expect("a valid URL").token(token()).await.is_ok());
    assert!(begun.elapsed() >= Duration::from_secs(1));

    let forever = Reply { retry_after: Some("86400"), ..status(429) };
    let mirror = FakeMirror::start([forever, ok(TOKEN)]).await;
    let begun = Instant::now();
    assert!(mirror.client().token(token()).await.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_asked_for_again() {
    let slow = Reply { delay: Duration::from_secs(30), ..ok(TOKEN) };
    let mirror = FakeMirror::start([slow, ok(TOKEN)]).await;
    assert!(mirror.client().token(token()).await.is_ok());
    assert_eq!(mirror.asked().len(), 2);
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let mirror = FakeMirror::start([status(500)]).await;
    let closed = MirrorConfig { base_url: "http://127.0.0.1:9".to_owned(), ..mirror.config() };
    let error = Mirror::new(closed).expect("a valid URL").token(token()).await.expect_err("no answer");
    assert!(matches!(error, MirrorError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_huge_answer_is_not_read() {
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(20_000));
    let mirror = FakeMirror::start([ok(huge)]).await;
    let error = mirror.client().token(token()).await.expect_err("too much");
    assert!(matches!(error, MirrorError::TooLarge { limit: 10_000, .. }), "{error}");
    assert_eq!(mirror.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_what_the_api_promises_is_malformed() {
    let missing = "{\"token_id\":\"0.0.456858\"}";
    let other = TOKEN.replace("\"token_id\": \"0.0.456858\"", "\"token_id\": \"0.0.1\"");
    let signed = TOKEN.replace("\"decimals\": \"6\"", "\"decimals\": \"+6\"");
    for body in ["", "{", "[]", "null", "<html>busy</html>", missing, &other, &signed] {
        let mirror = FakeMirror::start([ok(body)]).await;
        let error = mirror.client().token(token()).await.expect_err("not a token");
        assert!(matches!(error, MirrorError::Malformed { .. }), "{body}: {error}");
        assert_eq!(mirror.asked().len(), 1);
    }
}

#[test]
fn an_unusable_url_is_refused() {
    for url in ["", "mirror", "ftp://mirror", "http://", "http://mirror/api/v1", "http://mirror/?a=b"] {
        let error = Mirror::new(MirrorConfig::new(url)).expect_err("an unusable URL");
        assert_eq!(error.reason(), "MIRROR_URL_INVALID", "{url}");
    }
    assert!(Mirror::new(MirrorConfig::new("https://mainnet.mirrornode.hedera.com/")).is_ok());
}
