//! Pauses in Bursar.

use proto::asset::v1::{Asset, PauseAssetRequest, UnpauseAssetRequest};
use serde_json::json;
use tonic::{Code, Response, Status};

use crate::support::{Service, fields, fresh_key, reason};

const UNKNOWN: &str = "ast_0190f3c85d0e7a3b8c4d5e6f708192ab";

async fn pause(service: &Service, asset_id: &str, reason: &str) -> Result<Response<Asset>, Status> {
    let message = PauseAssetRequest { asset_id: asset_id.to_owned(), reason: reason.to_owned() };
    let answer = service.assets().pause_asset(service.write(message)).await?;
    Ok(answer.map(|answer| answer.asset.expect("an asset")))
}

async fn unpause(service: &Service, asset_id: &str) -> Result<Response<Asset>, Status> {
    unpause_because(service, asset_id, "all is well").await
}

async fn unpause_because(service: &Service, asset_id: &str, reason: &str) -> Result<Response<Asset>, Status> {
    let message = UnpauseAssetRequest { asset_id: asset_id.to_owned(), reason: reason.to_owned() };
    let answer = service.assets().unpause_asset(service.write(message)).await?;
    Ok(answer.map(|answer| answer.asset.expect("an asset")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_keeps_its_first_reason_until_it_ends() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let id = service.import(&token_id).await.id;
    let paused = pause(&service, &id, "court order").await.expect("paused").into_inner();
    let told = (paused.paused, paused.pause_reason.as_str(), paused.paused_by.as_str());
    assert_eq!(told, (true, "court order", "alice"));
    assert_eq!(pause(&service, &id, "another reason").await.expect("paused").into_inner(), paused);
    assert_eq!(service.get(&id).await, paused);
    let running = unpause(&service, &id).await.expect("unpaused").into_inner();
    assert_eq!((running.paused, running.pause_reason.as_str(), running.paused_by.as_str()), (false, "", ""));
    assert!(
        running.update_time.map(|time| (time.seconds, time.nanos))
            > paused.update_time.map(|time| (time.seconds, time.nanos))
    );
    assert_eq!(unpause(&service, &id).await.expect("unpaused").into_inner(), running, "nothing changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_pause_does_not_undo_what_came_after_it() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let id = service.import(&token_id).await.id;
    let message = PauseAssetRequest { asset_id: id.clone(), reason: "maintenance".to_owned() };
    let key = fresh_key();
    let first =
        service.assets().pause_asset(service.write_under(message.clone(), &key)).await.expect("paused");
    unpause(&service, &id).await.expect("unpaused");
    let again =
        service.assets().pause_asset(service.write_under(message, &key)).await.expect("the first answer");
    assert_eq!(first.into_inner(), again.into_inner());
    assert!(!service.get(&id).await.paused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_and_its_end_need_a_reason_and_an_asset() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let id = service.import(&token_id).await.id;
    for bad in ["", " padded", &"x".repeat(501), "two\nlines"] {
        assert_eq!(fields(pause(&service, &id, bad).await), ["reason"], "{bad:?}");
        assert_eq!(fields(unpause_because(&service, &id, bad).await), ["reason"], "{bad:?}");
    }
    assert_eq!(fields(pause(&service, "x", "").await), ["asset_id", "reason"]);
    let not_found = (Code::NotFound, "ASSET_NOT_FOUND".to_owned());
    assert_eq!(reason(pause(&service, UNKNOWN, "why").await), not_found);
    assert_eq!(reason(unpause(&service, UNKNOWN).await), not_found);
    assert_eq!(fields(unpause(&service, "").await), ["asset_id"]);
    assert!(pause(&service, &id, &"ü".repeat(500)).await.is_ok());
}
