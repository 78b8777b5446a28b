//! Calling another service: one connection, a token per call, a deadline on each, and few, budgeted retries.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth::Actor;
use auth::internal::Issuer;
use http::header::AUTHORIZATION;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::StartError;
use crate::idempotency::{self, IdempotencyKey};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Tries of one read, the first included.
const TRIES_MAX: u32 = 4;
const PAUSE_FIRST: Duration = Duration::from_millis(50);

/// Another service, as this one calls it. Clones share the connection and the budget.
#[derive(Clone, Debug)]
pub struct Peer {
    channel: Channel,
    target: &'static str,
    issuer: Arc<Issuer>,
    budget: Arc<RetryBudget>,
}

impl Peer {
    /// The service `target` at `url`. Nothing is connected until the first call.
    ///
    /// # Errors
    /// When `url` is none.
    pub fn new(url: &str, target: &'static str, issuer: Arc<Issuer>) -> Result<Peer, StartError> {
        Ok(Peer { channel: endpoint(url)?.connect_lazy(), target, issuer, budget: Arc::default() })
    }

    /// The connection, for a generated client.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The name of the service.
    pub fn target(&self) -> &'static str {
        self.target
    }

    /// `message` on behalf of `actor`; the call, or stream, ends after `deadline`.
    pub fn request<T>(&self, message: T, actor: &Actor, deadline: Duration) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(deadline);
        let authorization = self.issuer.authorization(self.target, actor);
        request.metadata_mut().as_mut().insert(AUTHORIZATION, authorization);
        request
    }

    /// The same for a call with effects, under `key`.
    pub fn request_once<T>(
        &self,
        message: T,
        actor: &Actor,
        deadline: Duration,
        key: &IdempotencyKey,
    ) -> Request<T> {
        let mut request = self.request(message, actor, deadline);
        let value = key.as_str().parse().expect("a key is visible ASCII, which metadata can carry");
        request.metadata_mut().insert(idempotency::METADATA, value);
        request
    }

    /// Repeats a read while the service is `UNAVAILABLE`: at most three times, with growing pauses of
    /// random length, and as long as the budget all calls share has something left. Make each request
    /// anew in `call`: its token and deadline are its own. Never for calls with effects.
    pub async fn retry_read<T, F, Fut>(&self, mut call: F) -> Result<T, Status>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let mut pause = PAUSE_FIRST;
        for _ in 1..TRIES_MAX {
            match call().await {
                Err(status) if status.code() == Code::Unavailable && self.budget.withdraw() => {
                    tokio::time::sleep(jittered(pause)).await;
                    pause *= 4;
                }
                answer => {
                    self.budget.deposit_if(answer.is_ok());
                    return answer;
                }
            }
        }
        call().await
    }
}

/// The settings of every connection between services.
///
/// # Errors
/// When `url` is none.
pub fn endpoint(url: &str) -> Result<Endpoint, StartError> {
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(|error| StartError::because(format!("use {url:?} as the address of a service"), error))?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true))
}

/// Between half the pause and the whole of it.
fn jittered(pause: Duration) -> Duration {
    let whole = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rand::random_range(whole / 2..=whole))
}

/// So that retries add a tenth to the load of a struggling service and do not multiply it: each success
/// pays in a tenth of a retry, and the account holds ten.
#[derive(Debug)]
struct RetryBudget(AtomicU32);

impl RetryBudget {
    const TENTHS_MAX: u32 = 100;
    const TENTHS_PER_RETRY: u32 = 10;

    fn withdraw(&self) -> bool {
        let take = |tenths: u32| tenths.checked_sub(RetryBudget::TENTHS_PER_RETRY);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn deposit_if(&self, succeeded: bool) {
        if succeeded {
            let add = |tenths: u32| (tenths < RetryBudget::TENTHS_MAX).then_some(tenths + 1);
            // An account that is full stays full.
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }
}

impl Default for RetryBudget {
    fn default() -> RetryBudget {
        RetryBudget(AtomicU32::new(RetryBudget::TENTHS_MAX))
    }
}

#[cfg(test)]
mod tests;
