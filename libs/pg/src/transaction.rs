//! Transactions, and what is known when one breaks.

use diesel_async::{AsyncConnection, AsyncPgConnection};

/// An async closure over a connection whose future can move between threads.
///
/// Diesel-async's own bound of the same shape cannot be named from outside.
pub trait AsyncBody<T, R>: AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as AsyncBody<T, R>>::Fut {
    /// What the closure returns.
    type Fut: Future<Output = R>;
}

impl<F, T, Fut, R> AsyncBody<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// Runs `body` in one transaction: committed when it returns `Ok`, rolled back when it returns `Err`.
///
/// **The outcome can be unknown.** When the connection breaks during COMMIT, or when this future is dropped while
/// COMMIT is under way, the transaction may or may not be stored. Nothing here cancels a COMMIT, and no caller may: a
/// cancelled COMMIT that waits for its synchronous standby returns success with only a warning, and its rows can be
/// lost. So whatever the body writes must carry an id minted before (an idempotency key, an attempt id), and whoever
/// sees an error other than a refusal by the server asks for that id again before doing anything else.
///
/// A connection whose transaction was dropped half-way is never lent again by the pool.
pub async fn transaction<'a, R, E, F>(conn: &mut AsyncPgConnection, body: F) -> Result<R, E>
where
    for<'r> F: AsyncFnOnce(&'r mut AsyncPgConnection) -> Result<R, E>
        + AsyncBody<&'r mut AsyncPgConnection, Result<R, E>, Fut: Send>
        + Send
        + 'a,
    E: From<diesel::result::Error> + Send + 'a,
    R: Send + 'a,
{
    conn.transaction(body).await
}
