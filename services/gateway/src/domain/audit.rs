//! The two rows of an audited call.

use std::time::{Duration, SystemTime};

use auth::RoleSet;
use ids::AuditId;
use sha2::{Digest as _, Sha256};

/// Bytes before a message in a gRPC stream: whether it is compressed, and its length.
const FRAME_PREFIX_LEN: usize = 5;
/// Longest idempotency key kept; the services refuse longer ones.
const KEY_CHARS_MAX: usize = 128;

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) id: AuditId,
    pub(crate) at: SystemTime,
    /// Unknown when the caller did not prove who it is.
    pub(crate) subject: Option<String>,
    pub(crate) roles: RoleSet,
    pub(crate) method: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) peer: Option<String>,
    pub(crate) request: Option<RequestDigest>,
    /// Refusals of callers who did not prove who they are, before this one, that have no record of their own.
    pub(crate) left_out: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) id: AuditId,
    pub(crate) at: SystemTime,
    pub(crate) code: tonic::Code,
    pub(crate) reason: Option<String>,
    pub(crate) duration: Duration,
}

/// The request message, as it can be recognised later without being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestDigest {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
}

impl RequestDigest {
    /// The digest of the message in a whole request body. For a message that is not compressed it is the hash the
    /// services bind to an idempotency key.
    pub(crate) fn of_body(body: &[u8]) -> RequestDigest {
        let message = body.get(FRAME_PREFIX_LEN..).unwrap_or_default();
        RequestDigest { bytes: message.len() as u64, sha256: Sha256::digest(message).into() }
    }
}

/// The caller's key as it is kept, good or bad: the services judge it.
pub(crate) fn kept_key(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).chars().take(KEY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::{RequestDigest, kept_key};
    use http::HeaderValue;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_digest_is_that_of_the_message_without_its_frame() {
        let digest = RequestDigest::of_body(b"\0\0\0\0\x03abc");
        assert_eq!((digest.bytes, digest.sha256), (3, Sha256::digest(b"abc").into()));
        assert_eq!(RequestDigest::of_body(b"").bytes, 0);
    }

    #[test]
    fn a_key_is_kept_as_text_of_bounded_length() {
        assert_eq!(kept_key(&HeaderValue::from_static("order-7")), "order-7");
        let long = HeaderValue::from_bytes(&[0xff; 4000]).expect("headers can carry it");
        assert_eq!(kept_key(&long).chars().count(), 128);
    }
}
