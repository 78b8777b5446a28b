//! Each fault does what it says, over the wire.

use tonic::Code;

use super::*;

#[tokio::test]
async fn busy_and_any_precheck_status_refuse_without_effect() {
    let net = net().await;
    net.fault(json!({"kind": "busy", "times": 1})).await;
    net.fault(json!({"kind": "precheck", "status": "PLATFORM_NOT_ACTIVE", "times": 1, "node": "0.0.3"}))
        .await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Busy);
    assert_eq!(net.send(&payment).await, Status::PlatformNotActive);
    assert_eq!(net.receipt(&payment).await, Status::ReceiptNotFound);
    assert_eq!(net.send(&payment).await, Status::Ok);
    assert_eq!(net.effects("att_1").await, 1);
}

#[tokio::test]
async fn an_answer_lost_before_the_effect_leaves_none_and_one_lost_after_leaves_one() {
    let net = net().await;
    for (kind, effects, resent) in
        [("lost_before", 0, Status::Ok), ("lost_after", 1, Status::DuplicateTransaction)]
    {
        net.fault(json!({"kind": kind, "times": 1})).await;
        let payment = Payment { memo: kind.to_owned(), ..payment() };
        let lost = net.try_send(&payment).await.map_err(|error| error.code());
        assert_eq!(lost, Err(Code::Unavailable));
        assert_eq!(net.effects(kind).await, effects);
        assert_eq!(net.send(&payment).await, resent);
        assert_eq!(net.effects(kind).await, 1);
    }
}

#[tokio::test]
async fn a_lost_answer_can_also_hang() {
    let net = net().await;
    net.fault(json!({"kind": "lost_after", "hang": true, "times": 1})).await;
    let payment = payment();
    let code = net.send_within(&payment, Duration::from_millis(500)).await.map_err(|error| error.code());
    assert!(matches!(code, Err(Code::Cancelled | Code::DeadlineExceeded)), "{code:?}");
    assert_eq!(net.receipt(&payment).await, Status::Success);
}

#[tokio::test]
async fn an_id_sent_before_can_be_refused_although_it_was_paid() {
    let net = net().await;
    net.fault(json!({"kind": "refuse_resend", "status": "INVALID_NODE_ACCOUNT"})).await;
    net.fault(json!({"kind": "lost_after", "times": 1})).await;
    let payment = payment();
    assert!(net.try_send(&payment).await.is_err());
    assert_eq!(net.send(&payment).await, Status::InvalidNodeAccount);
    assert_eq!(net.send(&payment.at(4)).await, Status::InvalidNodeAccount);
    assert_eq!(net.receipt(&payment).await, Status::Success);
    assert_eq!(net.effects("att_1").await, 1);
}

#[tokio::test]
async fn a_delayed_answer_comes_after_its_effect() {
    let net = net().await;
    net.fault(json!({"kind": "delay_answer", "millis": 1_500, "times": 1})).await;
    let payment = payment();
    let began = std::time::Instant::now();
    let (precheck, seen) = tokio::join!(net.send(&payment), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        net.receipt(&payment).await
    });
    assert_eq!((precheck, seen), (Status::Ok, Status::Success));
    assert!(began.elapsed() >= Duration::from_millis(1_500));
}

#[tokio::test]
async fn a_delayed_copy_arrives_late_even_if_its_answer_was_lost() {
    let net = net().await;
    net.fault(json!({"kind": "delay_effect", "millis": 1_500, "lose_answer": true, "times": 1})).await;
    let payment = payment();
    assert!(net.try_send(&payment).await.is_err());
    assert_eq!(net.receipt(&payment).await, Status::Unknown);
    assert_eq!(net.receipt_at(4, &payment.id).await.expect("an answer"), Status::ReceiptNotFound);
    assert_eq!(net.send(&payment).await, Status::DuplicateTransaction);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(net.receipt(&payment).await, Status::Success);
    assert_eq!(net.effects("att_1").await, 1);
}

#[tokio::test]
async fn a_late_copy_finds_the_id_already_paid_through_another_node() {
    let net = net().await;
    net.fault(json!({"kind": "delay_effect", "millis": 1_500, "times": 1})).await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Ok);
    assert_eq!(net.send(&payment.at(4)).await, Status::Ok);
    assert_eq!(net.receipt(&payment).await, Status::Success);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let listed = net.mirror(&format!("/api/v1/transactions/{}", payment.dashed())).await;
    let results: Vec<_> =
        listed["transactions"].as_array().expect("a list").iter().map(|it| &it["result"]).collect();
    assert_eq!(results, ["SUCCESS", "DUPLICATE_TRANSACTION"]);
    assert_eq!(net.effects("att_1").await, 1);
}

#[tokio::test]
async fn a_status_at_consensus_replaces_the_effect() {
    let net = net().await;
    for (status, again) in [
        ("THROTTLED_AT_CONSENSUS", Status::DuplicateTransaction),
        ("INVALID_NODE_ACCOUNT", Status::Ok),
        ("INVALID_PAYER_SIGNATURE", Status::Ok),
    ] {
        net.fault(json!({"kind": "consensus_status", "status": status, "times": 1})).await;
        let payment = Payment { memo: status.to_owned(), ..payment() };
        assert_eq!(net.send(&payment).await, Status::Ok);
        assert_eq!(net.receipt(&payment).await.as_str_name(), status);
        assert_eq!(net.effects(status).await, 0);
        assert_eq!(net.send(&payment.at(4)).await, again);
    }
}

#[tokio::test]
async fn receipts_can_be_unknown_for_a_time_or_lost() {
    let net = net().await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Ok);
    net.fault(json!({"kind": "receipt_unknown", "times": 2})).await;
    net.fault(json!({"kind": "receipt_lost", "times": 1, "memo_contains": "att_1"})).await;
    assert_eq!(net.receipt(&payment).await, Status::Unknown);
    assert_eq!(net.receipt(&payment).await, Status::Unknown);
    assert!(net.receipt_at(3, &payment.id).await.is_err());
    assert_eq!(net.receipt(&payment).await, Status::Success);
    net.did("DELETE", "/v1/faults", json!({})).await;
    net.fault(json!({"kind": "receipt_unknown", "millis": 1_500})).await;
    let late = Payment { memo: "late".to_owned(), ..super::payment() };
    assert_eq!(net.send(&late).await, Status::Ok);
    assert_eq!(net.receipt(&late).await, Status::Unknown);
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(net.receipt(&late).await, Status::Success);
}

#[tokio::test]
async fn mirror_requests_fail_as_told() {
    let net = net().await;
    for status in [404, 429, 500] {
        net.fault(
            json!({"kind": "mirror_error", "http_status": status, "times": 1, "path_contains": "/tokens"}),
        )
        .await;
        let base = net.sandbox.network().mirror.url.clone();
        assert_eq!(net.get(&base, "/api/v1/network/nodes").await.0, 200);
        let (given, body) = net.get(&base, "/api/v1/tokens").await;
        assert_eq!(given, status);
        assert!(body["_status"]["messages"][0]["message"].is_string());
        assert_eq!(net.get(&base, "/api/v1/tokens").await.0, 200);
    }
}

#[tokio::test]
async fn a_mirror_request_fails_for_what_it_asks_at_the_replica_that_is_told() {
    let net = net().await;
    net.fault(
        json!({"kind": "mirror_error", "http_status": 503, "replica": 1, "path_contains": "order=desc"}),
    )
    .await;
    let replicas = net.sandbox.network().mirror.replica_urls.clone();
    for (replica, order, status) in [(0, "desc", 200), (1, "desc", 503), (1, "asc", 200)] {
        let path = format!("/api/v1/transactions?order={order}");
        assert_eq!(net.get(&replicas[replica], &path).await.0, status, "{replica} {order}");
    }
}

#[tokio::test]
async fn faults_are_listed_with_their_counts_and_removed() {
    let net = net().await;
    let id = net.fault(json!({"kind": "busy"})).await;
    assert_eq!(net.send(&payment()).await, Status::Busy);
    let listed = net.did("GET", "/v1/faults", json!({})).await;
    assert_eq!((&listed["faults"][0]["fired"], &listed["faults"][0]["kind"]), (&json!(1), &json!("busy")));
    net.did("DELETE", &format!("/v1/faults/{id}"), json!({})).await;
    assert_eq!(net.control("DELETE", &format!("/v1/faults/{id}"), json!({})).await.0, 404);
    assert_eq!(net.send(&payment()).await, Status::Ok);
    for bad in [
        json!({"kind": "none"}),
        json!({"kind": "precheck"}),
        json!({"kind": "busy", "time": 1}),
        json!({"kind": "precheck", "status": "NO_SUCH_STATUS"}),
    ] {
        assert_eq!(net.control("POST", "/v1/faults", bad).await.0, 400);
    }
}
