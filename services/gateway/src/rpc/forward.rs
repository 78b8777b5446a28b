//! The one handler: admit, count, record, forward, and watch the answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{Method as HttpMethod, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use service_kit::error::{Failure as _, to_status};
use service_kit::serve::{Bounded, requested_timeout};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;

use super::headers::{IDEMPOTENCY_KEY, is_grpc, passed_on};
use super::observed::Observed;
use crate::EdgeLimits;
use crate::app::{AuditLog, Caller, Doorkeeper, InFlight, Ticket, permit};
use crate::clients::Service;
use crate::domain::{Attempt, RequestDigest, Route, Routes, kept_key};
use crate::error::Error;

/// Bytes before a message in a gRPC stream.
const FRAME_PREFIX_LEN: usize = 5;

/// What the handler works with.
pub(crate) struct Edge {
    pub(crate) routes: Routes,
    pub(crate) services: Vec<Service>,
    pub(crate) doorkeeper: Arc<Doorkeeper>,
    pub(crate) in_flight: InFlight,
    pub(crate) audit: AuditLog,
    pub(crate) limits: EdgeLimits,
}

/// The request's body: all of it, or as it comes.
enum Outgoing {
    Whole(Bytes),
    Stream(Body),
}

impl Outgoing {
    fn digest(&self) -> Option<RequestDigest> {
        match self {
            Outgoing::Whole(bytes) => Some(RequestDigest::of_body(bytes)),
            Outgoing::Stream(_) => None,
        }
    }
}

impl Edge {
    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        if request.method() != HttpMethod::POST || !is_grpc(request.headers()) {
            return not_grpc();
        }
        let (head, body) = request.into_parts();
        self.handle(&head, body).await.unwrap_or_else(|error| to_status(&error).into_http())
    }

    async fn handle(&self, head: &Parts, body: Body) -> Result<Response<Body>, Error> {
        let started = Instant::now();
        let path = head.uri.path();
        let route = self.routes.find(path).ok_or_else(|| Error::UnknownMethod(path.to_owned()))?;
        let caller = self.admit(route, head, started).await?;
        let place = self.in_flight.enter(&caller.actor.subject)?;
        let outgoing = self.read(route, body).await?;
        let digest = if route.method.side_effects { outgoing.digest() } else { None };
        let ticket = self.record(route, &caller, head, digest, started).await?;
        let until = started + self.time_allowed(route, head, &caller);
        let response = match self.forward(route, &caller, head, outgoing, until).await {
            Ok(response) => response,
            Err(error) => {
                if let Some(ticket) = ticket {
                    let problem = error.problem();
                    ticket.finish(problem.code, Some(problem.reason.to_owned()));
                }
                return Err(error);
            }
        };
        let (head, body) = response.into_parts();
        let observed = Observed::watch(&head.headers, body, ticket);
        let remaining = token_of_stream(route, &caller);
        let ends = Box::pin(async move {
            end_of_token(remaining).await;
            to_status(&Error::TokenExpired)
        });
        Ok(Response::from_parts(head, Bounded::wrap(observed, ends, place)))
    }

    /// Who calls, once the contract lets it. Whoever is refused here is recorded, whatever the method.
    async fn admit(&self, route: &Route, head: &Parts, started: Instant) -> Result<Caller, Error> {
        let identified = self.doorkeeper.identify(&route.method, &head.headers).await;
        let (known, refusal) = match identified {
            Ok(caller) => match permit(&route.method, &caller) {
                Ok(()) => return Ok(caller),
                Err(error) => (Some(caller), error),
            },
            Err(error) => (None, error),
        };
        let mut attempt = self.attempt(route, head);
        if let Some(caller) = known {
            attempt.subject = Some(caller.actor.subject);
            attempt.roles = caller.actor.roles;
        }
        let problem = refusal.problem();
        self.audit.refused(attempt, problem.code, problem.reason, started).await?;
        Err(refusal)
    }

    /// Reads the request, unless the caller streams it.
    async fn read(&self, route: &Route, body: Body) -> Result<Outgoing, Error> {
        if route.method.client_streaming {
            return Ok(Outgoing::Stream(body));
        }
        let bytes_max = self.limits.message_bytes_max;
        match Limited::new(body, bytes_max + FRAME_PREFIX_LEN).collect().await {
            Ok(collected) => Ok(Outgoing::Whole(collected.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(Error::MessageTooLong(bytes_max)),
            Err(_) => Err(Error::RequestBroken),
        }
    }

    /// Commits the attempt of a call with effects.
    async fn record(
        &self,
        route: &Route,
        caller: &Caller,
        head: &Parts,
        request: Option<RequestDigest>,
        started: Instant,
    ) -> Result<Option<Ticket>, Error> {
        if !route.method.side_effects {
            return Ok(None);
        }
        let mut attempt = self.attempt(route, head);
        attempt.subject = Some(caller.actor.subject.clone());
        attempt.roles = caller.actor.roles;
        attempt.request = request;
        self.audit.begin(attempt, started).await.map(Some)
    }

    fn attempt(&self, route: &Route, head: &Parts) -> Attempt {
        let mut attempt = self.audit.attempt(&route.method.path);
        attempt.idempotency_key = head.headers.get(IDEMPOTENCY_KEY).map(kept_key);
        attempt.peer =
            head.extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr).map(text);
        attempt
    }

    /// How long the call may take: what its caller asked for, what the edge allows, and for a stream what is left of
    /// the token.
    fn time_allowed(&self, route: &Route, head: &Parts, caller: &Caller) -> Duration {
        let limits = &self.limits.server;
        let allowed = if is_stream(route) { limits.stream_max } else { limits.unary_max };
        let allowed = token_of_stream(route, caller).map_or(allowed, |remaining| remaining.min(allowed));
        requested_timeout(&head.headers).map_or(allowed, |requested| requested.min(allowed))
    }

    async fn forward(
        &self,
        route: &Route,
        caller: &Caller,
        head: &Parts,
        outgoing: Outgoing,
        until: Instant,
    ) -> Result<Response<Body>, Error> {
        let service = route.upstream.map(|place| &self.services[place]);
        // The policy has refused it already; this is the second lock on the same door.
        let service = service.ok_or_else(|| Error::UnknownMethod(route.method.path.clone()))?;
        let mut request = Request::new(match outgoing {
            Outgoing::Whole(bytes) => Body::new(Full::new(bytes)),
            Outgoing::Stream(body) => body,
        });
        *request.version_mut() = Version::HTTP_2;
        *request.method_mut() = HttpMethod::POST;
        *request.uri_mut() = route.method.path.parse().expect("a path of the contract is a path");
        *request.headers_mut() = passed_on(&head.headers, until.saturating_duration_since(Instant::now()));
        let remaining = token_of_stream(route, caller);
        tokio::select! {
            answer = service.call(request, &caller.actor) => answer,
            () = end_of_token(remaining) => Err(Error::TokenExpired),
        }
    }
}

/// What is left of the token of a stream. A call ends soon enough by itself.
fn token_of_stream(route: &Route, caller: &Caller) -> Option<Duration> {
    caller.remaining.filter(|_| is_stream(route))
}

/// Ready when the token is over; never without one.
async fn end_of_token(remaining: Option<Duration>) {
    match remaining {
        Some(remaining) => tokio::time::sleep(remaining).await,
        None => std::future::pending().await,
    }
}

fn is_stream(route: &Route) -> bool {
    route.method.client_streaming || route.method.server_streaming
}

fn text(address: SocketAddr) -> String {
    address.to_string()
}

/// gRPC's own answer to what is not gRPC.
fn not_grpc() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// The handler as a service: the fallback of the gateway's router. Clones share the edge.
#[derive(Clone)]
pub(crate) struct Forward(Arc<Edge>);

impl Forward {
    pub(crate) fn new(edge: Edge) -> Forward {
        Forward(Arc::new(edge))
    }
}

impl tower::Service<Request<axum::body::Body>> for Forward {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<axum::body::Body>) -> Self::Future {
        let edge = Arc::clone(&self.0);
        Box::pin(async move { Ok(edge.answer(request.map(Body::new)).await) })
    }
}
