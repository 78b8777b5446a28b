//! Consensus nodes.

use tonic::Code;

use super::*;

#[tokio::test]
async fn a_transfer_is_taken_has_a_receipt_and_shows_in_the_ledger() {
    let net = net().await;
    let payment = payment();
    assert_eq!(net.receipt(&payment).await, Status::ReceiptNotFound);
    assert_eq!(net.send(&payment).await, Status::Ok);
    assert_eq!(net.receipt(&payment).await, Status::Success);
    let effects = net.did("GET", "/v1/effects", json!({})).await;
    assert_eq!(effects[0]["account"], "0.0.2");
    assert_eq!((&effects[0]["units"], &effects[0]["asset"]), (&json!("1"), &json!("hbar")));
    let start = payment.id.transaction_valid_start.expect("a start");
    let expected = format!("0.0.{OPERATOR}@{}.{:09}", start.seconds, start.nanos);
    assert_eq!(effects[0]["transaction_id"], expected);
}

#[tokio::test]
async fn the_same_bytes_again_are_a_duplicate_and_another_nodes_bytes_are_refused() {
    let net = net().await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Ok);
    assert_eq!(net.send(&payment).await, Status::DuplicateTransaction);
    assert_eq!(net.send(&payment.at(4)).await, Status::DuplicateTransaction);
    let wrong_door = net.node(4).crypto_transfer(payment.signed(&net.key)).await.expect("an answer");
    assert_eq!(wrong_door.into_inner().node_transaction_precheck_code(), Status::InvalidNodeAccount);
    assert_eq!(net.effects("att_1").await, 1);
}

#[tokio::test]
async fn a_foreign_signature_is_refused_unless_signatures_are_switched_off() {
    let stranger = SigningKey::from_bytes(&[5; 32]);
    for (skip_signatures, expected) in [(false, Status::InvalidSignature), (true, Status::Ok)] {
        let net = net_with(Config { skip_signatures, ..Config::default() }).await;
        let signed = payment().signed(&stranger);
        let answer = net.node(3).crypto_transfer(signed).await.expect("an answer").into_inner();
        assert_eq!(answer.node_transaction_precheck_code(), expected);
    }
}

#[tokio::test]
async fn tampered_bytes_are_refused() {
    let net = net().await;
    let mut transaction = payment().signed(&net.key);
    let mut signed =
        SignedTransaction::decode(transaction.signed_transaction_bytes.as_slice()).expect("a message");
    let mut body = TransactionBody::decode(signed.body_bytes.as_slice()).expect("a message");
    body.memo = "another".to_owned();
    signed.body_bytes = body.encode_to_vec();
    transaction.signed_transaction_bytes = signed.encode_to_vec();
    let answer = net.node(3).crypto_transfer(transaction).await.expect("an answer").into_inner();
    assert_eq!(answer.node_transaction_precheck_code(), Status::InvalidSignature);
}

#[tokio::test]
#[expect(deprecated, reason = "the message still has the fields of old clients")]
async fn what_is_no_transfer_is_refused_with_a_status_of_its_own() {
    let net = net().await;
    let raw = |bytes: Vec<u8>| Transaction {
        sig_map: None,
        body_bytes: Vec::new(),
        signed_transaction_bytes: bytes,
    };
    for (bytes, expected) in [
        (Vec::new(), Status::InvalidTransactionBody),
        (vec![0xff; 20], Status::InvalidTransaction),
        (vec![0; 6_200], Status::TransactionOversize),
    ] {
        let answer = net.node(3).crypto_transfer(raw(bytes)).await.expect("an answer").into_inner();
        assert_eq!(answer.node_transaction_precheck_code(), expected);
    }
    let mut scheduled = payment();
    scheduled.id.scheduled = true;
    assert_eq!(net.send(&scheduled).await, Status::TransactionIdFieldNotAllowed);
}

#[tokio::test]
async fn a_payment_to_nine_payees_in_the_payment_token_arrives() {
    let net = net().await;
    let token = net.sandbox.network().payment_token_id.expect("a payment token");
    let token = i64::try_from(token.0).expect("a number");
    let mut list = vec![(OPERATOR, -9)];
    for _ in 0..9 {
        let created = net.did("POST", "/v1/accounts", json!({})).await;
        let number = created["account_id"].as_str().and_then(|id| id.strip_prefix("0.0.")).expect("an id");
        list.push((number.parse().expect("a number"), 1));
    }
    let payment = Payment { token: Some((token, list)), hbar: Vec::new(), ..payment() };
    assert_eq!(net.send(&payment).await, Status::Ok);
    assert_eq!(net.receipt(&payment).await, Status::Success);
    assert_eq!(net.effects("att_1").await, 9);
}

#[tokio::test]
async fn balances_are_answered_and_other_calls_are_not() {
    let net = net().await;
    let ask = |number| {
        let source =
            sandbox::hapi::crypto_get_account_balance_query::BalanceSource::AccountId(account(number));
        let query =
            sandbox::hapi::CryptoGetAccountBalanceQuery { header: None, balance_source: Some(source) };
        Query { query: Some(Asked::CryptogetAccountBalance(query)) }
    };
    let answer = net.node(3).crypto_get_balance(ask(OPERATOR)).await.expect("an answer").into_inner();
    let Some(Given::CryptogetAccountBalance(answer)) = answer.response else { panic!("not a balance") };
    assert_eq!(answer.balance, 1_000_000_000_000_000);
    let address = format!("http://{}", net.sandbox.network().nodes[0].address);
    let channel = Channel::from_shared(address).expect("an address").connect_lazy();
    let mut raw = tonic::client::Grpc::new(channel);
    raw.ready().await.expect("a connection");
    let path = http::uri::PathAndQuery::from_static("/proto.TokenService/createToken");
    let codec = tonic_prost::ProstCodec::<Transaction, Transaction>::default();
    let refused = raw.unary(tonic::Request::new(payment().signed(&net.key)), path, codec).await;
    assert_eq!(refused.map(|_| ()).map_err(|error| error.code()), Err(Code::Unimplemented));
}
