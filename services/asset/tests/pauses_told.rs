//! What execution is told of pauses: before the call answers, or later, and never an old word as the last.

use std::time::Duration;

use proto::asset::v1::{Asset, PauseAssetRequest, UnpauseAssetRequest};
use serde_json::json;
use service_kit::idempotency::IdempotencyKey;
use tonic::{Code, Status};

use crate::support::{Service, fresh_key, reason, until};

/// So long that no job looks during a test.
const NEVER: Duration = Duration::from_hours(1);
/// Long enough for an answer that should not come.
const A_WHILE: Duration = Duration::from_millis(200);

async fn asset(service: &Service) -> String {
    service.import(&service.sandbox.token(json!({})).await).await.id
}

async fn pause(service: &Service, id: &str, why: &str, key: &IdempotencyKey) -> Result<Asset, Status> {
    let message = PauseAssetRequest { asset_id: id.to_owned(), reason: why.to_owned() };
    let answer = service.assets().pause_asset(service.write_under(message, key)).await?;
    Ok(answer.into_inner().asset.expect("an asset"))
}

async fn unpause(service: &Service, id: &str, why: &str, key: &IdempotencyKey) -> Result<Asset, Status> {
    let message = UnpauseAssetRequest { asset_id: id.to_owned(), reason: why.to_owned() };
    let answer = service.assets().unpause_asset(service.write_under(message, key)).await?;
    Ok(answer.into_inner().asset.expect("an asset"))
}

/// Version, paused and reason of every word that execution took.
fn words(service: &Service) -> Vec<(i64, bool, String)> {
    let told = service.execution.told();
    told.words.iter().map(|word| (word.version, word.paused, word.reason.clone())).collect()
}

fn word(version: i64, paused: bool, reason: &str) -> (i64, bool, String) {
    (version, paused, reason.to_owned())
}

fn away(result: Result<Asset, Status>) {
    let unavailable = (Code::Unavailable, "EXECUTION_SERVICE_UNAVAILABLE".to_owned());
    assert_eq!(reason(result.map(tonic::Response::new)), unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_answers_only_when_execution_has_it() {
    let service = Service::start_telling_every(NEVER).await;
    let id = asset(&service).await;
    let closed = service.execution.close().await;
    let key = fresh_key();
    let mut answer = std::pin::pin!(pause(&service, &id, "court order", &key));
    let asked = until("execution is asked", async || (service.execution.told().asked == 1).then_some(()));
    tokio::select! {
        answer = &mut answer => panic!("answered before execution has it: {answer:?}"),
        () = asked => {}
    }
    assert!(tokio::time::timeout(A_WHILE, &mut answer).await.is_err(), "answered before execution has it");
    assert_eq!(words(&service), []);
    drop(closed);
    assert!(answer.await.expect("paused").paused);
    let told = service.execution.last(&id).expect("told");
    let told = (told.version, told.paused, told.by.as_str(), told.reason.as_str());
    assert_eq!(told, (1, true, "alice", "court order"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_execution_was_not_told_is_told_by_its_repetition() {
    let service = Service::start_telling_every(NEVER).await;
    let id = asset(&service).await;
    service.execution.set_away(true);
    let key = fresh_key();
    away(pause(&service, &id, "court order", &key).await);
    away(pause(&service, &id, "court order", &key).await);
    let kept = service.get(&id).await;
    assert_eq!((kept.paused, kept.pause_reason.as_str()), (true, "court order"), "the asset's side stands");
    service.execution.set_away(false);
    assert_eq!(pause(&service, &id, "court order", &key).await.expect("finished"), kept);
    assert_eq!(words(&service), [word(1, true, "court order")]);
    assert_eq!(pause(&service, &id, "court order", &key).await.expect("the same answer"), kept);
    assert_eq!(words(&service), [word(1, true, "court order"), word(1, true, "court order")]);

    service.execution.set_away(true);
    let key = fresh_key();
    away(unpause(&service, &id, "lifted", &key).await);
    service.execution.set_away(false);
    assert!(!unpause(&service, &id, "lifted", &key).await.expect("finished").paused);
    assert_eq!(words(&service).last(), Some(&word(2, false, "lifted")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_execution_was_not_told_the_job_tells_later_and_once() {
    let service = Service::start().await;
    let (first, second) = (asset(&service).await, asset(&service).await);
    service.execution.set_away(true);
    away(pause(&service, &first, "court order", &fresh_key()).await);
    away(pause(&service, &second, "fraud", &fresh_key()).await);
    away(unpause(&service, &second, "no fraud", &fresh_key()).await);
    service.execution.set_away(false);
    until("the job tells", async || {
        (service.execution.last(&first).is_some() && service.execution.last(&second).is_some()).then_some(())
    })
    .await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(words(&service), [word(1, true, "court order"), word(2, false, "no fraud")]);
    assert_eq!(service.execution.last(&second).expect("told").by, "alice", "who said it, and not the job");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_ascend_with_each_change_and_with_nothing_else() {
    let service = Service::start_telling_every(NEVER).await;
    let id = asset(&service).await;
    unpause(&service, &id, "never paused", &fresh_key()).await.expect("nothing to end");
    assert_eq!(words(&service), [], "of an asset that was never paused there is nothing to say");
    pause(&service, &id, "first", &fresh_key()).await.expect("paused");
    pause(&service, &id, "again", &fresh_key()).await.expect("paused already");
    unpause(&service, &id, "over", &fresh_key()).await.expect("unpaused");
    unpause(&service, &id, "over again", &fresh_key()).await.expect("unpaused already");
    pause(&service, &id, "second", &fresh_key()).await.expect("paused");
    let expected = [
        word(1, true, "first"),
        word(1, true, "first"),
        word(2, false, "over"),
        word(2, false, "over"),
        word(3, true, "second"),
    ];
    assert_eq!(words(&service), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_old_call_tells_what_is_so_now() {
    let service = Service::start_telling_every(NEVER).await;
    let id = asset(&service).await;
    let (pausing, unpausing) = (fresh_key(), fresh_key());
    let paused = pause(&service, &id, "court order", &pausing).await.expect("paused");
    let running = unpause(&service, &id, "lifted", &unpausing).await.expect("unpaused");
    assert_eq!(pause(&service, &id, "court order", &pausing).await.expect("its first answer"), paused);
    assert_eq!(words(&service).last(), Some(&word(2, false, "lifted")));
    pause(&service, &id, "another", &fresh_key()).await.expect("paused");
    assert_eq!(unpause(&service, &id, "lifted", &unpausing).await.expect("its first answer"), running);
    assert_eq!(words(&service).last(), Some(&word(3, true, "another")));
    assert!(service.get(&id).await.paused);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_racing_calls_execution_goes_by_what_the_asset_says() {
    let service = Service::start_telling_every(NEVER).await;
    let id = asset(&service).await;
    for round in 0..20 {
        let keys = [fresh_key(), fresh_key()];
        let (paused, unpaused) =
            tokio::join!(pause(&service, &id, "stop", &keys[0]), unpause(&service, &id, "go", &keys[1]));
        paused.expect("paused");
        unpaused.expect("unpaused");
        let last = service.execution.last(&id).expect("told");
        assert_eq!(last.paused, service.get(&id).await.paused, "round {round}: {last:?}");
    }
}
