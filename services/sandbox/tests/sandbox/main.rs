//! The sandbox as its users meet it: gRPC, mirror REST and control API over real sockets.

mod control;
mod faults;
mod mirror;
mod node;
mod restart;

use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey};
use prost::Message as _;
use reqwest::StatusCode;
use sandbox::hapi::account_id::Account;
use sandbox::hapi::crypto_service_client::CryptoServiceClient;
use sandbox::hapi::query::Query as Asked;
use sandbox::hapi::response::Response as Given;
use sandbox::hapi::signature_pair::Signature;
use sandbox::hapi::transaction_body::Data;
use sandbox::hapi::{
    AccountAmount, AccountId, CryptoTransferTransactionBody, Duration as Valid, Query,
    ResponseCodeEnum as Status, SignatureMap, SignaturePair, SignedTransaction, Timestamp, TokenId,
    TokenTransferList, Transaction, TransactionBody, TransactionGetReceiptQuery, TransactionId, TransferList,
};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use tonic::transport::Channel;

const OPERATOR: i64 = 1_001;

/// A sandbox and everything to talk to it with.
struct Net {
    sandbox: Sandbox,
    http: reqwest::Client,
    nodes: Vec<CryptoServiceClient<Channel>>,
    key: SigningKey,
}

/// A transfer to send, signed by the operator.
#[derive(Clone)]
struct Payment {
    id: TransactionId,
    memo: String,
    node: i64,
    hbar: Vec<(i64, i64)>,
    token: Option<(i64, Vec<(i64, i64)>)>,
}

async fn net() -> Net {
    net_with(Config::default()).await
}

async fn net_with(config: Config) -> Net {
    let sandbox = sandbox::start(config).await.expect("a sandbox");
    let seed: [u8; 32] =
        hex::decode(&sandbox.network().operator.private_key).expect("hex").try_into().expect("32 bytes");
    let nodes = sandbox.network().nodes.iter().map(|node| {
        let endpoint = Channel::from_shared(format!("http://{}", node.address)).expect("an address");
        CryptoServiceClient::new(endpoint.connect_lazy())
    });
    let nodes = nodes.collect();
    Net { sandbox, http: reqwest::Client::new(), nodes, key: SigningKey::from_bytes(&seed) }
}

/// An id that nobody used: now, to the nanosecond.
fn fresh_id() -> TransactionId {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let start = Timestamp {
        seconds: i64::try_from(since.as_secs()).expect("seconds") - 1,
        nanos: i32::try_from(since.subsec_nanos()).expect("nanos"),
    };
    TransactionId {
        transaction_valid_start: Some(start),
        account_id: Some(account(OPERATOR)),
        scheduled: false,
        nonce: 0,
    }
}

fn account(number: i64) -> AccountId {
    AccountId { shard_num: 0, realm_num: 0, account: Some(Account::AccountNum(number)) }
}

/// One tinybar from the operator to 0.0.2.
fn payment() -> Payment {
    Payment {
        id: fresh_id(),
        memo: "att_1".to_owned(),
        node: 3,
        hbar: vec![(OPERATOR, -1), (2, 1)],
        token: None,
    }
}

fn lines(lines: &[(i64, i64)]) -> Vec<AccountAmount> {
    let line = |(number, amount): &(i64, i64)| AccountAmount {
        account_id: Some(account(*number)),
        amount: *amount,
        is_approval: false,
    };
    lines.iter().map(line).collect()
}

impl Payment {
    /// The same id and amounts, for another node.
    fn at(&self, node: i64) -> Self {
        Self { node, ..self.clone() }
    }

    #[expect(deprecated, reason = "the message still has the fields of old clients")]
    fn signed(&self, key: &SigningKey) -> Transaction {
        let token_transfers = self.token.iter().map(|(token, list)| TokenTransferList {
            token: Some(TokenId { shard_num: 0, realm_num: 0, token_num: *token }),
            transfers: lines(list),
            expected_decimals: None,
        });
        let transfer = CryptoTransferTransactionBody {
            transfers: Some(TransferList { account_amounts: lines(&self.hbar) }),
            token_transfers: token_transfers.collect(),
        };
        let body = TransactionBody {
            transaction_id: Some(self.id.clone()),
            node_account_id: Some(account(self.node)),
            transaction_fee: 100_000_000,
            transaction_valid_duration: Some(Valid { seconds: 120 }),
            generate_record: false,
            memo: self.memo.clone(),
            data: Some(Data::CryptoTransfer(transfer)),
        };
        let body_bytes = body.encode_to_vec();
        let pair = SignaturePair {
            pub_key_prefix: key.verifying_key().to_bytes().to_vec(),
            signature: Some(Signature::Ed25519(key.sign(&body_bytes).to_bytes().to_vec())),
        };
        let sig_map = Some(SignatureMap { sig_pair: vec![pair] });
        let signed =
            SignedTransaction { body_bytes, sig_map, use_serialized_tx_message_hash_algorithm: false };
        Transaction {
            sig_map: None,
            body_bytes: Vec::new(),
            signed_transaction_bytes: signed.encode_to_vec(),
        }
    }

    /// The id in the mirror node's form.
    fn dashed(&self) -> String {
        let start = self.id.transaction_valid_start.as_ref().expect("a start");
        format!("0.0.{OPERATOR}-{}-{:09}", start.seconds, start.nanos)
    }
}

impl Net {
    fn node(&self, number: i64) -> CryptoServiceClient<Channel> {
        self.nodes[usize::try_from(number - 3).expect("a node")].clone()
    }

    /// The precheck, or the error of a lost answer.
    async fn try_send(&self, payment: &Payment) -> Result<Status, tonic::Status> {
        self.send_within(payment, Duration::from_secs(10)).await
    }

    async fn send_within(&self, payment: &Payment, deadline: Duration) -> Result<Status, tonic::Status> {
        let mut request = tonic::Request::new(payment.signed(&self.key));
        request.set_timeout(deadline);
        let response = self.node(payment.node).crypto_transfer(request).await?.into_inner();
        Ok(response.node_transaction_precheck_code())
    }

    async fn send(&self, payment: &Payment) -> Status {
        self.try_send(payment).await.expect("an answer")
    }

    /// The receipt's status at a node; the header's when there is no receipt.
    async fn receipt_at(&self, node: i64, id: &TransactionId) -> Result<Status, tonic::Status> {
        let query = TransactionGetReceiptQuery {
            header: None,
            transaction_id: Some(id.clone()),
            include_duplicates: false,
            include_child_receipts: false,
        };
        let query = Query { query: Some(Asked::TransactionGetReceipt(query)) };
        let answer = self.node(node).get_transaction_receipts(query).await?.into_inner();
        let Some(Given::TransactionGetReceipt(answer)) = answer.response else { panic!("not a receipt") };
        let header = answer.header.expect("a header").node_transaction_precheck_code();
        Ok(answer.receipt.map_or(header, |receipt| receipt.status()))
    }

    async fn receipt(&self, payment: &Payment) -> Status {
        self.receipt_at(payment.node, &payment.id).await.expect("an answer")
    }

    /// Asks the mirror at a base address.
    async fn get(&self, base: &str, path: &str) -> (StatusCode, Value) {
        let response = self.http.get(format!("{base}{path}")).send().await.expect("an answer");
        let status = response.status();
        (status, response.json().await.expect("JSON"))
    }

    async fn mirror(&self, path: &str) -> Value {
        let (status, body) = self.get(&self.sandbox.network().mirror.url, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let method = method.parse().expect("a method");
        let url = format!("{}{path}", self.sandbox.network().control_url);
        let response = self.http.request(method, url).json(&body).send().await.expect("an answer");
        let status = response.status();
        (status, response.json().await.expect("JSON"))
    }

    async fn did(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.control(method, path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    async fn load(&self, path: &str, file: String) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.sandbox.network().control_url);
        let request = self.http.post(url).header("content-type", "text/csv").body(file);
        let response = request.send().await.expect("an answer");
        let status = response.status();
        (status, response.json().await.expect("JSON"))
    }

    async fn fault(&self, fault: Value) -> u64 {
        self.did("POST", "/v1/faults", fault).await["id"].as_u64().expect("an id")
    }

    /// How many payments the ledger shows for a memo.
    async fn effects(&self, memo: &str) -> usize {
        let path = format!("/v1/effects?memo_contains={memo}");
        self.did("GET", &path, json!({})).await.as_array().expect("a list").len()
    }
}
