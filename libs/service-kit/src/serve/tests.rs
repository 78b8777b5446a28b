//! A server over real connections: its limits, and its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;
use tower::service_fn;

use super::{Limits, Server};
use crate::{Shutdown, StartError};

type Codec = ProstCodec<String, String>;
type Ticks = BoxStream<'static, Result<String, Status>>;

/// `Sleep` answers after as many milliseconds as it is told; `Tick` answers at once and again and again.
async fn service(request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
    let mut grpc = tonic::server::Grpc::new(Codec::default());
    let path = request.uri().path().to_owned();
    let sleep = service_fn(|request: Request<String>| async move {
        let millis = request.into_inner().parse().expect("the test sends a number");
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(Response::new("slept".to_owned()))
    });
    let tick = service_fn(|_: Request<String>| async move {
        let ticks: Ticks = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok("tick".to_owned()), ()))
        })
        .boxed();
        Ok::<Response<Ticks>, Status>(Response::new(ticks))
    });
    Ok(if path.ends_with("Tick") {
        grpc.server_streaming(tick, request).await
    } else {
        grpc.unary(sleep, request).await
    })
}

struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    server: JoinHandle<Result<(), StartError>>,
}

impl Running {
    async fn start(limits: Limits) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shutdown = Shutdown::new();
        let server = Server::new("test", listener)
            .reflection(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .limits(limits)
            .routes(routes())
            .run(shutdown.clone());
        Running { address, shutdown, server: tokio::spawn(server) }
    }

    async fn channel(&self) -> Channel {
        let endpoint = crate::client::endpoint(&format!("http://{}", self.address)).expect("an address");
        endpoint.connect().await.expect("it is serving")
    }

    async fn sleep(&self, millis: u64) -> Result<String, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel().await);
        grpc.ready().await.expect("connected");
        let path = "/bursar.test.v1.Service/Sleep".parse().expect("a path");
        grpc.unary(Request::new(millis.to_string()), path, Codec::default()).await.map(Response::into_inner)
    }

    async fn tick(&self, timeout: Option<Duration>) -> Result<Streaming<String>, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel().await);
        grpc.ready().await.expect("connected");
        let mut request = Request::new(String::new());
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        let path = "/bursar.test.v1.Service/Tick".parse().expect("a path");
        grpc.server_streaming(request, path, Codec::default()).await.map(Response::into_inner)
    }
}

fn routes() -> Routes {
    let mut routes = Routes::default();
    *routes.axum_router_mut() = std::mem::take(routes.axum_router_mut())
        .route_service("/bursar.test.v1.Service/{method}", service_fn(service_of_axum));
    routes
}

async fn service_of_axum<B>(request: http::Request<B>) -> Result<http::Response<Body>, Infallible>
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    service(request.map(Body::new)).await
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The status a stream ends with.
async fn end_of(mut stream: Streaming<String>) -> Status {
    loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return Status::ok("ended well"),
            Err(status) => return status,
        }
    }
}

#[tokio::test]
async fn calls_without_an_end_are_ended_with_deadline_exceeded() {
    let millis = Duration::from_millis;
    let limits = Limits { unary_max: millis(50), stream_max: millis(50), ..Limits::default() };
    let running = Running::start(limits).await;
    let status = running.sleep(60_000).await.expect_err("nobody waits that long");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    let status = end_of(running.tick(None).await.expect("it begins")).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn a_stream_ends_at_the_deadline_its_caller_set() {
    let running = Running::start(Limits::default()).await;
    let stream = running.tick(Some(Duration::from_millis(200))).await.expect("it begins");
    assert_eq!(end_of(stream).await.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn more_calls_than_the_limit_are_refused_until_one_ends() {
    let running = Running::start(Limits { in_flight_max: 1, ..Limits::default() }).await;
    let mut stream = running.tick(None).await.expect("it begins");
    stream.message().await.expect("it ticks");
    let status = running.sleep(0).await.expect_err("the stream holds the only place");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert!(status.get_details_retry_info().is_some());
    drop(stream);
    let mut freed = running.sleep(0).await;
    for _ in 0..100 {
        if freed.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        freed = running.sleep(0).await;
    }
    panic!("the place of a dropped stream was not given back: {freed:?}");
}

#[tokio::test]
async fn stopping_lets_calls_end_and_then_ends_streams() {
    let running = Running::start(Limits { drain: Duration::from_millis(300), ..Limits::default() }).await;
    let stream = running.tick(None).await.expect("it begins");
    let address = running.address;
    let shutdown = running.shutdown.clone();
    let (slept, ()) = tokio::join!(running.sleep(100), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        shutdown.trigger();
    });
    assert_eq!(slept.ok().as_deref(), Some("slept"), "a call under way was not let to end");
    let status = end_of(stream).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
    let ended = tokio::time::timeout(Duration::from_secs(5), running.server).await;
    ended.expect("an open stream did not hang the end").expect("it did not panic").expect("it ended well");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let running = Running::start(Limits::default()).await;
    let mut grpc = tonic::client::Grpc::new(running.channel().await);
    grpc.ready().await.expect("connected");
    let mut request = Request::new("0".to_owned());
    request.metadata_mut().insert("huge", "x".repeat(64 * 1024).parse().expect("ASCII"));
    let path = "/bursar.test.v1.Service/Sleep".parse().expect("a path");
    grpc.unary(request, path, Codec::default()).await.expect_err("headers of 64 KiB were taken");
    assert_eq!(running.sleep(0).await.ok().as_deref(), Some("slept"), "others are served on");
}

#[tokio::test]
async fn health_and_both_reflections_answer() {
    let running = Running::start(Limits::default()).await;
    let mut health = HealthClient::new(running.channel().await);
    let answer = health.check(HealthCheckRequest { service: String::new() }).await.expect("it answers");
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    let (v1, v1alpha) = (listed_v1(&running).await, listed_v1alpha(&running).await);
    assert!(v1.contains(&"grpc.health.v1.Health".to_owned()), "{v1:?}");
    assert!(v1alpha.contains(&"grpc.health.v1.Health".to_owned()), "{v1alpha:?}");
}

async fn listed_v1(running: &Running) -> Vec<String> {
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    };
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(running.channel().await);
    let mut answers =
        client.server_reflection_info(tokio_stream::once(ask)).await.expect("it answers").into_inner();
    match answers.message().await.expect("an answer").and_then(|answer| answer.message_response) {
        Some(MessageResponse::ListServicesResponse(list)) => {
            list.service.into_iter().map(|one| one.name).collect()
        }
        other => panic!("no list: {other:?}"),
    }
}

async fn listed_v1alpha(running: &Running) -> Vec<String> {
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1alpha::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    };
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(running.channel().await);
    let mut answers =
        client.server_reflection_info(tokio_stream::once(ask)).await.expect("it answers").into_inner();
    match answers.message().await.expect("an answer").and_then(|answer| answer.message_response) {
        Some(MessageResponse::ListServicesResponse(list)) => {
            list.service.into_iter().map(|one| one.name).collect()
        }
        other => panic!("no list: {other:?}"),
    }
}
