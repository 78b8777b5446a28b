//! The queue: leases, takeovers, several replicas, starts that must be refused.

use money::Network;
use proto::holder::v1::{SnapshotState, SyncState, TakeSnapshotRequest};

use crate::support::{Ground, numbered, until};

const HELD: &str = "SELECT count(*) FROM job WHERE lease_until > now()";

#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_killed_replica_is_taken_over_when_its_lease_ends() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(250)).await;
    ground.sandbox.fail("accounts", 500, None).await;
    let killed = ground.replica_with(|config| config.mirror.attempts_max = 1000).await;
    let asset = killed.register(&token).await;
    until("the sync has read its balances", async || {
        (ground.number("SELECT count(*) FROM staged_balance").await == 250).then_some(())
    })
    .await;
    killed.kill().await;
    ground.sandbox.heal().await;
    let heir = ground.replica().await;
    heir.ready().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let waiting = heir.status(asset).await.last_sync.expect("it has one");
    assert_eq!(waiting.state(), SyncState::Running, "nobody takes over a lease that has not ended");
    ground.sql("UPDATE job SET lease_until = now() - interval '1 second'").await;
    let sync = heir.ended_sync(asset).await;
    assert_eq!((sync.state(), sync.holder_count), (SyncState::Succeeded, 250));
    assert_eq!(heir.holders(asset).await.len(), 250);
    let dead = "SELECT count(*) FROM staged_balance s JOIN reading r ON r.id = s.reading_id";
    assert_eq!(
        ground.number(dead).await,
        250,
        "what the killed one read is nobody's, and found by the sweep"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_snapshot_is_taken_from_nothing_by_its_heir() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(250)).await;
    let killed = ground.replica_with(|config| config.mirror.attempts_max = 1000).await;
    let asset = killed.register(&token).await;
    killed.ended_sync(asset).await;
    // A new holder has an account that must be asked about: there the reading hangs, with its rows stored.
    ground.sandbox.token("0.0.9001,1").await;
    let relation = format!("tokens/{token}/accounts/0.0.9001");
    ground.sandbox.put(&relation, serde_json::json!({"associated": true})).await;
    ground.sandbox.transfer(&token, "0.0.6000", "0.0.9001", 1).await;
    ground.sandbox.store().await;
    ground.sandbox.fail("/accounts", 500, None).await;
    let message = TakeSnapshotRequest { asset_id: asset.to_string(), ..TakeSnapshotRequest::default() };
    let begun = killed.take(message).await.expect("a good request");
    until("the snapshot has read its balances", async || {
        (ground.number("SELECT count(*) FROM snapshot_balance").await == 250).then_some(())
    })
    .await;
    killed.kill().await;
    ground.sandbox.heal().await;
    ground.sql("UPDATE job SET lease_until = now() - interval '1 second'").await;
    let heir = ground.replica().await;
    heir.ready().await;
    let ready = heir.ended_snapshot(&begun.id).await;
    assert_eq!((ready.state(), ready.holder_count), (SnapshotState::Ready, 250));
    let rows: usize =
        heir.stream(&ready.id).await.expect("ready").iter().map(|chunk| chunk.holders.len()).sum();
    assert_eq!(rows, 250, "the rows of the killed reading are not among them");
    assert_eq!(ground.number("SELECT count(*) FROM snapshot_balance").await, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_replica_read_is_let_go_once_nobody_can_be_working_on_it() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(250)).await;
    ground.sandbox.fail("accounts", 500, None).await;
    let killed = ground.replica_with(|config| config.mirror.attempts_max = 1000).await;
    let asset = killed.register(&token).await;
    until("the sync has read its balances", async || {
        (ground.number("SELECT count(*) FROM staged_balance").await == 250).then_some(())
    })
    .await;
    killed.kill().await;
    ground.sandbox.heal().await;
    ground.sql("UPDATE job SET lease_until = now() - interval '1 second'").await;
    let heir = ground.replica().await;
    heir.ready().await;
    heir.ended_sync(asset).await;
    let message = TakeSnapshotRequest { asset_id: asset.to_string(), ..TakeSnapshotRequest::default() };
    let snapshot = heir.take(message).await.expect("a good request");
    heir.ended_snapshot(&snapshot.id).await;
    heir.stop().await;
    ground.sql("UPDATE reading SET created_at = now() - interval '2 hours'").await;
    let sweeper = ground.replica().await;
    sweeper.ready().await;
    until("the dead reading is let go", async || {
        (ground.number("SELECT count(*) FROM reading").await == 0).then_some(())
    })
    .await;
    assert_eq!(ground.number("SELECT count(*) FROM staged_balance").await, 0);
    assert_eq!(sweeper.stream(&snapshot.id).await.expect("ready")[0].holders.len(), 250, "snapshots stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lost_its_lease_writes_nothing_more() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(150)).await;
    ground.sandbox.fail_replica(0, 500).await;
    let slow = ground
        .replica_with(|config| {
            config.mirror.base_url = ground.sandbox.replica_url(0).to_owned();
            config.mirror.attempts_max = 1000;
            config.workers = 1;
            config.lease = std::time::Duration::from_hours(1);
        })
        .await;
    let asset = slow.register(&token).await;
    until("the work is held", async || (ground.number(HELD).await == 1).then_some(())).await;
    ground.sql("UPDATE job SET lease_until = now() - interval '1 second'").await;
    let url = ground.sandbox.replica_url(1).to_owned();
    let heir = ground.replica_with(|config| config.mirror.base_url = url).await;
    heir.ready().await;
    let sync = heir.ended_sync(asset).await;
    assert_eq!(sync.state(), SyncState::Succeeded);
    // The slow one comes back, reads everything, and finds that its work is another's and done.
    ground.sandbox.heal().await;
    until("the slow one gave up its reading", async || {
        (ground.number("SELECT count(*) FROM staged_balance").await > 0).then_some(())
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(heir.ended_sync(asset).await, sync);
    assert_eq!(heir.holders(asset).await.len(), 150);
    assert_eq!(ground.number("SELECT count(*) FROM balance_history").await, 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_replicas_share_the_work_and_do_each_piece_once() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(20)).await;
    let (one, two) = (ground.replica().await, ground.replica().await);
    two.ready().await;
    let mut assets = Vec::new();
    for _ in 0..10 {
        assets.push(one.register(&token).await);
    }
    for asset in assets {
        let sync = two.ended_sync(asset).await;
        assert_eq!((sync.state(), sync.changed_count), (SyncState::Succeeded, 20));
    }
    assert_eq!(ground.number("SELECT count(*) FROM balance_history").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_unfinished_work_back_at_once() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(20)).await;
    ground.sandbox.fail("/balances", 500, None).await;
    let stopped = ground.replica_with(|config| config.mirror.attempts_max = 1000).await;
    let asset = stopped.register(&token).await;
    until("the work is held", async || (ground.number(HELD).await == 1).then_some(())).await;
    stopped.stop().await;
    assert_eq!(ground.number(HELD).await, 0);
    ground.sandbox.heal().await;
    let heir = ground.replica().await;
    heir.ready().await;
    assert_eq!(heir.ended_sync(asset).await.state(), SyncState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_nobody_survives_is_given_up() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(20)).await;
    ground.sandbox.fail("/balances", 500, None).await;
    let killed = ground.replica_with(|config| config.mirror.attempts_max = 1000).await;
    let asset = killed.register(&token).await;
    until("the work is held", async || (ground.number(HELD).await == 1).then_some(())).await;
    killed.kill().await;
    ground.sql("UPDATE job SET epoch = 20, lease_until = now() - interval '1 second'").await;
    let heir = ground.replica().await;
    heir.ready().await;
    let sync = heir.ended_sync(asset).await;
    assert_eq!((sync.state(), sync.failure_reason.as_str()), (SyncState::Failed, "ABANDONED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_network_refuses_to_start() {
    let ground = Ground::new().await;
    let replica = ground.replica().await;
    replica.ready().await;
    replica.stop().await;
    let other = ground.replica_with(|config| config.network = Network::Testnet).await;
    let error = other.refused().await;
    assert!(error.contains("sandbox") && error.contains("testnet"), "{error}");
}
