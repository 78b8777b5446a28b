//! Whom this service asks, in the domain's words. Reads are retried within a budget; nothing else is.

mod assets;
mod execution;
mod holders;
mod recipients;

pub(crate) use assets::{AssetFacts, Assets, PaymentTokenFacts};
pub(crate) use execution::{Execution, FundingFacts, Handover, PaidOrNot, RunHeader, RunView, pending_units};
pub(crate) use holders::{Holders, SnapshotStatus};
pub(crate) use recipients::Resolved;

use std::time::Duration;

use service_kit::client::Peer;
use service_kit::error::Problem;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// How long an answer to a plain question may take.
const READ_DEADLINE: Duration = Duration::from_secs(5);
/// How long a call with effects may take.
const WRITE_DEADLINE: Duration = Duration::from_secs(15);
/// How long a stream of everything may take.
const STREAM_DEADLINE: Duration = Duration::from_mins(10);

/// Another service gave no answer, refused, or answered what cannot be understood.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{service} answered {call} with {code:?} {reason}: {message}")]
pub struct PeerError {
    service: &'static str,
    call: &'static str,
    code: Code,
    reason: String,
    message: String,
}

impl PeerError {
    fn of(peer: &Peer, call: &'static str) -> impl FnOnce(Status) -> Self + use<> {
        let service = peer.target();
        move |status| {
            let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
            Self { service, call, code: status.code(), reason, message: status.message().to_owned() }
        }
    }

    fn malformed(peer: &Peer, call: &'static str, what: &'static str) -> Self {
        let (service, reason) = (peer.target(), "MALFORMED_ANSWER".to_owned());
        Self { service, call, code: Code::Internal, reason, message: what.to_owned() }
    }

    /// Whether it refused for this stable reason.
    pub fn is(&self, reason: &str) -> bool {
        self.reason == reason
    }

    /// Whether it does not know what was asked for.
    pub fn is_not_found(&self) -> bool {
        self.code == Code::NotFound
    }

    /// The stable reason, or the code where it gave none.
    pub fn reason(&self) -> String {
        if self.reason.is_empty() { format!("{:?}", self.code).to_uppercase() } else { self.reason.clone() }
    }

    /// What it said, for its caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it said no, so that asking the same again comes to the same. Everything else proves nothing.
    pub const fn is_refusal(&self) -> bool {
        match self.code {
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::PermissionDenied => true,
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
            | Code::Unauthenticated => false,
        }
    }

    /// What the caller of this service is told.
    pub fn problem(&self) -> Problem {
        let reason = match self.service {
            "asset" => "ASSET_SERVICE_UNAVAILABLE",
            "holder-sync" => "HOLDER_SERVICE_UNAVAILABLE",
            _ => "EXECUTION_SERVICE_UNAVAILABLE",
        };
        match self.code {
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => {
                Problem::unavailable(reason, format!("the {} service gave no answer", self.service))
            }
            _ => Problem::internal(),
        }
    }
}
