//! Registration, periodic syncs and their settings.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ids::{AssetId, SystemIds};
use proto::holder::v1::{
    BatchGetSyncStatusRequest, GetSyncStatusRequest, RegisterAssetRequest, SyncState,
    UpdateSyncSettingsRequest,
};
use service_kit::clock::{Clock as _, ManualClock};
use tonic::Code;

use crate::support::{Ground, fields, fresh_key, reason, until};

#[tokio::test(flavor = "multi_thread")]
async fn registration_starts_the_first_sync_and_repeating_it_changes_nothing() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10\n0.0.5002,20").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let first = replica.ended_sync(asset).await;
    assert_eq!((first.state(), first.holder_count, first.changed_count), (SyncState::Succeeded, 2, 2));
    let message = RegisterAssetRequest { asset_id: asset.to_string(), token_id: token.clone() };
    let again = replica.client().register_asset(replica.internal(message.clone())).await.expect("known");
    let status = again.into_inner().status.expect("a status");
    assert_eq!(status.last_sync, Some(first));
    let settings = status.settings.expect("settings");
    assert!(settings.periodic && settings.interval_s == 3600 && settings.next_time.is_some());
    let other = RegisterAssetRequest { token_id: "0.0.77".to_owned(), ..message };
    let refused = replica.client().register_asset(replica.internal(other)).await;
    assert_eq!(reason(refused), (Code::AlreadyExists, "ASSET_TOKEN_DIFFERS".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_many_assets_leaves_unknown_ones_out() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10").await;
    let replica = ground.replica().await;
    let assets = [replica.register(&token).await, replica.register(&token).await];
    for asset in assets {
        replica.ended_sync(asset).await;
    }
    let unknown = AssetId::new(&SystemIds);
    let asset_ids = assets.iter().chain([&unknown]).map(AssetId::to_string).collect();
    let message = BatchGetSyncStatusRequest { asset_ids };
    let answer = replica.client().batch_get_sync_status(replica.internal(message)).await.expect("an answer");
    let mut known: Vec<_> = answer.into_inner().statuses;
    known.sort_by(|a, b| a.asset_id.cmp(&b.asset_id));
    assert_eq!(known, [replica.status(assets[0]).await, replica.status(assets[1]).await]);
    let many = BatchGetSyncStatusRequest { asset_ids: vec![unknown.to_string(); 1001] };
    let refused = replica.client().batch_get_sync_status(replica.internal(many)).await;
    assert_eq!(fields(refused), ["asset_ids"]);
    let message = GetSyncStatusRequest { asset_id: unknown.to_string() };
    let refused = replica.client().get_sync_status(replica.read(message)).await;
    assert_eq!(reason(refused), (Code::NotFound, "ASSET_NOT_FOUND".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn periodic_syncs_start_when_due_and_stop_when_turned_off() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10\n0.0.5002,20").await;
    let clock = ManualClock::at(SystemTime::now());
    let replica = ground.replica_with(|config| config.clock = Arc::new(clock.clone())).await;
    let asset = replica.register(&token).await;
    let first = replica.ended_sync(asset).await;
    ground.sandbox.transfer(&token, "0.0.5001", "0.0.5002", 4).await;
    ground.sandbox.store().await;
    clock.advance(Duration::from_secs(3601));
    let second = until("a periodic sync", async || {
        let last = replica.ended_sync(asset).await;
        (last.id != first.id).then_some(last)
    })
    .await;
    assert_eq!((second.state(), second.changed_count), (SyncState::Succeeded, 2));
    let off = UpdateSyncSettingsRequest { asset_id: asset.to_string(), periodic: false, interval_s: 0 };
    let answer = replica.client().update_sync_settings(replica.write(off)).await.expect("accepted");
    let settings = answer.into_inner().settings.expect("settings");
    assert_eq!((settings.periodic, settings.interval_s, settings.next_time), (false, 3600, None));
    clock.advance(Duration::from_hours(24));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(replica.ended_sync(asset).await.id, second.id);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_kept_and_bounded() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,10").await;
    let clock = ManualClock::at(SystemTime::now());
    let replica = ground.replica_with(|config| config.clock = Arc::new(clock.clone())).await;
    let asset_id = replica.register(&token).await.to_string();
    let (message, key) =
        (UpdateSyncSettingsRequest { asset_id, periodic: true, interval_s: 60 }, fresh_key());
    let set =
        replica.client().update_sync_settings(replica.write_under(message.clone(), &key)).await.expect("set");
    let settings = set.into_inner().settings.expect("settings");
    let due = clock.now() + Duration::from_mins(1);
    assert_eq!((settings.interval_s, settings.next_time), (60, Some(due.into())));
    clock.advance(Duration::from_secs(5));
    let again =
        replica.client().update_sync_settings(replica.write_under(message.clone(), &key)).await.expect("set");
    assert_eq!(again.into_inner().settings, Some(settings), "the first answer");
    for interval_s in [59, 604_801] {
        let bad = UpdateSyncSettingsRequest { interval_s, ..message.clone() };
        assert_eq!(fields(replica.client().update_sync_settings(replica.write(bad)).await), ["interval_s"]);
    }
    let unknown = UpdateSyncSettingsRequest { asset_id: AssetId::new(&SystemIds).to_string(), ..message };
    let refused = replica.client().update_sync_settings(replica.write(unknown)).await;
    assert_eq!(reason(refused), (Code::NotFound, "ASSET_NOT_FOUND".to_owned()));
}
