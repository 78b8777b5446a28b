//! The metadata `idempotency-key` that every call with effects carries.

use auth::Actor;
use pg::idempotency::Once;
use prost::Message;
use sha2::{Digest as _, Sha256};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request};

use crate::error::Problem;

/// The name of the metadata, and of the header in REST.
pub const METADATA: &str = "idempotency-key";
const LEN_MAX: usize = 128;

/// What the caller calls this request by when it repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key: 1 to 128 visible ASCII characters.
    pub fn new(text: &str) -> Result<IdempotencyKey, Problem> {
        let fits = (1..=LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(IdempotencyKey(text.to_owned())) } else { Err(invalid()) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of a request.
///
/// # Errors
/// `INVALID_ARGUMENT`: reason `IDEMPOTENCY_KEY_REQUIRED` when there is none, `IDEMPOTENCY_KEY_INVALID` when
/// there are two or it has the wrong form.
pub fn key(metadata: &MetadataMap) -> Result<IdempotencyKey, Problem> {
    let mut values = metadata.get_all(METADATA).iter();
    let value = values.next().ok_or_else(required)?;
    if values.next().is_some() {
        return Err(invalid());
    }
    IdempotencyKey::new(value.to_str().map_err(|_| invalid())?)
}

/// What tells one request from another under the same key: the SHA-256 of its encoding.
pub fn request_hash(request: &impl Message) -> [u8; 32] {
    Sha256::digest(request.encode_to_vec()).into()
}

/// The call of `method` (the RPC's name) that this request is, made repeatable by its key; `answer` makes the response
/// of what was written.
///
/// # Errors
/// Those of [`key`].
pub fn once<M: Message, T, R, E>(
    method: &str,
    actor: &Actor,
    request: &Request<M>,
    answer: fn(&T) -> R,
) -> Result<Once<T, R, E>, Problem> {
    let key = key(request.metadata())?;
    let scope = format!("{method}:{}", actor.subject);
    Ok(Once::new(scope, key.0, request_hash(request.get_ref()), answer))
}

fn required() -> Problem {
    let message =
        "send the metadata `idempotency-key`: repeating the call with the same key is then harmless";
    Problem::user(Code::InvalidArgument, "IDEMPOTENCY_KEY_REQUIRED", message)
}

fn invalid() -> Problem {
    let message = "`idempotency-key` is one value of 1 to 128 visible ASCII characters";
    Problem::user(Code::InvalidArgument, "IDEMPOTENCY_KEY_INVALID", message)
}

#[cfg(test)]
mod tests {
    use super::{IdempotencyKey, key};
    use tonic::metadata::MetadataMap;

    #[test]
    fn one_visible_key_is_taken() {
        let mut metadata = MetadataMap::new();
        assert_eq!(key(&metadata).expect_err("none").reason, "IDEMPOTENCY_KEY_REQUIRED");
        metadata.append("idempotency-key", "order-7".parse().expect("ASCII"));
        assert_eq!(key(&metadata).expect("one").as_str(), "order-7");
        metadata.append("idempotency-key", "order-8".parse().expect("ASCII"));
        assert_eq!(key(&metadata).expect_err("two").reason, "IDEMPOTENCY_KEY_INVALID");
    }

    #[test]
    fn keys_have_bounds() {
        assert!(IdempotencyKey::new(&"k".repeat(128)).is_ok());
        for text in ["", "a b", "ä", "a\u{7f}", &"k".repeat(129)] {
            assert!(IdempotencyKey::new(text).is_err(), "{text:?}");
        }
    }
}
