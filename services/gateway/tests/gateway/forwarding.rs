//! What passes through: messages, streams, errors, metadata, deadlines and cancellation, and what does not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::echo::Codec;
use crate::suite::{Suite, authorize, becomes, path};

async fn watch(suite: &Suite, text: &str) -> Result<Streaming<String>, Status> {
    let mut request = Request::new(text.to_owned());
    authorize(&mut request, &suite.provider.token("vera", &["VIEWER"]));
    let answer = suite.grpc().await.server_streaming(request, path("Watch"), Codec::default()).await;
    answer.map(tonic::Response::into_inner)
}

fn is_the_services_failure(status: &Status) {
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "not now: ä"));
    let details = status.get_error_details();
    let info = details.error_info().expect("it was given");
    assert_eq!((info.reason.as_str(), info.metadata["key"].as_str()), ("TEST_REASON", "value"));
    assert_eq!(details.bad_request().expect("it was given").field_violations[0].field, "field");
    assert_eq!(
        status.metadata().get("trailer").map(tonic::metadata::MetadataValue::as_bytes),
        Some(&b"kept"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_sees_the_user_and_only_the_metadata_it_should() {
    let suite = Suite::start().await;
    let send = |text: &str| {
        let mut request = Request::new(text.to_owned());
        authorize(&mut request, &suite.provider.token("alice", &["VIEWER", "foreign"]));
        let metadata = request.metadata_mut();
        metadata.insert("idempotency-key", "order-7".parse().expect("ASCII"));
        metadata.insert("x-bursar-subject", "service:execution".parse().expect("ASCII"));
        metadata.insert("traceparent", "00-1-2-01".parse().expect("ASCII"));
        request
    };
    let who = suite.send("Read", send("who")).await.expect("allowed").into_inner();
    assert_eq!(who, "alice [VIEWER] by gateway, key order-7");
    let names = suite.send("Read", send("metadata")).await.expect("allowed").into_inner();
    assert_eq!(names, "content-length content-type grpc-timeout idempotency-key te traceparent user-agent");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_errors_and_their_metadata_arrive_as_they_are() {
    let suite = Suite::start().await;
    let token = suite.provider.token("alice", &["PAYOUT"]);
    let answer = suite.call("Write", "hello", &token).await.expect("allowed");
    assert_eq!(
        answer.metadata().get("echo").map(tonic::metadata::MetadataValue::as_bytes),
        Some(&b"here"[..])
    );
    assert_eq!(answer.into_inner(), "hello");
    is_the_services_failure(&suite.call("Write", "fail", &token).await.expect_err("it fails"));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_pass_in_every_direction() {
    let suite = Suite::start().await;
    let texts: Vec<String> =
        watch(&suite, "text").await.expect("allowed").map(|text| text.expect("a text")).collect().await;
    assert_eq!(texts, ["text 1", "text 2", "text 3"]);

    let mut upload = Request::new(tokio_stream::iter(["a", "b", "c"].map(str::to_owned)));
    authorize(&mut upload, &suite.provider.token("alice", &["PAYOUT"]));
    let joined = suite.grpc().await.client_streaming(upload, path("Upload"), Codec::default()).await;
    assert_eq!(joined.expect("allowed").into_inner(), "a+b+c");

    let (say, said) = tokio::sync::mpsc::channel(1);
    let mut chat = Request::new(tokio_stream::wrappers::ReceiverStream::new(said));
    authorize(&mut chat, &suite.provider.token("vera", &["VIEWER"]));
    let answers = suite.grpc().await.streaming(chat, path("Chat"), Codec::default()).await;
    let mut answers = answers.expect("allowed").into_inner();
    for text in ["one", "two"] {
        say.send(text.to_owned()).await.expect("it listens");
        // Each answer comes before the next word is said: nothing waits for the stream's end.
        assert_eq!(answers.message().await.expect("an answer"), Some(format!("heard {text}")));
    }
    drop(say);
    assert_eq!(answers.message().await.expect("its end"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_middle_of_a_stream_arrives_after_what_came_before() {
    let suite = Suite::start().await;
    let mut stream = watch(&suite, "fail").await.expect("it begins");
    assert_eq!(stream.message().await.expect("a text").as_deref(), Some("one"));
    is_the_services_failure(&stream.message().await.expect_err("then it fails"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_ends_the_work_behind_the_gateway() {
    let suite = Suite::start().await;
    let mut stream = watch(&suite, "endless").await.expect("it begins");
    stream.message().await.expect("it ticks");
    assert_eq!(suite.seen.dropped.load(Ordering::SeqCst), 0);
    drop(stream);
    becomes(&suite.seen.dropped, 1, "the service's stream was dropped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_reaches_the_service_and_its_answer_the_caller() {
    let suite = Suite::start_with(|config| config.limits.server.unary_max = Duration::from_millis(300)).await;
    let token = suite.provider.token("alice", &["PAYOUT"]);
    // The caller sets no deadline: a client would give up by itself and hide who ended the call.
    let status = suite.call("Write", "hang", &token).await.expect_err("nobody waits for ever");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    becomes(&suite.seen.dropped, 1, "the service's call was dropped").await;
    let mut request = Request::new("endless".to_owned());
    authorize(&mut request, &suite.provider.token("vera", &["VIEWER"]));
    request.set_timeout(Duration::from_millis(200));
    let stream = suite.grpc().await.server_streaming(request, path("Watch"), Codec::default()).await;
    let mut stream = stream.expect("it begins").into_inner();
    let status = loop {
        match stream.message().await {
            Ok(text) => assert!(text.is_some(), "an endless stream ended well"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
    becomes(&suite.seen.dropped, 2, "the service's stream was dropped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_unavailable() {
    let suite = Suite::start_with(|config| config.upstreams[0].url = "http://127.0.0.1:1".to_owned()).await;
    let token = suite.provider.token("vera", &["VIEWER"]);
    let status = suite.call("Read", "hello", &token).await.expect_err("nobody is there");
    let reason = status.get_details_error_info().map(|info| info.reason);
    assert_eq!((status.code(), reason.as_deref()), (Code::Unavailable, Some("SERVICE_UNAVAILABLE")));
    assert!(status.get_details_retry_info().is_some());
}
