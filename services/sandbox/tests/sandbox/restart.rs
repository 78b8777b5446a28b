//! Restarts: of the network within the process, and of the process on its folder.

use std::io::Write as _;

use sandbox::Error;

use super::*;

#[tokio::test]
async fn a_restart_drops_connections_and_comes_back_on_the_same_addresses() {
    let net = net().await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Ok);
    let (restarted, during) =
        tokio::join!(net.did("POST", "/v1/restart", json!({"down_millis": 1_500})), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            net.try_send(&super::payment()).await
        });
    assert_eq!(restarted, json!({}));
    assert!(during.is_err());
    assert_eq!(net.receipt(&payment).await, Status::Success);
    assert_eq!(net.send(&payment).await, Status::DuplicateTransaction);
    assert_eq!(net.mirror("/api/v1/tokens/0.0.1003").await["symbol"], "USDC");
}

#[tokio::test]
async fn a_call_that_hangs_is_cut_off_by_a_restart() {
    let net = net().await;
    net.fault(json!({"kind": "lost_after", "hang": true, "times": 1})).await;
    let request = payment().signed(&net.key);
    let mut node = net.node(3);
    let (cut, _) = tokio::join!(node.crypto_transfer(request), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        net.did("POST", "/v1/restart", json!({})).await
    });
    assert!(cut.is_err());
    assert_eq!(net.effects("att_1").await, 1);
}

#[tokio::test]
async fn a_folder_keeps_the_whole_ledger_and_a_torn_line_is_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = || Config { data: Some(folder.path().to_owned()), ..Config::default() };
    let net = net_with(config()).await;
    let request = json!({"name": "Acme", "symbol": "ACME", "decimals": 8, "holders": {"count": 50}});
    let token = net.did("POST", "/v1/tokens", request).await["token_id"].clone();
    let path = format!("/v1/tokens/{}", token.as_str().expect("an id"));
    net.did("PATCH", &path, json!({"treasury": format!("0.0.{OPERATOR}")})).await;
    net.did("PUT", "/v1/tokens/0.0.1003/accounts/0.0.98", json!({"frozen": true})).await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Ok);
    net.fault(json!({"kind": "consensus_status", "status": "THROTTLED_AT_CONSENSUS", "times": 1})).await;
    assert_eq!(net.send(&super::payment()).await, Status::Ok);
    let before = net.sandbox.world().read().clone();
    let second = sandbox::start(config()).await.map(|_| ());
    assert!(matches!(second, Err(Error::Journal(sandbox::JournalError::Locked))), "{second:?}");
    let key = net.key.to_bytes();
    net.sandbox.stop().await;

    let journal = folder.path().join("sandbox-journal.jsonl");
    let whole = std::fs::metadata(&journal).expect("a journal").len();
    let mut file = std::fs::OpenOptions::new().append(true).open(&journal).expect("a journal");
    file.write_all(b"[1795000000000000000,{\"move").expect("a torn line");
    drop(file);

    let net = net_with(config()).await;
    assert_eq!(*net.sandbox.world().read(), before);
    assert_eq!(std::fs::metadata(&journal).expect("a journal").len(), whole);
    assert_eq!(net.key.to_bytes(), key);
    assert_eq!(net.receipt(&payment).await, Status::Success);
    assert_eq!(net.send(&payment).await, Status::DuplicateTransaction);
    assert_eq!(net.send(&super::payment()).await, Status::Ok);
}

#[tokio::test]
async fn a_damaged_journal_is_refused_at_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = || Config { data: Some(folder.path().to_owned()), ..Config::default() };
    sandbox::start(config()).await.expect("a sandbox").stop().await;
    let journal = folder.path().join("sandbox-journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("a journal");
    std::fs::write(&journal, format!("{text}{{}}\n")).expect("a damaged journal");
    let refused = sandbox::start(config()).await.map(|_| ());
    assert!(
        matches!(refused, Err(Error::Journal(sandbox::JournalError::Corrupt { line: 2, .. }))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_sandbox_needs_two_nodes_and_two_replicas() {
    for config in [
        Config { node_ports: vec![0], ..Config::default() },
        Config { replica_ports: vec![0], ..Config::default() },
    ] {
        assert!(matches!(sandbox::start(config).await.map(|_| ()), Err(Error::Config(_))));
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_of_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_bursar-sandbox"));
        command
            .arg("--sandbox-data")
            .arg(folder.path())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true);
        command.spawn().expect("a process")
    };
    let payment = payment();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let mut process = start();
        let mut line = String::new();
        let out = process.stdout.take().expect("its output");
        tokio::io::AsyncBufReadExt::read_line(&mut tokio::io::BufReader::new(out), &mut line)
            .await
            .expect("a line");
        let network: Value = serde_json::from_str(&line).expect("one line of JSON");
        let seed = hex::decode(network["operator"]["private_key"].as_str().expect("a key")).expect("hex");
        let key = SigningKey::from_bytes(&seed.try_into().expect("32 bytes"));
        let address = network["nodes"][0]["address"].as_str().expect("an address");
        let mut node = CryptoServiceClient::connect(format!("http://{address}")).await.expect("a connection");
        let answer = node.crypto_transfer(payment.signed(&key)).await.expect("an answer").into_inner();
        answers.push(answer.node_transaction_precheck_code());
        process.kill().await.expect("a kill");
    }
    assert_eq!(answers, [Status::Ok, Status::DuplicateTransaction]);
}
