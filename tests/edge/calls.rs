//! Calls by path, whatever the method: with an empty message, for what is decided before a message is read, or with one that
//! is made of the contract's descriptors.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;

const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// What says that the server itself is unwell, or that a call never reached it.
const FAULTS: [Code; 6] = [
    Code::Unavailable,
    Code::Internal,
    Code::Unknown,
    Code::DeadlineExceeded,
    Code::Cancelled,
    Code::DataLoss,
];

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `/package.Service/Method`
    pub(crate) path: String,
    /// The idempotency key it was made with; no other call of the server has it.
    pub(crate) key: String,
    pub(crate) code: Code,
    /// The stable reason of an error.
    pub(crate) reason: Option<String>,
    /// The fields that were refused, each with its stable reason.
    pub(crate) violations: Vec<(String, String)>,
}

impl Call {
    /// Whether the caller was let through to a service that is well.
    pub(crate) fn was_served(&self) -> bool {
        let refused =
            matches!(self.code, Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented);
        !refused && !FAULTS.contains(&self.code)
    }
}

/// A connection to a server.
pub(crate) struct Server {
    channel: Channel,
    calls: AtomicU32,
}

impl Server {
    /// Connects to `http://host:port`.
    pub(crate) async fn connect(url: &str) -> Server {
        let endpoint = Endpoint::from_shared(url.to_owned()).expect("an address");
        let channel = endpoint.tcp_nodelay(true).connect().await.expect("the server is there");
        Server { channel, calls: AtomicU32::new(0) }
    }

    /// Calls the method at `path` with this bearer token, and hears the first that it answers.
    pub(crate) async fn call(&self, path: &str, token: Option<&str>) -> Call {
        self.call_with(path, token, ()).await
    }

    /// The same with this message.
    pub(crate) async fn call_with<M>(&self, path: &str, token: Option<&str>, message: M) -> Call
    where
        M: Message + 'static,
    {
        let key = format!("edge-{}", self.calls.fetch_add(1, Ordering::Relaxed));
        // On the wire a unary call is a stream of one message.
        let mut request = Request::new(tokio_stream::once(message));
        let metadata = request.metadata_mut();
        metadata.insert("idempotency-key", key.parse().expect("ASCII"));
        if let Some(token) = token {
            metadata.insert("authorization", format!("Bearer {token}").parse().expect("ASCII"));
        }
        let answer = tokio::time::timeout(CALL_DEADLINE, self.answer(path, request)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{path} did not answer"));
        let Err(status) = answer else {
            return Call { path: path.to_owned(), key, code: Code::Ok, reason: None, violations: Vec::new() };
        };
        let fields = status.get_details_bad_request().map(|request| request.field_violations);
        let fields = fields.unwrap_or_default();
        Call {
            path: path.to_owned(),
            key,
            code: status.code(),
            reason: status.get_details_error_info().map(|info| info.reason),
            violations: fields.into_iter().map(|field| (field.field, field.reason)).collect(),
        }
    }

    async fn answer<M>(&self, path: &str, request: Request<tokio_stream::Once<M>>) -> Result<(), Status>
    where
        M: Message + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = path.parse().expect("a path");
        let mut answer = grpc.streaming(request, path, ProstCodec::<M, ()>::default()).await?.into_inner();
        answer.message().await.map(drop)
    }
}
