//! Doing a thing once per idempotency key: the answer is stored in the transaction of the write.

use diesel_async::AsyncPgConnection;
use futures::future::BoxFuture;
use prost::Message;
use service_kit::idempotency::{IdempotencyKey, request_hash};

use crate::app::Context;
use crate::error::Error;

/// Who called what, under which key.
#[derive(Clone, Debug)]
pub struct Once {
    scope: String,
    key: IdempotencyKey,
    request_hash: [u8; 32],
}

impl Once {
    /// One call of `method` by `subject`.
    pub fn new(method: &str, subject: &str, key: IdempotencyKey, request: &impl Message) -> Self {
        Self { scope: format!("{method}:{subject}"), key, request_hash: request_hash(request) }
    }

    /// The first answer, when this is a repetition. Asked before the network is: what the first call read there may be
    /// otherwise by now.
    pub async fn answered<R: Message + Default>(&self, ctx: &Context) -> Result<Option<R>, Error> {
        let mut conn = ctx.conn().await?;
        let answer =
            pg::idempotency::find(&mut conn, &self.scope, self.key.as_str(), &self.request_hash).await?;
        Ok(answer.map(|bytes| R::decode(bytes.as_slice())).transpose()?)
    }

    /// Runs `write` in a transaction unless this call was answered before, and returns the answer either way.
    pub async fn run<R, W>(&self, ctx: &Context, write: W) -> Result<R, Error>
    where
        R: Message + Default,
        W: for<'r> FnOnce(&'r mut AsyncPgConnection) -> BoxFuture<'r, Result<R, Error>> + Send,
    {
        let mut conn = ctx.conn().await?;
        let answer = pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
            let answer = pg::idempotency::once(
                conn,
                &self.scope,
                self.key.as_str(),
                &self.request_hash,
                async |conn: &mut AsyncPgConnection| Ok::<_, Error>(write(conn).await?.encode_to_vec()),
            );
            Ok::<_, Error>(answer.await?.into_bytes())
        })
        .await?;
        Ok(R::decode(answer.as_slice())?)
    }
}
