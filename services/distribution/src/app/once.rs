//! A write that can be repeated: its key is stored in the transaction of the write, with the answer.

use diesel_async::AsyncPgConnection;
use futures::future::BoxFuture;
use pg::idempotency;

use super::App;
use crate::error::Error;

/// One call with effects: whose it is, by which key, and how its answer is stored.
#[derive(Clone, Debug)]
pub(crate) struct Once<T> {
    /// `<rpc method>:<subject>`.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// What tells this request from another under the same key.
    pub request_hash: [u8; 32],
    /// How the answer is stored. A repeated call gets the stored bytes.
    pub encode: fn(&T) -> Vec<u8>,
}

impl<T: Send + 'static> Once<T> {
    /// The first answer, when this is a repetition. Asked before anything else: what the first call depended on may be
    /// otherwise by now.
    pub(crate) async fn answered(&self, app: &App) -> Result<Option<Vec<u8>>, Error> {
        let mut conn = app.conn().await?;
        Ok(idempotency::find(&mut conn, &self.scope, &self.key, &self.request_hash).await?)
    }

    /// Runs `write` in one transaction with the key, unless the key has an answer already; returns the answer's bytes.
    pub(crate) async fn run<W>(&self, app: &App, write: W) -> Result<Vec<u8>, Error>
    where
        W: for<'r> FnOnce(&'r mut AsyncPgConnection) -> BoxFuture<'r, Result<T, Error>> + Send,
    {
        let encode = self.encode;
        let mut conn = app.conn().await?;
        pg::transaction(&mut conn, async |conn| {
            let answer = idempotency::once(conn, &self.scope, &self.key, &self.request_hash, async |conn| {
                write(conn).await.map(|written| encode(&written))
            });
            Ok(answer.await?.into_bytes())
        })
        .await
    }
}
