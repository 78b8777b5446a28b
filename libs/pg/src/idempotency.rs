//! Idempotency keys: same key and same request, same answer; the work happens once.
//!
//! Each service that has side effects creates this table in its first migration:
//!
//! ```sql
//! CREATE TABLE idempotency_key (
//!     scope        text        NOT NULL,
//!     key          text        NOT NULL,
//!     request_hash bytea       NOT NULL,
//!     response     bytea,
//!     created_at   timestamptz NOT NULL DEFAULT now(),
//!     PRIMARY KEY (scope, key)
//! );
//! GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO bursar_SERVICE_app;
//! ```
//!
//! Keys live as long as what they made, so nothing deletes them. `scope` is `<rpc method>:<subject>`: one caller's
//! keys never meet another's. `response` is null only inside the transaction that does the work.

mod call;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::schema::idempotency_key;
use crate::transaction::AsyncBody;

pub use call::{Answer, Once};

/// The answer, and whether this call produced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The body ran now.
    First(Vec<u8>),
    /// An earlier call with this key and request gave this answer.
    Repeated(Vec<u8>),
}

impl Outcome {
    /// The answer's bytes, either way.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::First(bytes) | Self::Repeated(bytes) => bytes,
        }
    }
}

/// Why a key gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The key was used for another request (reason `IDEMPOTENCY_KEY_REUSED`).
    #[error("the idempotency key was used for another request")]
    Reused,
    /// A committed key without an answer: something other than [`once`] wrote it.
    #[error("the idempotency key {scope} / {key} has no stored answer")]
    Unanswered {
        /// Scope of the row.
        scope: String,
        /// Key of the row.
        key: String,
    },
    /// The stored bytes are no answer of this method: something other than [`Once`] wrote them.
    #[error("a stored answer cannot be read")]
    Unreadable(#[from] prost::DecodeError),
    /// The table could not be read or written.
    #[error("idempotency key statement failed")]
    Query(#[from] diesel::result::Error),
}

/// Runs `body` once per (scope, key) and returns its answer on every repeat. Call it **inside** a transaction
/// (READ COMMITTED, the default), with everything the answer speaks of written through the same connection.
///
/// The key is inserted first, so the unique index makes concurrent callers wait for the first one's transaction (at
/// most the session's lock timeout). If that one fails, its key goes with it and the next caller runs the body.
pub async fn once<'a, E, F>(
    conn: &mut AsyncPgConnection,
    scope: &str,
    key: &str,
    request_hash: &[u8; 32],
    body: F,
) -> Result<Outcome, E>
where
    for<'r> F: AsyncFnOnce(&'r mut AsyncPgConnection) -> Result<Vec<u8>, E>
        + AsyncBody<&'r mut AsyncPgConnection, Result<Vec<u8>, E>, Fut: Send>
        + Send
        + 'a,
    E: From<IdempotencyError> + Send + 'a,
{
    if let Some(answer) = claim(conn, scope, key, request_hash).await? {
        return Ok(Outcome::Repeated(answer));
    }
    let answer = body(&mut *conn).await?;
    store(conn, scope, key, &answer).await?;
    Ok(Outcome::First(answer))
}

/// The first answer to this request, when there is one. Ask before anything else that the work depends on: a repeated
/// call gets its first answer even when what it depended on has changed since.
pub async fn find(
    conn: &mut AsyncPgConnection,
    scope: &str,
    key: &str,
    request_hash: &[u8; 32],
) -> Result<Option<Vec<u8>>, IdempotencyError> {
    let answer = idempotency_key::table
        .find((scope, key))
        .select((idempotency_key::request_hash, idempotency_key::response))
        .first::<(Vec<u8>, Option<Vec<u8>>)>(conn)
        .await
        .optional()?;
    match answer {
        Some((first_hash, _)) if first_hash != request_hash => Err(IdempotencyError::Reused),
        Some((_, response)) => Ok(response),
        None => Ok(None),
    }
}

/// Takes the key, or returns the answer of the call that has it.
async fn claim(
    conn: &mut AsyncPgConnection,
    scope: &str,
    key: &str,
    request_hash: &[u8; 32],
) -> Result<Option<Vec<u8>>, IdempotencyError> {
    let inserted = diesel::insert_into(idempotency_key::table)
        .values((
            idempotency_key::scope.eq(scope),
            idempotency_key::key.eq(key),
            idempotency_key::request_hash.eq(request_hash.as_slice()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if inserted == 1 {
        return Ok(None);
    }
    let unanswered = || IdempotencyError::Unanswered { scope: scope.to_owned(), key: key.to_owned() };
    find(conn, scope, key, request_hash).await?.map(Some).ok_or_else(unanswered)
}

async fn store(
    conn: &mut AsyncPgConnection,
    scope: &str,
    key: &str,
    answer: &[u8],
) -> Result<(), IdempotencyError> {
    let updated = diesel::update(idempotency_key::table.find((scope, key)))
        .set(idempotency_key::response.eq(answer))
        .execute(conn)
        .await?;
    if updated == 1 {
        return Ok(());
    }
    Err(IdempotencyError::Unanswered { scope: scope.to_owned(), key: key.to_owned() })
}
