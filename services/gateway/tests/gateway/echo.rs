//! The service behind the gateway: repeats what it hears, and says whom it heard.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use auth::Actor;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::service_fn;

pub(crate) type Codec = ProstCodec<String, String>;
type Texts = BoxStream<'static, Result<String, Status>>;

/// What the test can see of the service.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Calls that reached it.
    pub(crate) calls: AtomicUsize,
    /// Calls and streams that were dropped before they ended.
    pub(crate) dropped: AtomicUsize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Echo {
    pub(crate) seen: Arc<Seen>,
}

impl NamedService for Echo {
    const NAME: &'static str = "bursar.test.v1.EchoService";
}

/// Counts a call that is dropped while it is under way.
struct DropGuard(Arc<Seen>);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

async fn answer(seen: Arc<Seen>, request: Request<String>) -> Result<Response<String>, Status> {
    seen.calls.fetch_add(1, Ordering::SeqCst);
    let actor = Actor::from_request(&request)?;
    let mut names: Vec<String> = request.metadata().as_ref().keys().map(ToString::to_string).collect();
    names.sort();
    let key = request.metadata().get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or("none");
    match request.get_ref().as_str() {
        "who" => {
            Ok(Response::new(format!("{} [{}] by {}, key {key}", actor.subject, actor.roles, actor.caller)))
        }
        "metadata" => Ok(Response::new(names.join(" "))),
        "fail" => Err(failure()),
        "hang" => {
            let _guard = DropGuard(seen);
            std::future::pending().await
        }
        text => {
            let mut response = Response::new(text.to_owned());
            response.metadata_mut().insert("echo", "here".parse().expect("ASCII"));
            Ok(response)
        }
    }
}

/// An error with everything an error can have.
fn failure() -> Status {
    let mut details =
        ErrorDetails::with_error_info("TEST_REASON", "bursar", [("key".into(), "value".into())]);
    details.add_bad_request_violation("field", "does not fit");
    let mut metadata = tonic::metadata::MetadataMap::new();
    metadata.insert("trailer", "kept".parse().expect("ASCII"));
    Status::with_error_details_and_metadata(Code::FailedPrecondition, "not now: ä", details, metadata)
}

/// Three texts, then an error when asked for one; without end when asked to.
fn texts(seen: Arc<Seen>, text: String) -> Texts {
    let guard = DropGuard(seen);
    match text.as_str() {
        "endless" => futures::stream::unfold(guard, |guard| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok("tick".to_owned()), guard))
        })
        .boxed(),
        "fail" => futures::stream::iter([Ok("one".to_owned()), Err(failure())]).boxed(),
        _ => futures::stream::iter((1..=3).map(move |number| Ok(format!("{text} {number}")))).boxed(),
    }
}

async fn upload(request: Request<Streaming<String>>) -> Result<Response<String>, Status> {
    let mut stream = request.into_inner();
    let mut joined = Vec::new();
    while let Some(text) = stream.message().await? {
        joined.push(text);
    }
    Ok(Response::new(joined.join("+")))
}

fn chat(seen: Arc<Seen>, stream: Streaming<String>) -> Texts {
    let guard = DropGuard(seen);
    stream
        .map(move |text| {
            let _held = &guard;
            text.map(|text| format!("heard {text}"))
        })
        .boxed()
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let seen = Arc::clone(&self.seen);
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        Box::pin(async move {
            let mut grpc = Grpc::new(Codec::default());
            Ok(match method.as_str() {
                "Watch" => {
                    let watch = service_fn(|request: Request<String>| {
                        let texts = texts(Arc::clone(&seen), request.into_inner());
                        async { Ok::<_, Status>(Response::new(texts)) }
                    });
                    grpc.server_streaming(watch, request).await
                }
                "Upload" => grpc.client_streaming(service_fn(upload), request).await,
                "Chat" => {
                    let chat = service_fn(|request: Request<Streaming<String>>| {
                        let texts = chat(Arc::clone(&seen), request.into_inner());
                        async { Ok::<_, Status>(Response::new(texts)) }
                    });
                    grpc.streaming(chat, request).await
                }
                _ => grpc.unary(service_fn(|request| answer(Arc::clone(&seen), request)), request).await,
            })
        })
    }
}
