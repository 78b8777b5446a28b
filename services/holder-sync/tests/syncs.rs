//! Syncs: what they read, what they record, what they survive.

use std::time::Duration;

use proto::holder::v1::{HolderKind, SyncState};
use serde_json::json;

use crate::support::{Ground, numbered, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_records_who_came_who_changed_and_who_left() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100\n0.0.5002,200\n0.0.5003,300").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    assert_eq!(replica.holders(asset).await, ["0.0.5001=100", "0.0.5002=200", "0.0.5003=300"]);
    ground.sandbox.transfer(&token, "0.0.5001", "0.0.5002", 100).await;
    let stored_ns = ground.sandbox.store().await;
    let sync = replica.sync(asset).await;
    assert_eq!((sync.state(), sync.holder_count, sync.changed_count), (SyncState::Succeeded, 2, 2));
    assert_eq!(sync.consensus_ns, stored_ns);
    assert_eq!(replica.holders(asset).await, ["0.0.5002=300", "0.0.5003=300"]);
    assert_eq!(ground.number("SELECT count(*) FROM staged_balance").await, 0, "nothing staged is left");
    assert_eq!(ground.number("SELECT count(*) FROM reading").await, 0);
    assert_eq!(ground.number("SELECT count(*) FROM job").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_moves_that_are_not_stored_yet_do_not_show() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100\n0.0.5002,200").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let first = replica.ended_sync(asset).await;
    ground.sandbox.transfer(&token, "0.0.5001", "0.0.5002", 50).await;
    let second = replica.sync(asset).await;
    assert_ne!(second.id, first.id);
    assert_eq!((second.consensus_ns, second.changed_count), (first.consensus_ns, 0));
    assert_eq!(replica.holders(asset).await, ["0.0.5001=100", "0.0.5002=200"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_survives_a_mirror_node_that_is_busy_or_broken() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(250)).await;
    let (busy, broken) = (format!("{token}/balances"), "accounts");
    ground.sandbox.fail(&busy, 429, Some(5)).await;
    ground.sandbox.fail(broken, 500, Some(3)).await;
    ground.sandbox.fail("contracts", 503, Some(2)).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let sync = replica.ended_sync(asset).await;
    assert_eq!((sync.state(), sync.holder_count), (SyncState::Succeeded, 250));
    assert_eq!(replica.holders(asset).await.len(), 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_cannot_succeed_fails_for_its_reason_and_leaves_the_holders_as_they_were() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    ground.sandbox.store().await;
    ground.sandbox.fail(&format!("{token}/balances"), 500, None).await;
    let sync = replica.sync(asset).await;
    assert_eq!((sync.state(), sync.failure_reason.as_str()), (SyncState::Failed, "MIRROR_UNAVAILABLE"));
    assert_eq!(replica.holders(asset).await, ["0.0.5001=100"]);
    let status = replica.status(asset).await;
    assert!(status.synced_time.is_some() && status.holder_count == 1, "the last success is still told");
    ground.sandbox.heal().await;
    assert_eq!(replica.sync(asset).await.state(), SyncState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_token_and_one_without_stored_balances_fail_at_once() {
    let ground = Ground::new().await;
    let replica = ground.replica().await;
    let unknown = replica.register("0.0.987654").await;
    assert_eq!(replica.ended_sync(unknown).await.failure_reason, "TOKEN_NOT_FOUND");
    let request = json!({"name": "New", "symbol": "NEW", "decimals": 2, "treasury_units": 10});
    let token = ground.sandbox.post("tokens", request).await["token_id"].as_str().expect("an id").to_owned();
    let new = replica.register(&token).await;
    assert_eq!(replica.ended_sync(new).await.failure_reason, "NO_STORED_BALANCES");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_two_states_are_never_one_reading() {
    let ground = Ground::new().await;
    // Four pages, asked for one after another, so that both replicas are asked.
    let token = ground.sandbox.token(&numbered(350)).await;
    let replica = ground.replica_with(|config| config.mirror.attempts_max = 1000).await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    ground.sandbox.transfer(&token, "0.0.6001", "0.0.6002", 1).await;
    ground.sandbox.store().await;
    // The first page is read; the second is asked for until a replica that is behind has joined.
    ground.sandbox.fail("account.id=gt", 500, None).await;
    replica.begin_sync(asset).await;
    until("the second page is asked for", async || (ground.sandbox.faults_fired().await > 0).then_some(()))
        .await;
    ground.sandbox.put("mirrors/1", json!({"lag_millis": 3_600_000})).await;
    ground.sandbox.heal().await;
    until("the reading is given up", async || {
        (ground.number("SELECT coalesce(sum(failures), 0) FROM job").await > 0).then_some(())
    })
    .await;
    assert_eq!(replica.holders(asset).await[1..3], ["0.0.6001=2", "0.0.6002=3"], "as before");
    ground.sandbox.put("mirrors/1", json!({"lag_millis": 0})).await;
    let sync = replica.ended_sync(asset).await;
    assert_eq!((sync.state(), sync.holder_count), (SyncState::Succeeded, 350));
    assert_eq!(replica.holders(asset).await[1..3], ["0.0.6001=1", "0.0.6002=4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_learnt_from_a_replica_that_has_not_passed_the_state_that_is_read() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    ground.sandbox.put("mirrors/1", json!({"stalled": true})).await;
    let contract = ground.sandbox.contract(&token, "0.0.5001", 40).await;
    let stored_ns = ground.sandbox.store().await;
    // Who asks what the contract is asks replica 1 whether it is one, and replica 0 all the rest.
    ground.sandbox.fail_at(0, "/contracts").await;
    for path in ["/tokens/", "/accounts"] {
        ground.sandbox.fail_at(1, path).await;
    }
    let replica = ground
        .replica_with(|config| {
            config.mirror.attempts_max = 100;
            config.retry_first = Duration::from_millis(1);
            config.block_wait = Duration::from_millis(50);
        })
        .await;
    let asset = replica.register(&token).await;
    let sync = replica.ended_sync(asset).await;
    assert_eq!((sync.state(), sync.failure_reason.as_str()), (SyncState::Failed, "MIRROR_BEHIND"));
    ground.sandbox.put("mirrors/1", json!({"stalled": false})).await;
    let sync = until("both replicas have passed the state", async || {
        Some(replica.sync(asset).await).filter(|sync| sync.state() == SyncState::Succeeded)
    })
    .await;
    assert_eq!(sync.consensus_ns, stored_ns);
    assert_eq!(replica.kind(asset, &contract).await, Some(HolderKind::Contract));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_goes_on_once_the_last_replica_has_passed_its_state() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    ground.sandbox.put("mirrors/1", json!({"stalled": true})).await;
    ground.sandbox.move_treasury(&token, "0.0.5001").await;
    let stored_ns = ground.sandbox.store().await;
    ground.sandbox.fail("/blocks", 500, Some(1)).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    until("the sync looks how far the mirror node is", async || {
        (ground.sandbox.faults_fired().await > 0).then_some(())
    })
    .await;
    ground.sandbox.put("mirrors/1", json!({"stalled": false})).await;
    let sync = replica.ended_sync(asset).await;
    assert_eq!((sync.state(), sync.consensus_ns), (SyncState::Succeeded, stored_ns));
    assert_eq!(replica.kind(asset, "0.0.5001").await, Some(HolderKind::Treasury));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_treasury_among_holders_is_that_of_their_state() {
    let ground = Ground::new().await;
    let issuer = ground.sandbox.issuer();
    let token = ground.sandbox.token(&format!("{issuer},1000\n0.0.5001,100")).await;
    ground.sandbox.move_treasury(&token, "0.0.5001").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    assert_eq!(replica.kind(asset, &issuer).await, Some(HolderKind::Treasury));
    assert_eq!(replica.kind(asset, "0.0.5001").await, Some(HolderKind::Account));
    ground.sandbox.transfer(&token, "0.0.5001", &issuer, 300).await;
    ground.sandbox.store().await;
    replica.sync(asset).await;
    assert_eq!(replica.kind(asset, &issuer).await, Some(HolderKind::Account));
    assert_eq!(replica.kind(asset, "0.0.5001").await, Some(HolderKind::Treasury));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lagging_mirror_node_never_turns_time_back() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100\n0.0.5002,200").await;
    ground.sandbox.put("mirrors/1", json!({"stalled": true})).await;
    ground.sandbox.transfer(&token, "0.0.5001", "0.0.5002", 1).await;
    ground.sandbox.store().await;
    let current =
        ground.replica_with(|config| config.mirror.base_url = ground.sandbox.replica_url(0).to_owned()).await;
    let asset = current.register(&token).await;
    assert_eq!(current.ended_sync(asset).await.state(), SyncState::Succeeded);
    current.stop().await;
    let behind =
        ground.replica_with(|config| config.mirror.base_url = ground.sandbox.replica_url(1).to_owned()).await;
    behind.ready().await;
    let sync = behind.sync(asset).await;
    assert_eq!((sync.state(), sync.failure_reason.as_str()), (SyncState::Failed, "MIRROR_BEHIND"));
    assert_eq!(behind.holders(asset).await, ["0.0.5001=99", "0.0.5002=201"]);
}
