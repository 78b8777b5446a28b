//! The client against a server that speaks gRPC frames by hand, so that the bytes on the wire are what is compared.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};
use tonic::codegen::{BoxFuture, Bytes, Service};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;

use super::{Network, NetworkError, NodeClient, ReceiptAnswer};
use crate::hapi;
use crate::ids::{AccountId, TransactionId};
use crate::status::{Class, Receipt, Status};

const DEADLINE: Duration = Duration::from_secs(5);

/// What the server does with a call.
#[derive(Clone)]
enum Answer {
    Message(Vec<u8>),
    GrpcStatus(&'static str),
    Never,
}

/// Records every request and answers all alike.
#[derive(Clone)]
struct FakeNode {
    answer: Answer,
    heard: Arc<Mutex<Vec<(String, Bytes)>>>,
}

impl NamedService for FakeNode {
    const NAME: &'static str = "proto.CryptoService";
}

impl Service<Request<Body>> for FakeNode {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let frame = request.into_body().collect().await.expect("a request body").to_bytes();
            this.heard.lock().expect("no panic while locked").push((path, frame.slice(5..)));
            let (message, status) = match this.answer {
                Answer::Message(message) => (message, "0"),
                Answer::GrpcStatus(status) => (Vec::new(), status),
                Answer::Never => std::future::pending().await,
            };
            Ok(frame_response(&message, status))
        })
    }
}

fn frame_response(message: &[u8], status: &'static str) -> Response<Body> {
    let length = u32::try_from(message.len()).expect("a small message").to_be_bytes();
    let frame = [&[0], length.as_slice(), message].concat();
    let trailers =
        HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static(status))]);
    let data = if status == "0" { Bytes::from(frame) } else { Bytes::new() };
    let body = Full::new(data).with_trailers(std::future::ready(Some(Ok(trailers))));
    Response::builder().header("content-type", "application/grpc").body(Body::new(body)).expect("a response")
}

struct Running {
    client: NodeClient,
    heard: Arc<Mutex<Vec<(String, Bytes)>>>,
}

fn node() -> AccountId {
    AccountId::from_num(3).expect("a number in range")
}

fn id() -> TransactionId {
    "0.0.1001@1795188269.124372290".parse().expect("an id")
}

fn start(answer: Answer) -> Running {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let url = format!("http://{}", incoming.local_addr().expect("a bound address"));
    let heard = Arc::default();
    let fake = FakeNode { answer, heard: Arc::clone(&heard) };
    tokio::spawn(tonic::transport::Server::builder().add_service(fake).serve_with_incoming(incoming));
    let client = NodeClient::new(&Network { nodes: vec![(node(), url)] }).expect("a valid network");
    Running { client, heard }
}

fn precheck(code: i32) -> Answer {
    let response = hapi::TransactionResponse { node_transaction_precheck_code: code, cost: 0 };
    Answer::Message(response.encode_to_vec())
}

fn receipts(header: i32, receipt: Option<i32>, duplicates: &[i32]) -> Answer {
    let receipt_of = |status| hapi::TransactionReceipt { status, ..Default::default() };
    let answer = hapi::TransactionGetReceiptResponse {
        header: Some(hapi::ResponseHeader { node_transaction_precheck_code: header, ..Default::default() }),
        receipt: receipt.map(receipt_of),
        duplicate_transaction_receipts: duplicates.iter().copied().map(receipt_of).collect(),
        child_transaction_receipts: Vec::new(),
    };
    let response = Some(hapi::response::Response::TransactionGetReceipt(answer));
    Answer::Message(hapi::Response { response }.encode_to_vec())
}

#[tokio::test]
async fn the_stored_bytes_arrive_exactly_as_they_are() {
    let running = start(precheck(0));
    // Not canonical protobuf: fields out of order, an unknown one, an overlong varint. Encoding again would change it.
    let stored = [0x2a, 0x01, 0xff, 0x98, 0x06, 0x81, 0x80, 0x00, 0x1a, 0x00];
    assert_eq!(running.client.submit(node(), &stored, DEADLINE).await, Ok(Status::OK));
    let heard = running.heard.lock().expect("no panic while locked").clone();
    assert_eq!(heard, [("/proto.CryptoService/cryptoTransfer".to_owned(), Bytes::copy_from_slice(&stored))]);
}

#[tokio::test]
async fn a_code_without_a_name_is_handed_on_as_its_number() {
    let running = start(precheck(9_999));
    assert_eq!(running.client.submit(node(), b"", DEADLINE).await, Ok(Status(9_999)));
}

#[tokio::test]
async fn every_failing_send_is_unknown_and_leaves_once() {
    for grpc_status in ["1", "4", "8", "10", "13", "14"] {
        let running = start(Answer::GrpcStatus(grpc_status));
        let unknown = running.client.submit(node(), b"x", DEADLINE).await.expect_err("no precheck");
        assert_eq!(unknown.node, node());
        assert_eq!(
            running.heard.lock().expect("no panic while locked").len(),
            1,
            "gRPC status {grpc_status}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown_at_the_deadline() {
    let running = start(Answer::Never);
    let unknown = running.client.submit(node(), b"x", Duration::from_millis(200)).await;
    assert!(unknown.is_err());
    assert_eq!(running.heard.lock().expect("no panic while locked").len(), 1);
}

#[tokio::test]
async fn a_node_that_is_down_or_not_listed_is_unknown() {
    let closed = vec![(node(), "http://127.0.0.1:9".to_owned())];
    let client = NodeClient::new(&Network { nodes: closed }).expect("a valid network");
    assert!(client.submit(node(), b"x", DEADLINE).await.is_err());
    let other = AccountId::from_num(99).expect("a number in range");
    assert!(client.submit(other, b"x", DEADLINE).await.is_err());
    assert!(client.receipt(other, &id(), DEADLINE).await.is_err());
}

#[tokio::test]
async fn a_receipt_is_asked_for_with_its_duplicates_and_read() {
    let running = start(receipts(0, Some(22), &[11]));
    let answer = running.client.receipt(node(), &id(), DEADLINE).await.expect("an answer");
    let expected =
        ReceiptAnswer { header: Status::OK, receipt: Some(Status(22)), duplicates: vec![Status(11)] };
    assert_eq!((answer.outcome(), answer), (Receipt::Success, expected));
    let (path, bytes) = running.heard.lock().expect("no panic while locked")[0].clone();
    assert_eq!(path, "/proto.CryptoService/getTransactionReceipts");
    let query = hapi::Query::decode(bytes).expect("a query").query;
    let Some(hapi::query::Query::TransactionGetReceipt(query)) = query else { panic!("{query:?}") };
    assert_eq!(query.transaction_id, Some(id().into()));
    assert!(query.include_duplicates);
}

#[tokio::test]
async fn an_answer_without_a_receipt_response_is_no_answer() {
    let running = start(Answer::Message(Vec::new()));
    assert!(running.client.receipt(node(), &id(), DEADLINE).await.is_err());
}

#[test]
fn a_receipt_answer_means_what_its_parts_say() {
    let outcome = |header, receipt: Option<i32>, duplicates: &[i32]| {
        let duplicates = duplicates.iter().copied().map(Status).collect();
        ReceiptAnswer { header: Status(header), receipt: receipt.map(Status), duplicates }.outcome()
    };
    assert_eq!(outcome(18, None, &[]), Receipt::NotYet);
    assert_eq!(outcome(12, Some(22), &[]), Receipt::NotYet);
    assert_eq!(outcome(0, None, &[]), Receipt::NotYet);
    assert_eq!(outcome(0, Some(21), &[]), Receipt::NotYet);
    assert_eq!(outcome(0, Some(184), &[11]), Receipt::Dead(Class::Recipient));
    assert_eq!(outcome(0, Some(3), &[]), Receipt::KeepUntilExpiry);
    assert_eq!(outcome(0, Some(3), &[22]), Receipt::Success);
    assert_eq!(outcome(0, Some(9_999), &[]), Receipt::Unknown);
}

#[tokio::test]
async fn an_unusable_list_of_nodes_is_refused() {
    let refused = |nodes: &[(u64, &str)]| {
        let nodes =
            nodes.iter().map(|(num, url)| (AccountId::from_num(*num).expect("a number"), (*url).to_owned()));
        NodeClient::new(&Network { nodes: nodes.collect() }).expect_err("an unusable list")
    };
    assert!(matches!(refused(&[]), NetworkError::Empty));
    assert!(matches!(refused(&[(3, "http://a:1"), (3, "http://b:1")]), NetworkError::Repeated(_)));
    for url in ["", "127.0.0.1:50211", "https://a:50211", "http://a", "http://a b:1"] {
        assert!(matches!(refused(&[(3, url)]), NetworkError::Url { .. }), "{url}");
    }
}
