//! Record times that the mirror node has not passed yet, and stored balances that are too old for them.

use std::time::Duration;

use ids::{SnapshotId, SystemIds};
use proto::holder::v1::{GetSnapshotRequest, Snapshot, SnapshotState, TakeSnapshotRequest};
use serde_json::json;

use crate::support::{Ground, Replica};

/// Longer than the network needs for a block.
const BLOCK_AND_MORE: Duration = Duration::from_millis(2_500);

async fn look(replica: &Replica, id: &str) -> Snapshot {
    let message = GetSnapshotRequest { snapshot_id: id.to_owned() };
    let answer = replica.client().get_snapshot(replica.read(message)).await.expect("a known snapshot");
    answer.into_inner().snapshot.expect("a snapshot")
}

/// Takes a snapshot of now while replica 1 of the mirror node, among those behind `url`, has seen nothing for a while.
async fn waits_for_the_stalled_replica(url: impl FnOnce(&Ground) -> String) {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100\n0.0.5002,200").await;
    let url = url(&ground);
    let replica = ground.replica_with(|config| config.mirror.base_url = url).await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    ground.sandbox.put("mirrors/1", json!({"stalled": true})).await;
    ground.sandbox.transfer(&token, "0.0.5001", "0.0.5002", 100).await;
    let newest_ns = ground.sandbox.store().await;
    let message = TakeSnapshotRequest { asset_id: asset.to_string(), ..TakeSnapshotRequest::default() };
    let begun = replica.take(message).await.expect("a good request");
    tokio::time::sleep(BLOCK_AND_MORE).await;
    assert_eq!(
        look(&replica, &begun.id).await.state(),
        SnapshotState::Running,
        "nothing shows what was then"
    );
    ground.sandbox.put("mirrors/1", json!({"stalled": false})).await;
    let ready = replica.ended_snapshot(&begun.id).await;
    assert_eq!((ready.state(), ready.consensus_ns), (SnapshotState::Ready, newest_ns));
    assert_eq!(ready.holder_count, 1, "who sold before the record time is no holder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_waits_until_the_mirror_node_has_passed_its_record_time() {
    waits_for_the_stalled_replica(|ground| ground.sandbox.replica_url(1).to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_waits_for_the_last_of_the_replicas_behind_one_address() {
    waits_for_the_stalled_replica(|ground| ground.sandbox.mirror_url().to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_waited_in_vain_says_so_and_can_be_taken_again() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    let replica = ground
        .replica_with(|config| {
            config.retry_first = Duration::from_millis(1);
            config.block_wait = Duration::from_millis(50);
        })
        .await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    ground.sandbox.put("mirrors/1", json!({"stalled": true})).await;
    let message = TakeSnapshotRequest {
        asset_id: asset.to_string(),
        snapshot_id: SnapshotId::new(&SystemIds).to_string(),
        record_time: None,
    };
    let begun = replica.take(message.clone()).await.expect("a good request");
    let failed = replica.ended_snapshot(&begun.id).await;
    assert_eq!((failed.state(), failed.failure_reason.as_str()), (SnapshotState::Failed, "MIRROR_BEHIND"));
    ground.sandbox.put("mirrors/1", json!({"stalled": false})).await;
    tokio::time::sleep(BLOCK_AND_MORE).await;
    replica.take(message).await.expect("the same");
    let ready = replica.ended_snapshot(&begun.id).await;
    assert_eq!((ready.state(), ready.record_time), (SnapshotState::Ready, begun.record_time));
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_balances_much_older_than_the_record_time_are_refused() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    let stored_ns = ground.sandbox.store().await;
    let replica = ground
        .replica_with(|config| {
            config.retry_first = Duration::from_millis(1);
            config.stored_age_max = Duration::from_secs(1);
        })
        .await;
    let asset = replica.register(&token).await;
    let taken_at = async |ns| {
        let message = TakeSnapshotRequest {
            asset_id: asset.to_string(),
            record_time: Some(pg::time::from_ns(ns).into()),
            snapshot_id: String::new(),
        };
        replica.ended_snapshot(&replica.take(message).await.expect("a good request").id).await
    };
    // Nothing is stored from here on, as at a mirror node that goes on without storing balances.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let oldest = taken_at(stored_ns + 1_000_000_000).await;
    assert_eq!((oldest.state(), oldest.consensus_ns), (SnapshotState::Ready, stored_ns));
    let refused = taken_at(stored_ns + 1_000_000_001).await;
    assert_eq!(
        (refused.state(), refused.failure_reason.as_str()),
        (SnapshotState::Failed, "STORED_BALANCES_TOO_OLD")
    );
}
