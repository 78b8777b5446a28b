//! One service behind the edge: passes bytes on as they are.

use std::error::Error as _;
use std::sync::Arc;

use auth::Actor;
use auth::internal::Issuer;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use service_kit::StartError;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Service as _, ServiceExt as _};

use crate::Upstream;
use crate::error::Error;

/// A service, its connection, and what it knows us by.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    name: Arc<str>,
    channel: Channel,
    issuer: Arc<Issuer>,
}

impl Service {
    /// The service at an address; nothing is connected until the first call.
    pub(crate) fn new(upstream: &Upstream, issuer: Arc<Issuer>) -> Result<Service, StartError> {
        let channel = service_kit::client::endpoint(&upstream.url)?.connect_lazy();
        Ok(Service { name: upstream.name.as_str().into(), channel, issuer })
    }

    /// Forwards a request on behalf of `actor`. The answer's head is here; its body is still arriving.
    pub(crate) async fn call(
        &self,
        mut request: Request<Body>,
        actor: &Actor,
    ) -> Result<Response<Body>, Error> {
        request.headers_mut().insert(AUTHORIZATION, self.issuer.authorization(&self.name, actor));
        let mut channel = self.channel.clone();
        let ready = channel.ready().await.map_err(|error| self.failed(error))?;
        ready.call(request).await.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: tonic::transport::Error) -> Error {
        let name = self.name.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            if source.is::<tonic::TimeoutExpired>() {
                return Error::UpstreamTimeout { name };
            }
            cause = source.source();
        }
        Error::UpstreamUnavailable { name, source: error }
    }
}
