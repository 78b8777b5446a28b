use crate::support::{Ground, until};
use proto::holder::v1::{StreamSnapshotRequest, TakeSnapshotRequest};
use std::time::Instant;
#[tokio::test(flavor = "multi_thread")]
async fn scale() {
    let n: u64 = std::env::var("SCALE").unwrap().parse().unwrap();
    let ground = Ground::new().await;
    let t = Instant::now();
    let token = ground
        .sandbox
        .post(
            "tokens",
            serde_json::json!({"name":"A","symbol":"A","decimals":2,"holders":{"count":n,"seed":1}}),
        )
        .await["token_id"]
        .as_str()
        .unwrap()
        .to_owned();
    eprintln!("made {:?}", t.elapsed());
    let replica = ground.replica().await;
    replica.ready().await;
    let t = Instant::now();
    let asset = replica.register(&token).await;
    let mut k = 0;
    loop {
        let s = replica.status(asset).await.last_sync.unwrap();
        if s.end_time.is_some() {
            eprintln!("sync {:?} {:?}", s, t.elapsed());
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        k += 1;
        if k % 10 == 0 {
            eprintln!(
                "staged {} accounts {} t {:?}",
                ground.number("SELECT count(*) FROM staged_balance").await,
                ground.number("SELECT count(*) FROM account").await,
                t.elapsed()
            );
        }
    }
    let iss = ground.sandbox.issuer();
    for i in 0..20u64 {
        ground.sandbox.transfer(&token, &format!("0.0.{}", 1010 + i), &iss, 1).await;
    }
    ground.sandbox.store().await;
    let t = Instant::now();
    let message = proto::holder::v1::SyncHoldersRequest { asset_id: asset.to_string() };
    replica.client().sync_holders(replica.write(message)).await.unwrap();
    loop {
        let s = replica.status(asset).await.last_sync.unwrap();
        if s.end_time.is_some() {
            eprintln!("resync {:?} {:?}", s, t.elapsed());
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let t = Instant::now();
    let m = TakeSnapshotRequest { asset_id: asset.to_string(), ..Default::default() };
    let s = replica.take(m).await.unwrap();
    loop {
        let m = proto::holder::v1::GetSnapshotRequest { snapshot_id: s.id.clone() };
        let x = replica.client().get_snapshot(replica.read(m)).await.unwrap().into_inner().snapshot.unwrap();
        if x.state() != proto::holder::v1::SnapshotState::Running {
            eprintln!("snapshot {:?} {:?}", x, t.elapsed());
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let t = Instant::now();
    let mut c = 0;
    let m = StreamSnapshotRequest { snapshot_id: s.id.clone() };
    let mut st = replica.client().stream_snapshot(replica.read(m)).await.unwrap().into_inner();
    while let Some(x) = st.message().await.unwrap() {
        c += x.holders.len();
    }
    eprintln!("stream {c} {:?}", t.elapsed());
    let t = Instant::now();
    let _ = replica.holders(asset).await;
    eprintln!("first page {:?}", t.elapsed());
    let _ = until::<(), _, _>("x", async || Some(())).await;
}
