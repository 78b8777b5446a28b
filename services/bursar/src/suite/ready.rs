//! Waits until every service answers that it serves.

use std::time::{Duration, Instant};

use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::services::Ports;
use super::{Services, SuiteError, ended_early};

/// Migrations on a busy machine take seconds.
const DEADLINE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);
const CALL_DEADLINE: Duration = Duration::from_secs(2);

/// Returns when all serve; fails when one ends or takes too long.
pub(super) async fn wait(ports: &Ports, services: &mut Services) -> Result<(), SuiteError> {
    let began = Instant::now();
    for (service, url) in ports.all() {
        while !serves(&url).await {
            if let Some(ended) = services.try_join_next() {
                return Err(ended_early(ended));
            }
            if began.elapsed() > DEADLINE {
                return Err(SuiteError::NotReady { service, seconds: DEADLINE.as_secs() });
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}

/// Whether the process at `url` says that it serves.
pub async fn serves(url: &str) -> bool {
    let Ok(endpoint) = Endpoint::from_shared(url.to_owned()) else { return false };
    let Ok(channel) = endpoint.connect_timeout(CALL_DEADLINE).timeout(CALL_DEADLINE).connect().await else {
        return false;
    };
    let request = HealthCheckRequest { service: String::new() };
    let answer = HealthClient::new(channel).check(request).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}
