//! Syncs of an asset on demand.

use proto::asset::v1::{Asset, SyncAssetRequest};
use serde_json::json;
use service_kit::idempotency::IdempotencyKey;
use tonic::{Code, Response, Status};

use crate::support::{Service, fields, fresh_key, reason};

async fn sync(service: &Service, asset_id: &str, key: &IdempotencyKey) -> Result<Response<Asset>, Status> {
    let message = SyncAssetRequest { asset_id: asset_id.to_owned() };
    let answer = service.assets().sync_asset(service.write_under(message, key)).await?;
    Ok(answer.map(|answer| answer.asset.expect("an asset")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_reads_the_facts_again_and_starts_a_sync_of_the_holders() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({"pause_key": true})).await;
    let asset = service.import(&token_id).await;
    service.sandbox.patch(&format!("tokens/{token_id}"), json!({"paused": true})).await;
    let key = fresh_key();
    let synced = sync(&service, &asset.id, &key).await.expect("begun").into_inner();
    assert!(synced.token.as_ref().is_some_and(|token| token.network_paused));
    assert!(!synced.paused, "a pause on the network is no pause in Bursar");
    assert_eq!(service.holders.asked().syncs.get(key.as_str()), Some(&asset.id));
    service.sandbox.patch(&format!("tokens/{token_id}"), json!({"paused": false})).await;
    assert_eq!(sync(&service, &asset.id, &key).await.expect("the first answer").into_inner(), synced);
    assert_eq!(service.get(&asset.id).await, synced);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_cut_off_half_way_is_finished_by_its_repetition() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let asset = service.import(&token_id).await;
    service.holders.set_away(true);
    let key = fresh_key();
    let refused = sync(&service, &asset.id, &key).await;
    assert_eq!(reason(refused), (Code::Unavailable, "HOLDER_SERVICE_UNAVAILABLE".to_owned()));
    service.holders.set_away(false);
    sync(&service, &asset.id, &key).await.expect("finished");
    assert_eq!(service.holders.asked().syncs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_makes_known_again_what_the_holder_service_forgot() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let asset = service.import(&token_id).await;
    service.holders.forget();
    sync(&service, &asset.id, &fresh_key()).await.expect("begun");
    assert_eq!(service.holders.asked().registered.get(&asset.id), Some(&token_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_of_an_unknown_asset_or_without_the_network_is_refused() {
    let service = Service::start().await;
    let unknown = sync(&service, "ast_0190f3c85d0e7a3b8c4d5e6f708192ab", &fresh_key()).await;
    assert_eq!(reason(unknown), (Code::NotFound, "ASSET_NOT_FOUND".to_owned()));
    assert_eq!(fields(sync(&service, "x", &fresh_key()).await), ["asset_id"]);
    let token_id = service.sandbox.token(json!({})).await;
    let asset = service.import(&token_id).await;
    service.sandbox.fail("tokens", 500, None).await;
    let away = sync(&service, &asset.id, &fresh_key()).await;
    assert_eq!(reason(away), (Code::Unavailable, "MIRROR_UNAVAILABLE".to_owned()));
}
