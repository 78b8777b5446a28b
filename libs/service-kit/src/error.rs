//! From a service's error to what the caller sees, in one place.
//!
//! A service has one `Error` enum. Each variant implements [`Failure::problem`]: a stable reason, a severity, a
//! message for the caller and details. The error's own `Display` and sources are internal: they are logged here,
//! once, and never sent.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

pub use auth::denied::ERROR_DOMAIN;

/// Reason of a request whose fields do not fit.
pub const INVALID_ARGUMENT: &str = "INVALID_ARGUMENT";

/// Whose mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The caller's: logged at WARN.
    User,
    /// Ours, or that of something we depend on: logged at ERROR.
    Fault,
}

/// More about a problem, as `google.rpc` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A field of the request that does not fit (`BadRequest`).
    Field {
        /// Path of the field, e.g. `amount.units`.
        field: String,
        /// What the caller can do about it.
        description: String,
        /// Stable reason, e.g. `MALFORMED`.
        reason: &'static str,
    },
    /// Something that must be true first (`PreconditionFailure`).
    Precondition {
        /// Its kind, e.g. `FUNDING`.
        kind: &'static str,
        /// What it is about, e.g. an id.
        subject: String,
        /// What the caller can do about it.
        description: String,
    },
    /// Trying again is worth while after this long (`RetryInfo`).
    RetryAfter(Duration),
    /// Goes into the metadata of `ErrorInfo`.
    Meta(&'static str, String),
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Problem {
    /// The gRPC code.
    pub code: Code,
    /// Stable, in capitals; programs branch on it.
    pub reason: &'static str,
    /// Whose mistake it is.
    pub severity: Severity,
    /// What the caller did or can do.
    pub message: String,
    /// More about it.
    pub details: Vec<Detail>,
}

impl Problem {
    /// A mistake of the caller's.
    pub fn user(code: Code, reason: &'static str, message: impl Into<String>) -> Problem {
        Problem { code, reason, severity: Severity::User, message: message.into(), details: Vec::new() }
    }

    /// A fault of ours or of something we depend on. The message is external: no causes in it.
    pub fn fault(code: Code, reason: &'static str, message: impl Into<String>) -> Problem {
        Problem { code, reason, severity: Severity::Fault, message: message.into(), details: Vec::new() }
    }

    /// One field that does not fit.
    pub fn field(field: impl Into<String>, reason: &'static str, description: impl Into<String>) -> Problem {
        let mut violations = FieldViolations::new();
        violations.add(field, reason, description);
        violations.into_problem()
    }

    /// `NOT_FOUND` for something named by `id`.
    pub fn not_found(reason: &'static str, kind: &str, id: impl std::fmt::Display) -> Problem {
        Problem::user(Code::NotFound, reason, format!("there is no {kind} {id}"))
    }

    /// Our mistake, about which the caller can do nothing.
    pub fn internal() -> Problem {
        Problem::fault(Code::Internal, "INTERNAL", "something went wrong here; it has been recorded")
    }

    /// Something we depend on is away; trying again later is right.
    pub fn unavailable(reason: &'static str, message: impl Into<String>) -> Problem {
        Problem::fault(Code::Unavailable, reason, message).with(Detail::RetryAfter(Duration::from_secs(1)))
    }

    /// The same problem with one more detail.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Problem {
        self.details.push(detail);
        self
    }

    /// The `Status` for the caller, without a line in the log.
    pub fn to_status(&self) -> Status {
        let mut metadata = HashMap::new();
        let (mut fields, mut preconditions, mut retry_after) = (Vec::new(), Vec::new(), None);
        for detail in self.details.iter().cloned() {
            match detail {
                Detail::Field { field, description, reason } => {
                    let mut violation = FieldViolation::new(field, description);
                    reason.clone_into(&mut violation.reason);
                    fields.push(violation);
                }
                Detail::Precondition { kind, subject, description } => {
                    preconditions.push(PreconditionViolation::new(kind, subject, description));
                }
                Detail::RetryAfter(delay) => retry_after = Some(delay),
                Detail::Meta(key, value) => {
                    metadata.insert(key.to_owned(), value);
                }
            }
        }
        let mut details = ErrorDetails::with_error_info(self.reason, ERROR_DOMAIN, metadata);
        if !fields.is_empty() {
            details.set_bad_request(fields);
        }
        if !preconditions.is_empty() {
            details.set_precondition_failure(preconditions);
        }
        if retry_after.is_some() {
            details.set_retry_info(retry_after);
        }
        Status::with_error_details(self.code, self.message.clone(), details)
    }
}

/// An error that knows what the caller is told.
pub trait Failure: std::error::Error {
    /// What the caller is told.
    fn problem(&self) -> Problem;
}

impl Failure for Problem {
    fn problem(&self) -> Problem {
        self.clone()
    }
}

/// The `Status` for the caller, and the one line in the log. Called at the boundary and nowhere else.
pub fn to_status(failure: &impl Failure) -> Status {
    let problem = failure.problem();
    let (reason, code, cause) = (problem.reason, problem.code, chain(failure));
    match problem.severity {
        Severity::User => tracing::warn!(reason, ?code, error = cause, "request refused"),
        Severity::Fault => tracing::error!(reason, ?code, error = cause, "request failed"),
    }
    problem.to_status()
}

/// The error and all its sources in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Collects every field of a request that does not fit, so that the caller hears of all at once.
#[derive(Clone, Debug, Default)]
#[must_use = "violations are an error only once `into_result` has said so"]
pub struct FieldViolations(Vec<Detail>);

impl FieldViolations {
    /// None so far.
    pub fn new() -> FieldViolations {
        FieldViolations::default()
    }

    /// Adds one. `reason` is stable, e.g. `MALFORMED`; `description` says what would fit.
    pub fn add(&mut self, field: impl Into<String>, reason: &'static str, description: impl Into<String>) {
        self.0.push(Detail::Field { field: field.into(), description: description.into(), reason });
    }

    /// Adds those of a request that is a field of this one.
    pub fn add_below(&mut self, field: &str, problem: Problem) {
        self.0.extend(problem.details.into_iter().map(|detail| match detail {
            Detail::Field { field: below, description, reason } => {
                Detail::Field { field: format!("{field}.{below}"), description, reason }
            }
            other => other,
        }));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An error when there is any.
    pub fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_problem()) }
    }

    fn into_problem(self) -> Problem {
        let fields: Vec<&str> = self
            .0
            .iter()
            .filter_map(
                |detail| if let Detail::Field { field, .. } = detail { Some(field.as_str()) } else { None },
            )
            .collect();
        let message = format!("these fields do not fit: {}", fields.join(", "));
        Problem { details: self.0, ..Problem::user(Code::InvalidArgument, INVALID_ARGUMENT, message) }
    }
}

#[cfg(test)]
mod tests;
