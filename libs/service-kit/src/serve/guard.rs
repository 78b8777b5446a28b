//! The outermost layer: how many calls at once, for how long, and their end when the server stops.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use auth::PolicyTable;
use futures::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::{Bounded, Limits, requested_timeout};
use crate::error::{Detail, Problem};

/// tonic arms a timer of its own for `grpc-timeout` which answers CANCELLED; ours answers
/// `DEADLINE_EXCEEDED` and must be first.
const AHEAD_OF_TONIC: Duration = Duration::from_millis(2);
/// Asked again and again by whoever decides whether this server lives; no method of ours, and no stream.
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// Makes [`Guard`]s that share one count of calls.
#[derive(Clone, Debug)]
pub(super) struct GuardLayer {
    limits: Limits,
    policies: Option<Arc<PolicyTable>>,
    in_flight: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    cut_off: CancellationToken,
}

/// A call's place among those under way, and a stream's among the streams.
type Places = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl GuardLayer {
    /// Calls end when `cut_off` is cancelled. `policies` says which methods stream; without them each
    /// method is taken to.
    pub(super) fn new(
        limits: Limits,
        policies: Option<Arc<PolicyTable>>,
        cut_off: CancellationToken,
    ) -> GuardLayer {
        let in_flight_max = limits.in_flight_max.min(Semaphore::MAX_PERMITS);
        let in_flight = Arc::new(Semaphore::new(in_flight_max));
        let streams = Arc::new(Semaphore::new(in_flight_max.div_ceil(2)));
        GuardLayer { limits, policies, in_flight, streams, cut_off }
    }

    /// A place, if there is one. Streams have half of them at most: whoever only watches keeps nobody from a call that
    /// ends, least of all from the one that stops payments.
    fn enter<B>(&self, request: &Request<B>) -> Option<Places> {
        let place = Arc::clone(&self.in_flight).try_acquire_owned().ok()?;
        if self.is_unary(request) {
            return Some((place, None));
        }
        let stream = Arc::clone(&self.streams).try_acquire_owned().ok()?;
        Some((place, Some(stream)))
    }

    fn is_unary<B>(&self, request: &Request<B>) -> bool {
        let path = request.uri().path();
        let method = self.policies.as_ref().and_then(|table| table.method(path));
        method.map_or(path == HEALTH_CHECK, |method| !method.client_streaming && !method.server_streaming)
    }

    fn time_allowed<B>(&self, request: &Request<B>) -> Duration {
        let allowed = if self.is_unary(request) { self.limits.unary_max } else { self.limits.stream_max };
        match requested_timeout(request.headers()) {
            Some(requested) => allowed.min(requested.saturating_sub(AHEAD_OF_TONIC)),
            None => allowed,
        }
    }

    /// Ready when the call must end, with what the caller is told.
    fn ends(&self, allowed: Duration) -> BoxFuture<'static, Status> {
        let cut_off = self.cut_off.clone();
        let until = Instant::now() + allowed;
        Box::pin(async move {
            tokio::select! {
                () = tokio::time::sleep_until(until) => deadline_exceeded(),
                () = cut_off.cancelled() => shutting_down(),
            }
        })
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, layer: self.clone() }
    }
}

/// A service behind [`GuardLayer`].
#[derive(Clone, Debug)]
pub(super) struct Guard<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S, B> Service<Request<B>> for Guard<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(places) = self.layer.enter(&request) else {
            return Box::pin(std::future::ready(Ok(overloaded().into_http())));
        };
        let mut ends = self.layer.ends(self.layer.time_allowed(&request));
        let answer = self.inner.call(request);
        Box::pin(async move {
            tokio::select! {
                biased;
                response = answer => Ok(response?.map(|body| Bounded::wrap(body, ends, places))),
                status = &mut ends => Ok(status.into_http()),
            }
        })
    }
}

fn deadline_exceeded() -> Status {
    let message = "the call took longer than its deadline allows";
    Problem::user(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message).to_status()
}

fn shutting_down() -> Status {
    Problem::unavailable("SHUTTING_DOWN", "this server is stopping; try again").to_status()
}

fn overloaded() -> Status {
    let message = "this server has as many calls under way as it takes; try again in a moment";
    Problem::user(Code::ResourceExhausted, "OVERLOADED", message)
        .with(Detail::RetryAfter(Duration::from_secs(1)))
        .to_status()
}
