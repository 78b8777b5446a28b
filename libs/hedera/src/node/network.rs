//! The address book: which node is reached where.

use std::collections::BTreeSet;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

use crate::ids::AccountId;

/// A connection attempt that takes longer is given up; the send counts as unknown.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is probed this often, so that a dead peer is noticed before the next send.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The nodes of a network, each with its account and `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Node account and URL. The account is what a transaction copy is bound to.
    pub nodes: Vec<(AccountId, String)>,
}

/// A list of nodes that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No nodes at all.
    #[error("the network has no nodes")]
    Empty,
    /// A node is listed twice.
    #[error("node {0} is listed twice")]
    Repeated(AccountId),
    /// A URL is malformed.
    #[error("node {node} has an invalid URL {url:?}: expected http://host:port")]
    Url {
        /// Whose.
        node: AccountId,
        /// What was given.
        url: String,
    },
}

impl Network {
    pub(super) fn channels(&self) -> Result<Vec<(AccountId, Channel)>, NetworkError> {
        if self.nodes.is_empty() {
            return Err(NetworkError::Empty);
        }
        let mut seen = BTreeSet::new();
        self.nodes
            .iter()
            .map(|(node, url)| {
                if !seen.insert(*node) {
                    return Err(NetworkError::Repeated(*node));
                }
                let endpoint =
                    endpoint(url).ok_or_else(|| NetworkError::Url { node: *node, url: url.clone() })?;
                Ok((*node, endpoint.connect_lazy()))
            })
            .collect()
    }
}

fn endpoint(url: &str) -> Option<Endpoint> {
    let endpoint = Endpoint::from_shared(url.to_owned()).ok()?;
    let uri = endpoint.uri();
    if uri.scheme_str() != Some("http") || uri.port().is_none() {
        return None;
    }
    Some(
        endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(CONNECT_TIMEOUT),
    )
}
