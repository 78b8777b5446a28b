//! Snapshots: one state of the network, frozen.

use std::time::{Duration, SystemTime};

use ids::{AssetId, SnapshotId, SystemIds};
use proto::holder::v1::{
    GetSnapshotRequest, HolderKind, ListSnapshotsRequest, Snapshot, SnapshotState, StreamSnapshotRequest,
    SyncHoldersRequest, TakeSnapshotRequest,
};
use serde_json::json;
use tonic::Code;

use crate::support::{Ground, Replica, fields, fresh_key, numbered, reason};

fn now_of(asset: AssetId) -> TakeSnapshotRequest {
    TakeSnapshotRequest { asset_id: asset.to_string(), record_time: None, snapshot_id: String::new() }
}

fn at(asset: AssetId, ns: i64) -> TakeSnapshotRequest {
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(ns.unsigned_abs());
    TakeSnapshotRequest { record_time: Some(time.into()), ..now_of(asset) }
}

async fn taken(replica: &Replica, message: TakeSnapshotRequest) -> Snapshot {
    let begun = replica.take(message).await.expect("a good request");
    replica.ended_snapshot(&begun.id).await
}

/// `account=balance` of a whole snapshot.
async fn rows(replica: &Replica, id: &str) -> Vec<String> {
    let chunks = replica.stream(id).await.expect("a ready snapshot");
    let rows = chunks.into_iter().flat_map(|chunk| chunk.holders);
    rows.map(|holder| format!("{}={}", holder.account, holder.balance)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_of_the_newest_stored_state_at_or_before_its_record_time() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100\n0.0.5002,200").await;
    let first_ns = ground.sandbox.store().await;
    ground.sandbox.transfer(&token, "0.0.5001", "0.0.5002", 100).await;
    let second_ns = ground.sandbox.store().await;
    ground.sandbox.transfer(&token, "0.0.5002", "0.0.5001", 7).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let between = taken(&replica, at(asset, second_ns - 1)).await;
    assert_eq!((between.state(), between.consensus_ns), (SnapshotState::Ready, first_ns));
    assert_eq!(rows(&replica, &between.id).await, ["0.0.5001=100", "0.0.5002=200"]);
    let exactly = taken(&replica, at(asset, second_ns)).await;
    assert_eq!((exactly.consensus_ns, exactly.holder_count), (second_ns, 1));
    assert_eq!(
        (exactly.total_balance.as_str(), exactly.total_supply.as_str(), exactly.decimals),
        ("300", "300", 2)
    );
    assert_eq!(rows(&replica, &exactly.id).await, ["0.0.5002=300"]);
    let now = taken(&replica, now_of(asset)).await;
    assert_eq!(now.consensus_ns, second_ns, "what is not stored yet is of no state");
    let before = taken(&replica, at(asset, 1_000)).await;
    assert_eq!(
        (before.state(), before.failure_reason.as_str()),
        (SnapshotState::Failed, "NO_STORED_BALANCES")
    );
    assert_eq!((before.consensus_ns, before.holder_count), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_supply_of_a_snapshot_is_that_of_its_state_whatever_was_minted_or_burnt_since() {
    let ground = Ground::new().await;
    let issuer = ground.sandbox.issuer();
    // Every sort of holder is part of the supply: the treasury, a contract, one that was deleted, the zero address.
    let token = ground.sandbox.token(&format!("{issuer},1000\n0.0.0,3\n0.0.5001,100\n0.0.5002,200")).await;
    for (account, patch) in [("0.0.5001", json!({"contract": true})), ("0.0.5002", json!({"deleted": true}))]
    {
        ground.sandbox.patch(&format!("accounts/{account}"), patch).await;
    }
    let before_ns = ground.sandbox.store().await;
    ground.sandbox.mint(&token, "0.0.5003,500").await;
    let minted_ns = ground.sandbox.store().await;
    ground.sandbox.post(&format!("tokens/{token}/burns"), json!({"units": 1000})).await;
    let burnt_ns = ground.sandbox.store().await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    for (record_ns, supply) in [(before_ns, "1303"), (minted_ns, "1803"), (burnt_ns, "803")] {
        let snapshot = taken(&replica, at(asset, record_ns)).await;
        assert_eq!((snapshot.state(), snapshot.total_supply.as_str()), (SnapshotState::Ready, supply));
        assert_eq!(snapshot.total_balance, snapshot.total_supply, "every unit is somebody's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_treasury_of_a_snapshot_is_that_of_its_state_wherever_it_moved_since() {
    let ground = Ground::new().await;
    let issuer = ground.sandbox.issuer();
    let token = ground.sandbox.token(&format!("{issuer},1000\n0.0.5001,100\n0.0.5002,200")).await;
    let before_ns = ground.sandbox.store().await;
    ground.sandbox.move_treasury(&token, "0.0.5001").await;
    ground.sandbox.transfer(&token, "0.0.5001", &issuer, 300).await;
    let after_ns = ground.sandbox.store().await;
    ground.sandbox.move_treasury(&token, "0.0.5002").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let (treasury, account) = (HolderKind::Treasury, HolderKind::Account);
    for (record_ns, expected) in [
        (before_ns, [("1000", treasury), ("100", account), ("200", account)]),
        (after_ns, [("300", account), ("800", treasury), ("200", account)]),
    ] {
        let snapshot = taken(&replica, at(asset, record_ns)).await;
        assert_eq!((snapshot.state(), snapshot.consensus_ns), (SnapshotState::Ready, record_ns));
        let chunks = replica.stream(&snapshot.id).await.expect("a ready snapshot");
        let rows: Vec<_> = chunks.into_iter().flat_map(|chunk| chunk.holders).collect();
        let shown = [issuer.as_str(), "0.0.5001", "0.0.5002"].map(|account| {
            let row = rows.iter().find(|row| row.account == account).expect("a holder");
            (row.balance.as_str(), row.kind())
        });
        assert_eq!(shown, expected, "of the state of {record_ns}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stays_one_state_while_balances_move() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(600)).await;
    let total = 600 * 601 / 2;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let begun = replica.take(now_of(asset)).await.expect("a good request");
    // Equal moves across the cursor would cancel out in a sum; here every state is stored and differs.
    for n in 0..40_u64 {
        let (from, to) = (format!("0.0.{}", 6599 - n), format!("0.0.{}", 6000 + n));
        ground.sandbox.transfer(&token, &from, &to, 300).await;
        ground.sandbox.store().await;
    }
    let moved = taken(&replica, now_of(asset)).await;
    let begun = replica.ended_snapshot(&begun.id).await;
    assert!(begun.consensus_ns < moved.consensus_ns);
    for snapshot in [&begun, &moved] {
        assert_eq!((snapshot.state(), snapshot.total_balance.parse()), (SnapshotState::Ready, Ok(total)));
        let again = taken(&replica, at(asset, snapshot.consensus_ns)).await;
        assert_eq!(rows(&replica, &again.id).await, rows(&replica, &snapshot.id).await, "the same state");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_streams_by_account_in_chunks_of_a_thousand() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(2500)).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let snapshot = taken(&replica, now_of(asset)).await;
    let chunks = replica.stream(&snapshot.id).await.expect("it is ready");
    let sizes: Vec<usize> = chunks.iter().map(|chunk| chunk.holders.len()).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
    let holders: Vec<_> = chunks.into_iter().flat_map(|chunk| chunk.holders).collect();
    let expected = (0..2500_u64).map(|n| (format!("0.0.{}", 6000 + n), (n + 1).to_string()));
    assert!(holders.iter().map(|holder| (holder.account.clone(), holder.balance.clone())).eq(expected));
    assert_eq!(holders[0].evm_address, "0x0000000000000000000000000000000000001770");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_own_id_makes_the_call_repeatable() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    let replica = ground.replica().await;
    let (asset, other) = (replica.register(&token).await, replica.register(&token).await);
    let stored_ns = ground.sandbox.store().await;
    let id = SnapshotId::new(&SystemIds).to_string();
    let message = TakeSnapshotRequest { snapshot_id: id.clone(), ..at(asset, stored_ns) };
    let first = taken(&replica, message.clone()).await;
    assert_eq!(first.id, id);
    assert_eq!(replica.take(message.clone()).await.expect("the same"), first);
    let timeless = TakeSnapshotRequest { record_time: None, ..message.clone() };
    assert_eq!(replica.take(timeless).await.expect("the same"), first);
    let other_asset = TakeSnapshotRequest { asset_id: other.to_string(), ..message.clone() };
    let other_time = TakeSnapshotRequest { record_time: at(asset, stored_ns - 1).record_time, ..message };
    for taken_already in [other_asset, other_time] {
        let refused = replica.client().take_snapshot(replica.write(taken_already)).await;
        assert_eq!(reason(refused), (Code::AlreadyExists, "SNAPSHOT_ID_TAKEN".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_snapshot_is_begun_anew_when_asked_for_again() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(150)).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    ground.sandbox.fail(&format!("{token}/balances"), 500, None).await;
    let message =
        TakeSnapshotRequest { snapshot_id: SnapshotId::new(&SystemIds).to_string(), ..now_of(asset) };
    let failed = taken(&replica, message.clone()).await;
    assert_eq!(
        (failed.state(), failed.failure_reason.as_str()),
        (SnapshotState::Failed, "MIRROR_UNAVAILABLE")
    );
    let refused = StreamSnapshotRequest { snapshot_id: failed.id.clone() };
    let refused =
        replica.client().stream_snapshot(replica.read(refused)).await.map(|answer| answer.map(|_| ()));
    assert_eq!(reason(refused), (Code::FailedPrecondition, "SNAPSHOT_NOT_READY".to_owned()));
    ground.sandbox.heal().await;
    let ready = taken(&replica, message).await;
    assert_eq!((ready.state(), ready.holder_count, ready.id), (SnapshotState::Ready, 150, failed.id));
    assert_eq!(ground.number("SELECT count(DISTINCT reading_id) FROM snapshot_balance").await, 1);
    assert_eq!(ground.number("SELECT count(*) FROM reading").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_listed_newest_first() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let mut taken_ids = Vec::new();
    for _ in 0..3 {
        taken_ids.insert(0, taken(&replica, now_of(asset)).await.id);
    }
    let mut message =
        ListSnapshotsRequest { asset_id: asset.to_string(), page_size: 2, page_token: String::new() };
    let newest =
        replica.client().list_snapshots(replica.read(message.clone())).await.expect("known").into_inner();
    message.page_token.clone_from(&newest.next_page_token);
    let oldest =
        replica.client().list_snapshots(replica.read(message.clone())).await.expect("known").into_inner();
    let listed: Vec<_> =
        newest.snapshots.into_iter().chain(oldest.snapshots).map(|snapshot| snapshot.id).collect();
    assert_eq!((listed, oldest.next_page_token.as_str()), (taken_ids, ""));
    message.asset_id = replica.register(&token).await.to_string();
    let refused = replica.client().list_snapshots(replica.read(message)).await;
    assert_eq!(reason(refused).1, "PAGE_TOKEN_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_with_their_reason() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let take = async |message| replica.client().take_snapshot(replica.write(message)).await;
    let soon = SystemTime::now() + Duration::from_mins(1);
    assert_eq!(
        fields(take(TakeSnapshotRequest { record_time: Some(soon.into()), ..now_of(asset) }).await),
        ["record_time"]
    );
    let bad = prost_types::Timestamp { seconds: 1, nanos: -1 };
    let bad =
        TakeSnapshotRequest { record_time: Some(bad), snapshot_id: "snp_1".to_owned(), ..now_of(asset) };
    assert_eq!(fields(take(bad).await), ["record_time", "snapshot_id"]);
    let unknown = now_of(AssetId::new(&SystemIds));
    assert_eq!(reason(take(unknown).await), (Code::NotFound, "ASSET_NOT_FOUND".to_owned()));
    let snapshot_id = SnapshotId::new(&SystemIds).to_string();
    let not_found = (Code::NotFound, "SNAPSHOT_NOT_FOUND".to_owned());
    let message = GetSnapshotRequest { snapshot_id: snapshot_id.clone() };
    assert_eq!(reason(replica.client().get_snapshot(replica.read(message)).await), not_found);
    let message = StreamSnapshotRequest { snapshot_id };
    let refused =
        replica.client().stream_snapshot(replica.read(message)).await.map(|answer| answer.map(|_| ()));
    assert_eq!(reason(refused), not_found);
    let (key, message) = (fresh_key(), now_of(asset));
    let first =
        replica.client().take_snapshot(replica.write_under(message.clone(), &key)).await.expect("accepted");
    let again = replica.client().take_snapshot(replica.write_under(message, &key)).await.expect("accepted");
    assert_eq!(first.into_inner(), again.into_inner(), "one snapshot for one key");
    let unknown = SyncHoldersRequest { asset_id: AssetId::new(&SystemIds).to_string() };
    let refused = replica.client().sync_holders(replica.write(unknown)).await;
    assert_eq!(reason(refused), (Code::NotFound, "ASSET_NOT_FOUND".to_owned()));
}
