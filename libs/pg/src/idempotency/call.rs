//! A call with effects: its key is stored in the transaction of its write, with the answer.

use std::marker::PhantomData;

use diesel_async::AsyncPgConnection;
use futures::future::BoxFuture;
use prost::Message;

use super::{IdempotencyError, find, once};
use crate::{PgError, Pool};

/// What a call is answered with, stored as it is encoded.
pub trait Answer: Message + Default {}

impl<R: Message + Default> Answer for R {}

/// One call with effects: whose it is, by which key, and how what it wrote is told. `E` is the service's error.
///
/// Who writes knows `T` alone and stays generic over the answer `R`, so a use case needs no message of the contract.
#[derive(Clone, Debug)]
pub struct Once<T, R, E> {
    scope: String,
    key: String,
    request_hash: [u8; 32],
    answer: fn(&T) -> R,
    error: PhantomData<fn() -> E>,
}

impl<T, R, E> Once<T, R, E> {
    /// The call under `key` in `scope` (`<rpc method>:<subject>`). `request_hash` tells it from another request under the
    /// same key; `answer` tells what was written, and a repeated call gets what it told the first time.
    pub fn new(scope: String, key: String, request_hash: [u8; 32], answer: fn(&T) -> R) -> Self {
        Self { scope, key, request_hash, answer, error: PhantomData }
    }
}

impl<T, R, E> Once<T, R, E>
where
    T: Send + 'static,
    R: Answer,
    E: From<IdempotencyError> + From<PgError> + From<diesel::result::Error> + Send,
{
    /// The first answer, when this is a repetition. Ask before anything else that the work depends on: what the first
    /// call read there may be otherwise by now.
    pub async fn answered(&self, pool: &Pool) -> Result<Option<R>, E> {
        let mut conn = pool.get().await.map_err(PgError::from)?;
        let answer = find(&mut conn, &self.scope, &self.key, &self.request_hash).await?;
        Ok(answer.map(|bytes| read(&bytes)).transpose()?)
    }

    /// Runs `write` in one transaction with the key, unless the key has an answer already; returns the answer either way.
    pub async fn run<W>(&self, pool: &Pool, write: W) -> Result<R, E>
    where
        W: for<'r> FnOnce(&'r mut AsyncPgConnection) -> BoxFuture<'r, Result<T, E>> + Send,
    {
        let answer = self.answer;
        let mut conn = pool.get().await.map_err(PgError::from)?;
        let bytes = crate::transaction(&mut conn, async |conn| {
            let outcome = once(conn, &self.scope, &self.key, &self.request_hash, async |conn| {
                write(conn).await.map(|written| answer(&written).encode_to_vec())
            });
            Ok::<_, E>(outcome.await?.into_bytes())
        })
        .await?;
        Ok(read(&bytes)?)
    }
}

fn read<R: Answer>(bytes: &[u8]) -> Result<R, IdempotencyError> {
    Ok(R::decode(bytes)?)
}
