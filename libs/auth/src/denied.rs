//! How a refusal looks to the caller: a `Status` with a stable reason.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The `domain` of every `google.rpc.ErrorInfo` this suite sends.
pub const ERROR_DOMAIN: &str = "bursar";

/// The caller did not prove who it is.
pub fn unauthenticated(reason: &str, message: impl Into<String>) -> Status {
    refusal(Code::Unauthenticated, reason, message)
}

/// The caller proved who it is, and may not do this.
pub fn permission_denied(reason: &str, message: impl Into<String>) -> Status {
    refusal(Code::PermissionDenied, reason, message)
}

fn refusal(code: Code, reason: &str, message: impl Into<String>) -> Status {
    let details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, std::collections::HashMap::new());
    Status::with_error_details(code, message, details)
}
