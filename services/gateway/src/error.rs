//! Why the edge itself refuses a call, and what the caller is told.

use std::time::Duration;

use auth::TokenError;
use auth::policy::Denial;
use service_kit::error::{Detail, Failure, Problem};
use tonic::Code;

/// A call the edge does not forward, or whose service did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The contract has no such method.
    #[error("there is no method {0}")]
    UnknownMethod(String),
    /// The caller did not prove who it is.
    #[error("the caller of {method} is not known")]
    Unauthenticated {
        method: String,
        #[source]
        source: TokenError,
    },
    /// The caller may not call the method.
    #[error("{subject} may not call {method}")]
    Denied {
        method: String,
        subject: String,
        #[source]
        source: Denial,
    },
    /// The caller has as many calls under way as one may have.
    #[error("{0} has too many calls under way")]
    SubjectOverloaded(String),
    /// The request is longer than the services take.
    #[error("the request message is longer than {0} bytes")]
    MessageTooLong(usize),
    /// The caller went away while its request was read.
    #[error("the caller went away before its request was complete")]
    RequestBroken,
    /// What may not happen without a record cannot be recorded.
    #[error("the audit log cannot be written")]
    AuditUnavailable,
    /// The service is away.
    #[error("the service {name} cannot be reached")]
    UpstreamUnavailable {
        name: String,
        #[source]
        source: tonic::transport::Error,
    },
    /// The service did not answer in time.
    #[error("the service {name} did not answer in time")]
    UpstreamTimeout { name: String },
    /// The stream's token is over.
    #[error("the token of a stream has expired")]
    TokenExpired,
}

impl Failure for Error {
    fn problem(&self) -> Problem {
        match self {
            Error::UnknownMethod(path) => {
                Problem::user(Code::Unimplemented, "UNKNOWN_METHOD", format!("there is no method {path}"))
            }
            Error::Unauthenticated { source, .. } => {
                Problem::user(Code::Unauthenticated, source.reason(), source.to_string())
            }
            Error::Denied { source, .. } => {
                Problem::user(Code::PermissionDenied, source.reason(), source.to_string())
            }
            Error::SubjectOverloaded(_) => {
                let message = "you have as many calls and streams under way as one caller may have";
                retry_later(Problem::user(Code::ResourceExhausted, "SUBJECT_OVERLOADED", message))
            }
            Error::MessageTooLong(bytes_max) => {
                let message = format!("a request message has at most {bytes_max} bytes");
                Problem::user(Code::ResourceExhausted, "MESSAGE_TOO_LONG", message)
            }
            Error::RequestBroken => {
                Problem::user(Code::Cancelled, "REQUEST_BROKEN", "the request ended before it was complete")
            }
            Error::AuditUnavailable => Problem::unavailable(
                "AUDIT_UNAVAILABLE",
                "calls cannot be recorded now, and are refused; try again",
            ),
            Error::UpstreamUnavailable { .. } => {
                Problem::unavailable("SERVICE_UNAVAILABLE", "the service is away; try again")
            }
            Error::UpstreamTimeout { .. } => {
                let message = "the call took longer than its deadline allows";
                Problem::user(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message)
            }
            Error::TokenExpired => {
                let message =
                    "the token has expired, and its streams end with it; begin again with a new one";
                Problem::user(Code::Unauthenticated, TokenError::Expired.reason(), message)
            }
        }
    }
}

fn retry_later(problem: Problem) -> Problem {
    problem.with(Detail::RetryAfter(Duration::from_secs(1)))
}
