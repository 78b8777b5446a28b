//! Consensus nodes: submitting stored bytes and asking for receipts.
//!
//! Nothing here repeats a submission, and the channel has no retry policy: a request leaves once or its outcome is unknown.
//! Connections are plaintext HTTP/2, as the nodes' public port 50211 offers them; transactions are signed and public.

mod codec;
mod network;
mod receipt;

use std::time::Duration;

use bytes::Bytes;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;

pub use network::{Network, NetworkError};
pub use receipt::{QueryFailed, ReceiptAnswer};

use crate::hapi;
use crate::ids::{AccountId, TransactionId};
use crate::status::Status;
use codec::BytesCodec;

const CRYPTO_TRANSFER: &str = "/proto.CryptoService/cryptoTransfer";

/// Talks to the nodes of one network. Cheap to clone; connects when first used.
#[derive(Clone, Debug)]
pub struct NodeClient {
    nodes: Vec<(AccountId, Channel)>,
}

/// A submission whose outcome nobody can tell from here: the bytes may or may not have arrived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer from node {node}: {cause}")]
pub struct SendUnknown {
    /// The node it was for.
    pub node: AccountId,
    /// What went wrong, for the record.
    pub cause: String,
}

impl NodeClient {
    /// Prepares a channel to each node without connecting. Must be called inside a Tokio runtime.
    pub fn new(network: &Network) -> Result<Self, NetworkError> {
        Ok(Self { nodes: network.channels()? })
    }

    /// The nodes, in the network's order.
    pub fn nodes(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.nodes.iter().map(|(node, _)| *node)
    }

    /// Sends the stored bytes of the copy for `node`, once, exactly as they are. Whatever goes wrong (no such node, no
    /// connection, no answer within `deadline`, an answer that is not one) is the same: unknown.
    pub async fn submit(
        &self,
        node: AccountId,
        bytes: &[u8],
        deadline: Duration,
    ) -> Result<Status, SendUnknown> {
        let unknown = |cause: String| SendUnknown { node, cause };
        let channel = self.channel(node).ok_or_else(|| unknown("not in the address book".to_owned()))?;
        let message = Bytes::copy_from_slice(bytes);
        match tokio::time::timeout(deadline, transfer(channel, message, deadline)).await {
            Ok(Ok(response)) => Ok(Status(response.node_transaction_precheck_code)),
            Ok(Err(status)) => Err(unknown(transport_cause(&status))),
            Err(_) => Err(unknown(format!("no answer within {} ms", deadline.as_millis()))),
        }
    }

    /// Asks `node` for the receipt of an id, duplicates included. Free of charge; safe to repeat.
    pub async fn receipt(
        &self,
        node: AccountId,
        id: &TransactionId,
        deadline: Duration,
    ) -> Result<ReceiptAnswer, QueryFailed> {
        let failed = |cause: String| QueryFailed { node, cause };
        let channel = self.channel(node).ok_or_else(|| failed("not in the address book".to_owned()))?;
        let mut client = hapi::crypto_service_client::CryptoServiceClient::new(channel);
        let mut request = tonic::Request::new(receipt::query(*id));
        request.set_timeout(deadline);
        match tokio::time::timeout(deadline, client.get_transaction_receipts(request)).await {
            Ok(Ok(response)) => receipt::read(response.into_inner())
                .ok_or_else(|| failed("the answer holds no receipt response".to_owned())),
            Ok(Err(status)) => Err(failed(transport_cause(&status))),
            Err(_) => Err(failed(format!("no answer within {} ms", deadline.as_millis()))),
        }
    }

    fn channel(&self, node: AccountId) -> Option<Channel> {
        self.nodes.iter().find(|(known, _)| *known == node).map(|(_, channel)| channel.clone())
    }
}

async fn transfer(
    channel: Channel,
    message: Bytes,
    deadline: Duration,
) -> Result<hapi::TransactionResponse, tonic::Status> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(deadline);
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::from_static(CRYPTO_TRANSFER);
    grpc.unary(request, path, BytesCodec::default()).await.map(tonic::Response::into_inner)
}

fn transport_cause(status: &tonic::Status) -> String {
    format!("{:?}: {}", status.code(), crate::time::shorten(status.message()))
}

#[cfg(test)]
mod tests;
