//! What a call to another service carries, and when a read is repeated.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth::internal::ServiceKeys;
use auth::{Actor, keys};
use tonic::{Code, Status};

use super::{Peer, jittered};
use crate::idempotency::IdempotencyKey;

struct Fixture {
    peer: Peer,
    asset: ServiceKeys,
    _dir: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().expect("a temporary folder");
    keys::generate(dir.path(), &["distribution", "asset"]).expect("written");
    let own = ServiceKeys::load(dir.path(), "distribution", &[]).expect("just written");
    let asset = ServiceKeys::load(dir.path(), "asset", &["distribution"]).expect("just written");
    let peer = Peer::new("http://127.0.0.1:1", "asset", own.issuer()).expect("an address");
    Fixture { peer, asset, _dir: dir }
}

/// Runs a read that fails `failures` times with `code`; says how often it was tried and how it ended.
async fn read(peer: &Peer, failures: u32, code: Code) -> (u32, Result<u32, Status>) {
    let tries = AtomicU32::new(0);
    let answer = peer
        .retry_read(|| async {
            let before = tries.fetch_add(1, Ordering::Relaxed);
            if before < failures { Err(Status::new(code, "away")) } else { Ok(before) }
        })
        .await;
    (tries.into_inner(), answer)
}

#[tokio::test]
async fn a_call_carries_a_token_for_its_target_a_deadline_and_the_key_it_was_given() {
    let fixture = fixture();
    let actor = Actor::service("distribution");
    let plain = fixture.peer.request((), &actor, Duration::from_secs(5));
    let token = auth::bearer_in(plain.metadata().as_ref()).expect("a token");
    assert_eq!(fixture.asset.verifier().verify(token), Ok(actor.clone()));
    assert!(plain.metadata().contains_key("grpc-timeout"));
    assert!(!plain.metadata().contains_key("idempotency-key"));
    let key = IdempotencyKey::new("run-1").expect("a key");
    let keyed = fixture.peer.request_once((), &actor, Duration::from_secs(5), &key);
    assert_eq!(
        keyed.metadata().get("idempotency-key").map(tonic::metadata::MetadataValue::as_bytes),
        Some(&b"run-1"[..])
    );
}

#[tokio::test]
async fn a_read_is_repeated_while_the_service_is_away_but_not_for_ever() {
    let peer = fixture().peer;
    let (tries, answer) = read(&peer, 1, Code::Unavailable).await;
    assert_eq!((tries, answer.ok()), (2, Some(1)));
    let (tries, answer) = read(&peer, 100, Code::Unavailable).await;
    assert_eq!((tries, answer.map_err(|status| status.code())), (4, Err(Code::Unavailable)));
}

#[tokio::test]
async fn an_answer_that_is_no_absence_is_final() {
    let peer = fixture().peer;
    for code in [Code::NotFound, Code::DeadlineExceeded, Code::Internal, Code::ResourceExhausted] {
        assert_eq!(read(&peer, 100, code).await.0, 1, "{code:?} was tried again");
    }
}

#[tokio::test]
async fn all_reads_together_have_one_budget_of_repeats() {
    let peer = fixture().peer;
    let all = futures::future::join_all((0..20).map(|_| read(&peer, 100, Code::Unavailable))).await;
    let tries: u32 = all.iter().map(|(tries, _)| tries).sum();
    assert_eq!(tries, 20 + 10, "twenty reads, ten repeats between them");
}

#[test]
fn pauses_vary_between_half_and_whole() {
    let pauses: Vec<Duration> = (0..200).map(|_| jittered(Duration::from_millis(100))).collect();
    assert!(pauses.iter().all(|pause| (50..=100).contains(&pause.as_millis())));
    assert!(pauses.iter().any(|pause| *pause != pauses[0]), "they are all alike");
}
