//! One GET: bounded in time, size and repetition.

use std::time::Duration;

use rand::RngExt as _;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde::de::DeserializeOwned;

use super::error::MirrorError;

/// Where the mirror node is and how patient to be with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorConfig {
    /// `http://` or `https://`, host and port, without `/api/v1`.
    pub base_url: String,
    /// Limit for one request, connecting and reading included.
    pub request_timeout: Duration,
    /// How often one read is tried in all; at least once.
    pub attempts_max: u32,
    /// The first wait between attempts; it doubles each time. The wait is drawn evenly from its upper half.
    pub backoff_first: Duration,
    /// The longest wait, also when the mirror node asks for a longer one by `Retry-After`.
    pub backoff_max: Duration,
    /// The largest answer that is read.
    pub body_bytes_max: usize,
    /// The most pages read of one list.
    pub pages_max: u32,
}

impl MirrorConfig {
    /// The defaults: 10 s a request, 6 attempts, waits of 0.25 to 10 s, answers up to 8 MiB, lists up to 200,000 pages.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            request_timeout: Duration::from_secs(10),
            attempts_max: 6,
            backoff_first: Duration::from_millis(250),
            backoff_max: Duration::from_secs(10),
            body_bytes_max: 8 << 20,
            pages_max: 200_000,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    config: MirrorConfig,
}

/// Why one attempt brought nothing: worth another, or not.
enum Attempt {
    Again { cause: String, wait: Option<Duration> },
    Final(MirrorError),
}

impl Http {
    pub(super) fn new(mut config: MirrorConfig) -> Result<Self, MirrorError> {
        let bad = || MirrorError::Url(crate::time::shorten(&config.base_url));
        let url = reqwest::Url::parse(&config.base_url).map_err(|_| bad())?;
        let plain = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        if !plain || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(bad());
        }
        let client = reqwest::Client::builder()
            .timeout(config.request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
            .map_err(|error| MirrorError::Url(error.to_string()))?;
        url.as_str().trim_end_matches('/').clone_into(&mut config.base_url);
        Ok(Self { client, config })
    }

    pub(super) fn config(&self) -> &MirrorConfig {
        &self.config
    }

    /// Reads `path` (with its query, from `/api/v1/` on) as JSON. Repeats on 429, 5xx and transport errors.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, MirrorError> {
        let body = self.fetch(path).await?;
        serde_json::from_slice(&body).map_err(|error| MirrorError::malformed(path, error))
    }

    /// Like [`Http::get`], with `None` for an entity the mirror node does not know.
    pub(super) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, MirrorError> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(MirrorError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, path: &str) -> Result<Vec<u8>, MirrorError> {
        let mut attempts = 1;
        loop {
            match self.attempt(path).await {
                Ok(body) => return Ok(body),
                Err(Attempt::Final(error)) => return Err(error),
                Err(Attempt::Again { cause, .. }) if attempts >= self.config.attempts_max => {
                    return Err(MirrorError::Unavailable { attempts, cause });
                }
                Err(Attempt::Again { cause, wait }) => {
                    tracing::debug!(path, attempts, cause, "mirror node: trying again");
                    tokio::time::sleep(self.wait(attempts, wait)).await;
                }
            }
            attempts += 1;
        }
    }

    async fn attempt(&self, path: &str) -> Result<Vec<u8>, Attempt> {
        let url = format!("{}{path}", self.config.base_url);
        let response = self.client.get(url).send().await.map_err(|error| again(&error))?;
        let status = response.status();
        if status.is_success() {
            return self.body(path, response).await;
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(Attempt::Again {
                cause: format!("HTTP status {status}"),
                wait: retry_after(&response),
            });
        }
        Err(Attempt::Final(match status {
            StatusCode::NOT_FOUND => MirrorError::NotFound(path.to_owned()),
            _ => MirrorError::Refused { path: path.to_owned(), status: status.as_u16() },
        }))
    }

    async fn body(&self, path: &str, mut response: reqwest::Response) -> Result<Vec<u8>, Attempt> {
        let limit = self.config.body_bytes_max;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| again(&error))? {
            if body.len() + chunk.len() > limit {
                return Err(Attempt::Final(MirrorError::TooLarge { path: path.to_owned(), limit }));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The wait after attempt number `attempt`: what was asked for, else exponential with jitter; never above the limit.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.config.backoff_first.saturating_mul(1 << (attempt - 1).min(16));
        let ceiling = doubled.min(self.config.backoff_max);
        let jittered = rand::rng().random_range(ceiling / 2..=ceiling);
        asked.map_or(jittered, |asked| asked.max(jittered)).min(self.config.backoff_max)
    }
}

/// A transport error, without the URL that reqwest adds (the caller names the path).
fn again(error: &reqwest::Error) -> Attempt {
    let cause = match () {
        () if error.is_timeout() => "timeout".to_owned(),
        () if error.is_connect() => "cannot connect".to_owned(),
        () => "connection broke".to_owned(),
    };
    Attempt::Again { cause, wait: None }
}

/// `Retry-After` in seconds. The other form, a date, is left to the usual backoff.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
