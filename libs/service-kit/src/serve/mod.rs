//! A gRPC server as every service runs it: policy in front, health and reflection beside, limits around, and
//! an end that comes.

mod bounded;
mod deadline;
mod guard;

use std::sync::Arc;
use std::time::Duration;

use auth::{AuthLayer, PolicyTable};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tower::util::option_layer;

use crate::{Shutdown, StartError};

pub use bounded::Bounded;
pub use deadline::requested_timeout;
use guard::GuardLayer;

/// How long the last words of calls that are cut off may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams a client may open and reset before the server has seen them ("rapid reset").
const PENDING_RESETS_MAX: usize = 32;

/// What one server takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls under way at once, open streams included, which take half of the places at most. More are refused with
    /// `RESOURCE_EXHAUSTED`.
    pub in_flight_max: usize,
    /// Longest time for a call without streams.
    pub unary_max: Duration,
    /// Longest life of a stream in either direction.
    pub stream_max: Duration,
    /// Calls under way at once on one connection.
    pub per_connection_max: u32,
    /// Bytes of all headers of a call.
    pub header_bytes_max: u32,
    /// How long open calls may go on after the signal to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            in_flight_max: 1024,
            unary_max: Duration::from_mins(1),
            stream_max: Duration::from_hours(24),
            // The gateway brings all its callers over one connection.
            per_connection_max: 1024,
            header_bytes_max: 16 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// A server being put together.
#[derive(Debug)]
#[must_use = "a server serves once `run` is awaited"]
pub struct Server {
    name: &'static str,
    listener: TcpListener,
    auth: Option<AuthLayer>,
    policies: Option<Arc<PolicyTable>>,
    descriptor_set: Vec<u8>,
    limits: Limits,
    routes: Routes,
}

impl Server {
    /// A server on `listener`. `name` is in its log.
    pub fn new(name: &'static str, listener: TcpListener) -> Server {
        Server {
            name,
            listener,
            auth: None,
            policies: None,
            descriptor_set: Vec::new(),
            limits: Limits::default(),
            routes: Routes::default(),
        }
    }

    /// Puts `layer` in front of every method, and knows the methods from its policies.
    pub fn auth(self, layer: AuthLayer) -> Server {
        let server = self.policies(Arc::clone(layer.policies()));
        Server { auth: Some(layer), ..server }
    }

    /// Serves the policies' descriptor set by reflection, and tells streams from calls by them.
    pub fn policies(mut self, policies: Arc<PolicyTable>) -> Server {
        self.descriptor_set = policies.descriptor_set().to_vec();
        self.policies = Some(policies);
        self
    }

    /// Serves this descriptor set by reflection, for a server without policies.
    pub fn reflection(mut self, descriptor_set: &[u8]) -> Server {
        self.descriptor_set = descriptor_set.to_vec();
        self
    }

    /// Replaces the default limits.
    pub fn limits(mut self, limits: Limits) -> Server {
        self.limits = limits;
        self
    }

    /// Serves `routes` as well as, not instead of, health and reflection. Call it before
    /// [`Server::add_service`].
    pub fn routes(mut self, routes: Routes) -> Server {
        self.routes = routes;
        self
    }

    /// Adds one gRPC service.
    pub fn add_service<S>(mut self, service: S) -> Server
    where
        S: tower::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<tonic::body::Body>,
                Error = std::convert::Infallible,
            > + tonic::server::NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.routes = self.routes.add_service(service);
        self
    }

    /// Serves until `shutdown`, then lets open calls end by themselves for a while and ends those that do not.
    ///
    /// # Errors
    /// When the descriptor set is unreadable or the listener fails.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), StartError> {
        let cannot_serve = |error| StartError::because(format!("serve {}", self.name), error);
        let (reporter, health) = tonic_health::server::health_reporter();
        let routes = with_reflection(self.routes.add_service(health), &self.descriptor_set)?;
        let address = self.listener.local_addr().map_err(|error| StartError::because("listen", error))?;
        let cut_off = CancellationToken::new();
        let guard = GuardLayer::new(self.limits, self.policies, cut_off.clone());
        // `serve_with_incoming` ignores the builder's own setting, and without it the 99th percentile is 43 ms.
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        let drained = async {
            shutdown.cancelled().await;
            reporter.set_service_status("", ServingStatus::NotServing).await;
        };
        let serving = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .http2_max_header_list_size(self.limits.header_bytes_max)
            .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS_MAX))
            .max_concurrent_streams(self.limits.per_connection_max)
            .layer(guard)
            .layer(option_layer(self.auth))
            .serve_with_incoming_shutdown(routes.prepare(), incoming, drained);
        tracing::info!(service = self.name, %address, "serving");
        // An open watch would hang the graceful end for ever, so the end does not wait for it for ever.
        tokio::select! {
            result = serving => result.map_err(cannot_serve)?,
            () = cut_off_after(self.limits.drain, &shutdown, &cut_off) => {
                tracing::warn!(service = self.name, "some connections did not close by themselves");
            }
        }
        tracing::info!(service = self.name, "stopped");
        Ok(())
    }
}

async fn cut_off_after(drain: Duration, shutdown: &Shutdown, cut_off: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(drain).await;
    cut_off.cancel();
    tokio::time::sleep(LAST_WORDS).await;
}

/// Python's client asks for v1alpha, newer ones for v1.
fn with_reflection(routes: Routes, descriptor_set: &[u8]) -> Result<Routes, StartError> {
    if descriptor_set.is_empty() {
        return Ok(routes);
    }
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptor_set)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let failed = |error| StartError::because("serve reflection", error);
    let v1 = builder().build_v1().map_err(failed)?;
    let v1alpha = builder().build_v1alpha().map_err(failed)?;
    Ok(routes.add_service(v1).add_service(v1alpha))
}

#[cfg(test)]
mod tests;
