//! The tower layer in front of every service: no claims, no action.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{Either, Ready, ready};
use http::{Request, Response, header::AUTHORIZATION};
use tonic::Status;
use tower::{Layer, Service};

use crate::actor::Actor;
use crate::denied;
use crate::internal::Verifier;
use crate::policy::PolicyTable;
use crate::token::bearer_in;

/// What every server answers without a token: health checks and reflection.
const OPEN_TO_ALL: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// Lets a call through when its internal token verifies and the method's policy permits the actor, whom
/// it puts into the request's extensions.
#[derive(Clone, Debug)]
pub struct AuthLayer {
    verifier: Arc<Verifier>,
    policies: Arc<PolicyTable>,
}

impl AuthLayer {
    /// A layer that trusts `verifier` and asks `policies`.
    pub fn new(verifier: Arc<Verifier>, policies: Arc<PolicyTable>) -> AuthLayer {
        AuthLayer { verifier, policies }
    }

    /// The policies it asks.
    pub fn policies(&self) -> &Arc<PolicyTable> {
        &self.policies
    }

    fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Status> {
        let path = request.uri().path();
        if is_open(path) {
            return Ok(());
        }
        let token = bearer_in(request.headers()).map_err(|error| error.to_status())?;
        let actor = self.verifier.verify(token).map_err(|error| error.to_status())?;
        self.policies.permits(path, &actor).map_err(|denial| refusal(denial, &actor))?;
        // What the services do not need they do not see, and cannot log.
        request.headers_mut().remove(AUTHORIZATION);
        request.extensions_mut().insert::<Actor>(actor);
        Ok(())
    }
}

/// Whether every server answers `path` without a token.
pub fn is_open(path: &str) -> bool {
    OPEN_TO_ALL.iter().any(|open| path.starts_with(open))
}

fn refusal(denial: crate::policy::Denial, actor: &Actor) -> Status {
    if denial == crate::policy::Denial::UnknownMethod {
        return Status::unimplemented(denial.to_string());
    }
    tracing::warn!(subject = actor.subject, caller = actor.caller, reason = denial.reason(), "call refused");
    denied::permission_denied(denial.reason(), denial.to_string())
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService { inner, layer: self.clone() }
    }
}

/// A service behind [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    inner: S,
    layer: AuthLayer,
}

impl<S, B, R> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<R>, S::Error>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.layer.admit(&mut request) {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(status) => Either::Left(ready(Ok(status.into_http()))),
        }
    }
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
