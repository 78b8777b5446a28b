//! What one caller cannot do to the others, and what ends by itself.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::{Code, Request, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
use tonic_types::StatusExt as _;
use tower::{Service as _, ServiceExt as _};

use crate::echo::Codec;
use crate::suite::{Provider, Suite, authorize, becomes, now_seconds, path};

async fn endless(suite: &Suite, token: &str) -> Result<Streaming<String>, Status> {
    let mut request = Request::new("endless".to_owned());
    authorize(&mut request, token);
    let answer = suite.grpc().await.server_streaming(request, path("Watch"), Codec::default()).await;
    answer.map(tonic::Response::into_inner)
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_token_it_began_with_does() {
    let suite = Suite::start().await;
    let mut claims = Provider::claims("vera", &["VIEWER"]);
    claims["exp"] = json!(now_seconds() + 2);
    let mut stream = endless(&suite, &suite.provider.sign(&claims)).await.expect("it begins");
    let status = loop {
        match stream.message().await {
            Ok(text) => assert!(text.is_some(), "an endless stream ended well"),
            Err(status) => break status,
        }
    };
    assert!(matches!(status.code(), Code::Unauthenticated | Code::DeadlineExceeded), "{status}");
    assert!(now_seconds() >= claims["exp"].as_u64().expect("a number") - 1, "it ended too soon");
    becomes(&suite.seen.dropped, 1, "the service's stream was dropped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_subject_cannot_take_every_place() {
    let suite = Suite::start_with(|config| config.limits.per_subject_max = 2).await;
    let vera = suite.provider.token("vera", &["VIEWER"]);
    let (first, _second) =
        (endless(&suite, &vera).await.expect("free"), endless(&suite, &vera).await.expect("free"));
    let status = suite.call("Read", "hello", &vera).await.expect_err("she has two streams open");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "SUBJECT_OVERLOADED"));
    let bob = suite.provider.token("bob", &["VIEWER"]);
    suite.call("Read", "hello", &bob).await.expect("his places are his own");
    drop(first);
    becomes(&suite.seen.dropped, 1, "the stream was dropped").await;
    suite.call("Read", "hello", &vera).await.expect("she has a place again");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_only_watch_keep_nobody_from_a_call_that_ends() {
    let suite = Suite::start_with(|config| config.limits.server.in_flight_max = 4).await;
    let token = |subject| suite.provider.token(subject, &["VIEWER"]);
    let mut watches = Vec::new();
    for subject in ["vera", "bob"] {
        watches.push(endless(&suite, &token(subject)).await.expect("free"));
    }
    let status = endless(&suite, &token("carl")).await.expect_err("streams have half of the places");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    suite.call("Read", "hello", &token("carl")).await.expect("a call has the other half");
    let health = HealthCheckRequest { service: String::new() };
    HealthClient::new(suite.channel.clone()).check(health).await.expect("the server lives");
    watches.pop();
    becomes(&suite.seen.dropped, 1, "the stream was dropped").await;
    endless(&suite, &token("carl")).await.expect("a stream has a place again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_beyond_the_limit_reaches_no_service() {
    let suite = Suite::start_with(|config| config.limits.message_bytes_max = 1000).await;
    let token = suite.provider.token("vera", &["VIEWER"]);
    let fits = "x".repeat(1000 - 3);
    assert_eq!(suite.call("Read", &fits, &token).await.expect("1,000 bytes").into_inner(), fits);
    let status = suite.call("Read", &"x".repeat(1000 - 2), &token).await.expect_err("1,001 bytes");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LONG"));
    assert_eq!(suite.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_reflection_need_no_token() {
    let suite = Suite::start().await;
    HealthClient::new(suite.channel.clone())
        .check(HealthCheckRequest { service: String::new() })
        .await
        .expect("health is public");
    let ask = tonic_reflection::pb::v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol("bursar.test.v1.EchoService".to_owned())),
    };
    let answers = ServerReflectionClient::new(suite.channel.clone())
        .server_reflection_info(tokio_stream::once(ask))
        .await;
    let answer = answers.expect("reflection is public").into_inner().message().await.expect("an answer");
    let answer = format!("{answer:?}");
    assert!(answer.contains("FileDescriptorResponse"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_grpc_gets_no_further_than_the_edge() {
    let suite = Suite::start().await;
    // HTTP/1 is not spoken here at all.
    let mut socket = tokio::net::TcpStream::connect(suite.address).await.expect("it listens");
    socket.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut heard = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut heard)).await;
    read.expect("the connection was closed").ok();
    assert!(!heard.starts_with(b"HTTP/1.1 200"), "{heard:?}");
    let mut request = http::Request::post("/bursar.test.v1.EchoService/Open")
        .body(tonic::body::Body::empty())
        .expect("fine");
    request.headers_mut().insert("content-type", "application/json".parse().expect("ASCII"));
    let mut channel = suite.channel.clone();
    let answer = channel.ready().await.expect("connected").call(request).await.expect("an answer");
    assert_eq!(answer.status(), http::StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(suite.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_open_streams_and_writes_out_the_log() {
    let suite = Suite::start_with(|config| config.limits.server.drain = Duration::from_millis(200)).await;
    let vera = suite.provider.token("vera", &["VIEWER"]);
    let mut stream = endless(&suite, &vera).await.expect("it begins");
    suite.call("Write", "hello", &suite.provider.token("alice", &["PAYOUT"])).await.expect("allowed");
    suite.service.trigger();
    let ended = tokio::spawn(async move {
        loop {
            match stream.message().await {
                Ok(text) => assert!(text.is_some(), "an endless stream ended well"),
                Err(status) => return status,
            }
        }
    });
    let rows = crate::audit::rows(&suite.stop().await).await;
    assert_eq!(rows[0].code.as_deref(), Some("OK"));
    assert_eq!(ended.await.expect("it did not panic").code(), Code::Unavailable);
}
