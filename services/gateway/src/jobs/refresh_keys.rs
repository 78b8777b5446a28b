//! Looks for the identity provider's new keys, and forgets those it has withdrawn.

use std::time::Duration;

use auth::jwt::EdgeVerifier;
use service_kit::Shutdown;

/// A withdrawn key is refused after this long at most.
const INTERVAL: Duration = Duration::from_mins(5);

/// Runs until `shutdown`. While keys cannot be read, those we have stay in use.
pub(crate) async fn refresh_keys(verifier: &EdgeVerifier, shutdown: &Shutdown) {
    while shutdown.sleep(INTERVAL).await {
        if let Err(error) = verifier.refresh().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the identity provider's keys cannot be read"
            );
        }
    }
}
